/** Findings as they stand in a state: contributions to risk, and what only alerts. */
import { countsAt } from './assess.ts'
import type { Reason } from './decision.ts'
import { reasonOf } from './draft.ts'
import type { Signal } from './signal.ts'
import type { AlertOnly, Contribution, Session } from './state.ts'

/** A finding as it stands in a state. */
export interface Standing {
  readonly uid: string
  readonly key: string
  readonly reason: Reason
  /** As found; a rise of it is news. */
  readonly weight: number
  readonly firstSeen: number
  readonly lastSeen: number
  readonly count: number
  /** Moves when it is to be told again. */
  readonly told: number
  /** True where decisions about the session speak of it. */
  readonly counts: boolean
  readonly open: boolean
}

/** Every finding of a session, the open ones marked: the end of a session closes what was found before it. */
export function standing(
  key: string,
  session: Session,
  t: number,
  signals: readonly Signal[],
): readonly Standing[] {
  const active = session.status === 'active'
  return [
    ...session.contributions.map((c) => ofContribution(key, c, active, t)),
    ...session.alertOnly.map((a) => ofAlertOnly(key, a, active || a.afterEnd, signals)),
  ]
}

const ofContribution = (key: string, c: Contribution, open: boolean, t: number): Standing => ({
  uid: uidOf(key, c.detector, c.reason, c.found),
  key,
  reason: { ...reasonOf(c), score: countsAt(c, t) },
  weight: c.score,
  firstSeen: c.found,
  lastSeen: c.seen,
  count: 1,
  told: 0,
  counts: true,
  open,
})

export function ofAlertOnly(
  key: string,
  { detector, reason, family, found, seen, told, count }: AlertOnly,
  open: boolean,
  signals: readonly Signal[],
): Standing {
  const signal = signals.find((s) => s.detector === detector && s.reason === reason)
  const { message = '', evidence = {} } = signal ?? {}
  return {
    uid: uidOf(key, detector, reason, found),
    key,
    reason: { detector, reason, family, score: 0, message, evidence },
    weight: 0,
    firstSeen: found,
    lastSeen: seen,
    count,
    told,
    counts: false,
    open,
  }
}

/** Keyed hash of the session or subject, cause, and when it was found first: no place in the log, which a new generation would change. */
export const uidOf = (key: string, detector: string, reason: string, found: number): string =>
  `${key}.${detector}.${reason}.${found}`
