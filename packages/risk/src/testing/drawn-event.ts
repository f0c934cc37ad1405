/** One event of a history as it is drawn: values from small pools, so that contexts, sessions and keys meet again. */
import fc from 'fast-check'
import { eventTypes, networkKinds } from '../event.ts'
import {
  chrome,
  client,
  credential,
  hours,
  london,
  minutes,
  newYork,
  python,
  saoPaulo,
  start,
} from './scene.ts'

export const places = [london, saoPaulo, newYork]
const clients = [chrome, client({ os: 'macos', device: 9 }), client({ version: 141 }), python]
const acts = [
  'docs.read',
  'payments.approve',
  'customers.export',
  'iam.role.assign',
  'secrets.read',
]
export const otp = { acr: '', amr: ['pwd', 'otp'], authTime: null }
export const resistant = { acr: 'phr', amr: ['hwk'], authTime: null }
const assurances = [null, { acr: 'aal1', amr: ['pwd'], authTime: null }, otp, resistant]

export const token = credential({ id: 7 })
/** A few, drawn whole: each draw costs, and there are many events. */
const credentials = [
  token,
  token,
  token,
  credential({ id: 7, status: 'unknown' }),
  credential({ id: 8, kind: 'api-key', issuedAt: start - hours(24 * 200) }),
  credential({ id: 8, kind: 'api-key', issuedAt: start, expiresAt: start + hours(2) }),
  credential({ id: 9, kind: 'passkey' }),
  credential({ id: 9, kind: 'passkey', change: 'create' }),
]
const postures = [
  { managed: true, compliant: true },
  { managed: true, compliant: false },
  { managed: false, compliant: false },
]

const sprayed = {
  networkFailures: 60,
  networkFailedSubjects: 40,
  networkLogins: 1,
  deviceSubjects: 2,
}

export const arbitraryEvent = fc.record({
  type: fc.constantFrom(...eventTypes),
  gapMs: fc.integer({ min: 0, max: minutes(45) }),
  lateMs: fc.constantFrom(0, 0, 0, minutes(2), minutes(30)),
  subject: fc.constantFrom('alice', 'bob'),
  session: fc.constantFrom<string>('', 's-1', 's-1', 's-1', 's-2', 's-2', 's-3', 'a-1', 'g-1'),
  previous: fc.constantFrom<string>('', '', '', 's-1', 's-2'),
  parent: fc.constantFrom<string>('', '', '', 's-1', 's-1', 's-2', 's-3'),
  agent: fc.constantFrom(false, false, true),
  kind: fc.constantFrom('human' as const, 'human' as const, 'workload' as const),
  place: fc.constantFrom(null, ...places),
  networkKind: fc.constantFrom(...networkKinds),
  client: fc.constantFrom(null, ...clients),
  outcome: fc.constantFrom('success' as const, 'failure' as const, 'attempted' as const),
  assurance: fc.constantFrom(...assurances),
  authAgeMs: fc.constantFrom(null, 0, minutes(1), hours(5)),
  act: fc.constantFrom(...acts),
  amount: fc.constantFrom(null, 10, 5000),
  bound: fc.constantFrom(0, 0, 0, 1, 2),
  credential: fc.constantFrom(...credentials),
  posture: fc.constantFrom(null, null, null, ...postures),
  initiator: fc.constantFrom('user' as const, 'admin' as const),
  facts: fc.constantFrom(null, null, sprayed),
  id: fc.integer({ min: 1, max: 400 }),
  verdict: fc.constantFrom('confirmed' as const, 'dismissed' as const, 'unknown' as const),
  decisionsAgo: fc.nat(4),
})
export type Drawn = typeof arbitraryEvent extends fc.Arbitrary<infer T> ? T : never
