/**
 * Scenes that no detector may stumble over: honest and hostile, sparse and odd, in sequences of one
 * session. Values come from small pools, so that contexts, keys and times meet again.
 */
import fc from 'fast-check'
import type { Scene } from '../detector.ts'
import {
  clientKinds,
  credentialChanges,
  credentialKinds,
  credentialStatuses,
  eventTypes,
  initiators,
  type Network,
  networkKinds,
  osFamilies,
  outcomes,
  subjectKinds,
} from '../event.ts'

import { actionRanks, type Sensitivity } from '../policy.ts'
import type { Right } from '../requirement.ts'
import { caps, emptySession, type OpenStepUp } from '../state.ts'
import { event, hours, minutes, scene, start } from './scene.ts'

const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { freq: 5 })
const hash = fc.constantFrom(0, 1, 2, 2 ** 53 - 1)
const country = fc.constantFrom('', 'GB', 'BR', 'US')
const text = (maxLength: number) => fc.string({ unit: 'binary', maxLength })

const network = fc.record({
  kind: fc.constantFrom(...networkKinds),
  asn: fc.constantFrom(0, 2856, 28573),
  country,
  address: hash,
  prefix: hash,
  family: fc.constantFrom(0 as const, 4 as const, 6 as const),
  trusted: fc.boolean(),
})

const place = fc.record({
  latitude: fc.oneof(fc.constantFrom(51.5, -23.55, 90), fc.double()),
  longitude: fc.oneof(fc.constantFrom(-0.1, -46.63, 180), fc.double()),
  radiusKm: fc.nat(3_000),
  city: fc.oneof(fc.constantFrom('', 'London'), text(32)),
  country,
  edition: fc.constantFrom(0, 7, 8),
})

const client = fc.record({
  kind: fc.constantFrom(...clientKinds),
  os: fc.constantFrom(...osFamilies),
  browser: fc.oneof(fc.constantFrom('', 'chrome', 'mobile safari', 'safari', 'curl'), text(24)),
  version: fc.constantFrom(0, 140, 141),
  device: hash,
  fingerprint: hash,
  app: hash,
})

const time = fc.nat(90).map((n) => start + n * minutes(1))

const context = fc.record({
  id: fc.integer({ min: 1, max: 4 }),
  proven: fc.boolean(),
  firstSeen: time,
  lastSeen: time,
  network: orNull(network),
  place: orNull(place),
  client: orNull(client),
})

const credential = fc.record({
  id: hash,
  kind: fc.constantFrom(...credentialKinds),
  status: fc.constantFrom(...credentialStatuses),
  change: orNull(fc.constantFrom(...credentialChanges)),
  issuedAt: orNull(time),
  expiresAt: orNull(time),
  boundTo: hash,
})

const action = fc.record({
  name: text(200),
  resource: fc.constant(''),
  access: fc.constant('unknown' as const),
  amount: orNull(fc.double()),
  currency: fc.constant(''),
})

const sighting = fc.record({ context, at: time })

const parent = fc
  .record({
    status: fc.constantFrom('active' as const, 'ended' as const, 'revoked' as const),
    endedAt: time,
    rank: fc.nat(3),
    authTime: fc.oneof(fc.constant(0), time),
  })
  .map(({ status, endedAt, rank, authTime }) => ({
    ...emptySession,
    sessionId: 's-0',
    status,
    startedAt: start,
    endedAt,
    assurance: { rank, authTime, context: 1 },
  }))

const happening = fc.record({
  type: fc.constantFrom(...eventTypes),
  source: text(200),
  occurredAt: time,
  previousSessionId: fc.constantFrom('', 's-0'),
  network: orNull(network),
  place: orNull(place),
  client: orNull(client),
  outcome: fc.constantFrom(...outcomes),
  credential: orNull(credential),
  posture: orNull(fc.record({ managed: fc.boolean(), compliant: fc.boolean() })),
  action: orNull(action),
  initiator: fc.constantFrom(...initiators),
  actor: fc.constantFrom([], [{ id: 'agent-7', kind: 'agent' as const }]),
  feedback: orNull(
    fc.record({ decisionId: text(48), verdict: fc.constantFrom('confirmed', 'dismissed', '') }),
  ),
  claimedSubject: fc.boolean(),
  facts: orNull(
    fc.record({
      networkFailures: fc.nat(200),
      networkFailedSubjects: fc.constantFrom(0, 1, 30, 200),
      networkLogins: fc.constantFrom(0, 1, 50),
      deviceSubjects: fc.nat(3),
    }),
  ),
})

const anyRights: Right[] = [
  { name: 'role:admin', rank: 'admin' },
  { name: 'secrets.read', rank: 'secret' },
]

const stepUp = (issuedAt: number): OpenStepUp => ({
  id: 'u-1',
  issuedAt,
  deadline: issuedAt + minutes(10),
  rank: 1,
  maxAge: 300,
  rotate: false,
  prompt: false,
  withheld: '',
  obligation: 'reauthenticate',
  riskDriven: true,
  context: 1,
  failures: 0,
  expired: false,
  rule: 'require.low.sensitive',
})

/** One scene; the event's own network, place and client are its context's, or missing, or something else. */
const anyScene: fc.Arbitrary<Scene> = fc
  .record({
    happening,
    context,
    kind: fc.constantFrom(...subjectKinds),
    begins: fc.boolean(),
    phishingResistant: fc.boolean(),
    base: orNull(sighting),
    next: orNull(sighting),
    elsewhere: orNull(sighting),
    elsewhereNext: orNull(sighting),
    hasHistory: fc.boolean(),
    networkKnown: fc.boolean(),
    rank: fc.constantFrom(...actionRanks),
    parent: orNull(parent),
    // Of a grandchild, the person above is not the parent.
    above: fc.option(parent, { freq: 2 }),
    approvedAt: fc.oneof(fc.constant(0), time),
    others: fc.array(context, { maxLength: caps.sessionContexts - 1 }),
    known: fc.array(context, { maxLength: 5 }),
    status: fc.constantFrom('active' as const, 'ended' as const),
    endedAt: time,
    logins: fc.nat(10),
    sensitivity: fc.constantFrom<Sensitivity>('routine', 'sensitive', 'critical'),
    actionRule: fc.constantFrom('', 'payments', 'exports'),
    rights: fc.subarray(anyRights),
    stepUpAt: fc.option(time, { freq: 2 }),
  })
  .map(
    ({
      happening,
      context,
      others,
      known,
      status,
      endedAt,
      logins,
      approvedAt,
      stepUpAt,
      above,
      ...rest
    }) => ({
      ...scene({
        ...rest,
        approver: above ?? rest.parent,
        session: {
          approvedAt,
          parent: rest.parent === null ? '' : 'session-0',
          status,
          endedAt,
          stepUp: stepUpAt === null ? null : stepUp(stepUpAt),
          contexts: [context, ...others.filter((c) => c.id !== context.id)],
        },
        profile: { contexts: known, logins, loginDays: Math.min(logins, 4) },
      }),
      context,
      t: happening.occurredAt,
      event: event(happening),
    }),
  )

/** The same scenes in one session that two contexts use by turns, a minute apart. */
function byTurns(scenes: readonly Scene[]): readonly Scene[] {
  const contexts = [scenes[0], scenes.at(-1)].flatMap((s, i) =>
    s === undefined ? [] : [{ ...s.context, id: i + 1 }],
  )
  return scenes.map((seen, i) => {
    const context = contexts[i % 2] ?? seen.context
    const { network, place, client } = context
    const occurredAt = start + minutes(i)
    const event = { ...seen.event, occurredAt, network: network as Network | null, place, client }
    return { ...seen, context, event, session: { ...seen.session, contexts } }
  })
}

/** The first of the scenes as a login that fails a hundred times from where nobody is known, then succeeds; the rest after it. */
function afterFailures(scenes: readonly Scene[]): readonly Scene[] {
  const [first, ...rest] = scenes
  if (first === undefined) return scenes
  const context = { ...first.context, proven: false }
  const guesser = { ...first, context, networkKnown: false, phishingResistant: false }
  const failures = Array.from({ length: 100 }, (_, i): Scene => {
    const occurredAt = start + i * 1_000
    const failure = { type: 'login', outcome: 'failure', occurredAt, idHash: i + 1 } as const
    return { ...guesser, event: { ...first.event, ...failure } }
  })
  const success = { type: 'login', outcome: 'success', occurredAt: start + 100_000 } as const
  return [...failures, { ...guesser, event: { ...first.event, ...success } }, ...rest]
}

/** Days of proven work, of which each scene is one in turn, and then the scenes themselves. */
function afterWeeks(scenes: readonly Scene[]): readonly Scene[] {
  const days = Array.from({ length: 12 }, (_, day) => scenes[day % scenes.length])
  return [...days, ...scenes].flatMap((seen, i) => {
    if (seen === undefined) return []
    const isWork = i < days.length
    const occurredAt = start + i * hours(72) + (isWork ? 0 : hours(6))
    const context = isWork ? { ...seen.context, proven: true } : seen.context
    const outcome = isWork ? 'success' : seen.event.outcome
    const session = { ...seen.session, startedAt: occurredAt }
    return [
      { ...seen, context, session, t: occurredAt, event: { ...seen.event, occurredAt, outcome } },
    ]
  })
}

const tellings = { apart: (scenes: readonly Scene[]) => scenes, byTurns, afterWeeks, afterFailures }
const telling = fc.oneof(
  { weight: 4, arbitrary: fc.constant('apart' as const) },
  { weight: 4, arbitrary: fc.constant('byTurns' as const) },
  { weight: 6, arbitrary: fc.constant('afterWeeks' as const) },
  // A hundred scenes cost ten times as much as the others.
  { weight: 1, arbitrary: fc.constant('afterFailures' as const) },
)

/**
 * What befalls one session, in the order of its log: events at any time, from anywhere, by turns, over
 * weeks, or after a login that failed and failed.
 */
export const anyScenes: fc.Arbitrary<readonly Scene[]> = fc
  .tuple(fc.array(anyScene, { minLength: 1, maxLength: 10 }), telling)
  .map(([scenes, how]) => tellings[how](scenes))
