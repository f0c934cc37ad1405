/** Which states the fold of a record reads: what an engine loads before it. */
import { kinOf } from './ascent.ts'
import { decisionTime } from './decision-time.ts'
import type { LogRecord } from './event.ts'
import type { States } from './fold-types.ts'
import { ordersKeys, ordersKin } from './orders.ts'
import { renewals } from './renewals.ts'
import { dueTimers, timersPerTick } from './timers.ts'

/** The states to load for a record; timers may ask for more (`followUps`). */
export function keysOf(record: LogRecord): {
  readonly profiles: readonly string[]
  readonly sessions: readonly string[]
} {
  if (record.kind === 'tick') return { profiles: [], sessions: [] }
  if (record.kind === 'control') return ordersKeys(record.control)
  const { subject, session, previousSession, parentSession } = record.event.keys
  const sessions = [session, previousSession, parentSession].filter((key) => key !== '')
  return { profiles: [subject], sessions }
}

/**
 * Sessions that a record's fold also reads, known once others are loaded: those whose timers it fires, and
 * those that its own was begun from or that were begun from it. Asked until it names nothing new.
 */
export function followUps(record: LogRecord, states: States): readonly string[] {
  if (record.kind === 'event') {
    const { type, keys } = record.event
    const due = dueTimers(states.profile(keys.subject), decisionTime(record.event))
    const reachesOn = type === 'revocation' || type === 'feedback'
    const successor = reachesOn ? (states.session(keys.session)?.successor ?? '') : ''
    const on = renewals(successor, (key) => states.session(key))
    const kin = kinOf(record.event, (key) => (key === '' ? null : states.session(key)))
    return [...due.map((timer) => timer.session), ...on, ...kin]
  }
  if (record.kind === 'control') return ordersKin(record.control, states)
  return states
    .dueSubjects(record.t, timersPerTick)
    .flatMap((key) => dueTimers(states.profile(key), record.t).map((timer) => timer.session))
}
