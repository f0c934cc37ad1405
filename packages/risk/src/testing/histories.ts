/** Arbitrary histories of a few subjects and sessions, hostile and honest, as records of the log. */
import fc from 'fast-check'
import { eventTypes, type LogRecord, networkKinds, type SessionEvent } from '../event.ts'
import {
  chrome,
  client,
  credential,
  event,
  homeNetwork,
  hours,
  london,
  minutes,
  network,
  newYork,
  python,
  saoPaulo,
  start,
} from './scene.ts'

const places = [london, saoPaulo, newYork]
const clients = [chrome, client({ os: 'macos', device: 9 }), client({ version: 141 }), python]
const acts = [
  'docs.read',
  'payments.approve',
  'customers.export',
  'iam.role.assign',
  'secrets.read',
]
const assurances = [
  null,
  { acr: 'aal1', amr: ['pwd'], authTime: null },
  { acr: '', amr: ['pwd', 'otp'], authTime: null },
  { acr: 'phr', amr: ['hwk'], authTime: null },
]

const token = credential({ id: 7 })
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

const arbitraryEvent = fc.record({
  type: fc.constantFrom(...eventTypes),
  // Sixty of them stay within a session's life of 48 h.
  gapMs: fc.integer({ min: 0, max: minutes(45) }),
  lateMs: fc.constantFrom(0, 0, 0, minutes(2), minutes(30)),
  subject: fc.constantFrom('alice', 'bob'),
  session: fc.constantFrom('', 's-1', 's-1', 's-2', 's-3'),
  previous: fc.constantFrom('', '', '', 's-1', 's-2'),
  parent: fc.constantFrom('', '', '', 's-1', 's-1', 's-2', 's-3'),
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
})
type Drawn = typeof arbitraryEvent extends fc.Arbitrary<infer T> ? T : never

function recordsOf(history: readonly Drawn[]): readonly LogRecord[] {
  let t = start
  return history.map((drawn): LogRecord => {
    t += drawn.gapMs
    if (drawn.id % 17 === 0) return { kind: 'tick', t }
    const { place, session, previous, parent } = drawn
    const seen: Partial<SessionEvent> = {
      idHash: drawn.id,
      type: drawn.type,
      receivedAt: t,
      occurredAt: t - drawn.lateMs,
      subject: { id: drawn.subject, kind: drawn.kind, iss: '' },
      sessionId: session,
      previousSessionId: previous,
      parentSessionId: parent,
      actor: drawn.agent ? [{ id: 'agent-7', kind: 'agent' }] : [],
      keys: {
        subject: drawn.subject,
        session: session === '' ? '' : `${drawn.subject}/${session}`,
        previousSession: previous === '' ? '' : `${drawn.subject}/${previous}`,
        parentSession: parent === '' ? '' : `${drawn.subject}/${parent}`,
      },
      place,
      network:
        place === null
          ? null
          : network({
              kind: drawn.networkKind,
              asn: homeNetwork.asn + places.indexOf(place),
              country: place.country,
              address: places.indexOf(place) + 1,
            }),
      client: drawn.client,
      outcome: drawn.outcome,
      assurance: drawn.assurance && {
        ...drawn.assurance,
        authTime: drawn.authAgeMs === null ? null : t - drawn.authAgeMs,
      },
      action:
        drawn.type === 'action'
          ? { name: drawn.act, resource: '', access: 'read', amount: drawn.amount, currency: '' }
          : null,
      credential: { ...drawn.credential, boundTo: drawn.bound },
      posture: drawn.posture,
      initiator: drawn.initiator,
      facts: drawn.facts,
    }
    return { kind: 'event', event: event(seen), origin: null }
  })
}

export const histories = fc.array(arbitraryEvent, { maxLength: 60 }).map(recordsOf)
