/**
 * Arbitrary histories of a few subjects and sessions, hostile and honest, as records of the log: events that
 * know nothing of each other, and between them plots of a few that follow one another.
 */
import fc from 'fast-check'
import type { LogRecord, SessionEvent } from '../event.ts'
import type { FoldResult } from '../fold-types.ts'
import { type Drawn, places } from './drawn-event.ts'
import type { Folder } from './folding.ts'
import { deed } from './plots.ts'
import { event, homeNetwork, hours, network, start } from './scene.ts'

const eventsMax = 60
/** Past it a session may be forgotten, and its id be another's. */
const lengthMax = hours(46)

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
