/** What a partition notices of itself (a storm cap reached, a revocation held), as the SOC is told of it. */
import type { Alert } from './alert.ts'
import type { Subject } from './event.ts'
import type { Notice } from './notice.ts'
import { decisionId, type Position, statusOf } from './stamp.ts'
import type { Session } from './state.ts'

/** Whom a notice speaks of, where it names a session. */
export interface Named {
  readonly subject: Subject
  readonly session: Session
}

/**
 * One alert a notice, since each is given once; those of one thing share its uid. `from` is the index of the first among what the record
 * publishes; `named` finds the session of a key, null where it is not known.
 */
export function noticeAlerts(
  notices: readonly Notice[],
  position: Position,
  from: number,
  named: (sessionKey: string) => Named | null,
): readonly Alert[] {
  return notices.map((notice, index): Alert => {
    const { code, activity, closedBy, tenant, sessionKey, since, at, message, evidence } = notice
    const of = sessionKey === '' ? null : named(sessionKey)
    const { partition, offset } = position
    const key = sessionKey === '' ? `${tenant}.${partition}` : sessionKey
    const detector = 'caps'
    return {
      alertId: decisionId(position, from + index),
      uid: `${key}.${detector}.${code}.${since}`,
      key,
      activity,
      closedBy,
      at,
      firstSeen: since,
      lastSeen: at,
      count: 1,
      tenant,
      subject: of?.subject ?? null,
      sessionId: of?.session.sessionId ?? '',
      reason: {
        detector,
        reason: code.toUpperCase(),
        family: 'behaviour',
        score: 0,
        message,
        evidence,
      },
      risk: { level: of?.session.level ?? 'LOW', score: of?.session.score ?? 0 },
      status: of === null ? 'active' : statusOf(of.session),
      decisions: [],
      event: null,
      cause: { eventId: '', partition, offset },
    }
  })
}
