/**
 * Arbitrary histories of a few subjects and sessions, hostile and honest, as records of the log: events that
 * know nothing of each other, and between them plots of a few that follow one another.
 */
import fc from 'fast-check'
import { eventTypes, type LogRecord, networkKinds, type SessionEvent } from '../event.ts'
import type { FoldResult } from '../fold-types.ts'
import type { Folder } from './folding.ts'
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
const otp = { acr: '', amr: ['pwd', 'otp'], authTime: null }
const resistant = { acr: 'phr', amr: ['hwk'], authTime: null }
const assurances = [null, { acr: 'aal1', amr: ['pwd'], authTime: null }, otp, resistant]

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

const eventsMax = 60
/** Past it a session may be forgotten, and its id be another's. */
const lengthMax = hours(46)

const arbitraryEvent = fc.record({
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
type Drawn = typeof arbitraryEvent extends fc.Arbitrary<infer T> ? T : never

const atHome = { place: london, networkKind: 'residential', client: chrome, lateMs: 0 } as const
const person = { kind: 'human', agent: false, bound: 0, credential: token, ...atHome } as const
const sent = { kind: 'human', agent: true, bound: 0, credential: token, lateMs: 0 } as const
const done = { outcome: 'success', parent: '', previous: '' } as const
const fresh = { assurance: otp, authAgeMs: null } as const
const strong = { assurance: resistant, authAgeMs: null } as const
const pays = { type: 'action', act: 'payments.approve', amount: 5_000 } as const

/** What chance alone seldom strings together, by what each event of it is; the rest of them stays as it was drawn. */
const plots: readonly (readonly Partial<Drawn>[])[] = [
  // A person sends an agent, and that another.
  [
    { ...person, ...done, ...fresh, type: 'login', session: 's-1' },
    { ...sent, ...done, type: 'action', session: 'a-1', parent: 's-1' },
    { ...sent, ...done, ...pays, session: 'g-1', parent: 'a-1' },
  ],
  // What acts for a person waits for her, and she approves. In sessions of their own: a thief's would not get so far.
  [
    { ...person, ...done, ...strong, type: 'login', session: 's-4' },
    { ...sent, ...done, ...pays, session: 'a-4', parent: 's-4', gapMs: minutes(75) },
    { ...person, ...done, ...strong, type: 'reauthentication', session: 's-4' },
  ],
  [
    { ...sent, ...done, ...pays, session: 'a-1', parent: 's-1', gapMs: minutes(75) },
    { ...person, ...done, ...fresh, type: 'reauthentication', session: 's-1' },
  ],
  // A session goes on under another id, and what was begun from it with it.
  [
    { ...person, ...done, ...fresh, type: 'reauthentication', session: 's-2', previous: 's-1' },
    { ...sent, ...done, type: 'action', session: 'a-1' },
  ],
  [{ ...sent, ...done, type: 'reauthentication', session: 'a-2', previous: 'a-1' }],
  // The parent ends, for cause or not.
  [
    { type: 'revocation', session: 's-1', outcome: 'success', lateMs: 0 },
    { ...pays, session: 'g-1' },
  ],
  [
    { type: 'logout', session: 's-1', outcome: 'success' },
    { ...sent, ...pays, session: 'a-1' },
  ],
  // An operator's word, and perhaps another.
  [{ type: 'feedback', initiator: 'admin', outcome: 'success', gapMs: minutes(3) }],
  [
    { type: 'feedback', initiator: 'admin', outcome: 'success', verdict: 'confirmed' },
    { type: 'feedback', initiator: 'admin', outcome: 'success', verdict: 'dismissed' },
  ],
]

const deed = fc.oneof(
  { weight: 4, arbitrary: arbitraryEvent.map((drawn) => [drawn]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...plots), fc.array(arbitraryEvent, { minLength: 3, maxLength: 3 }))
      .map(([plot, drawn]) => plot.map((part, n) => inTurn({ ...drawn[n]!, ...part }, drawn[0]!))),
  },
)

/** All of a plot befalls one subject. */
const inTurn = (drawn: Drawn, { subject }: Drawn): Drawn => ({ ...drawn, subject })

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
      feedback: drawn.type === 'feedback' ? meant(drawn) : null,
    }
    return { kind: 'event', event: event(seen), origin: null }
  })
}

/** Short ones break in few words; most of what takes its time is in the long ones. */
export const histories = fc
  .oneof(fc.array(deed, { maxLength: 40 }), fc.array(deed, { minLength: 20, maxLength: 40 }))
  .map((deeds) => recordsOf(deeds.flat().slice(0, eventsMax)).filter(isInTime))

const isInTime = (record: LogRecord): boolean => {
  if (record.kind === 'control') return true
  const t = record.kind === 'tick' ? record.t : record.event.receivedAt
  return t <= start + lengthMax
}

/** What feedback means, until its decision has an id. */
const meant = ({ decisionsAgo, verdict }: Drawn): SessionEvent['feedback'] => ({
  decisionId: `${agoPrefix}${decisionsAgo}`,
  verdict,
})
const agoPrefix = 'ago:'

/**
 * Folds the records of a history. Feedback speaks of one of the latest decisions about its subject, whose id
 * follows from the log that it stands in: it is found out here, once a record, so that what comes again says
 * the same.
 */
export function follow(folding: Folder): (record: LogRecord) => FoldResult {
  const known = new WeakMap<LogRecord, LogRecord>()
  return (record) => {
    const named = known.get(record) ?? withDecision(record, folding)
    known.set(record, named)
    return folding.fold(named)
  }
}

function withDecision(record: LogRecord, { decisions }: Folder): LogRecord {
  if (record.kind !== 'event' || record.event.feedback === null) return record
  const { event } = record
  const { feedback, subject } = record.event
  const ago = Number(feedback.decisionId.slice(agoPrefix.length))
  const about = decisions.filter((d) => d.subject.id === subject.id && d.sessionId !== null)
  const decision = about.at(-1 - ago)
  if (decision === undefined) return record
  const sessionId = decision.sessionId ?? ''
  const keys = { ...event.keys, session: `${subject.id}/${sessionId}` }
  const { decisionId } = decision
  return { ...record, event: { ...event, sessionId, keys, feedback: { ...feedback, decisionId } } }
}
