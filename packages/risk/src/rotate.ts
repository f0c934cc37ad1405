/** The end of a session that another took over from. */
import { type Authentication, satisfies } from './authenticate.ts'
import { draft, reasonsOf } from './draft.ts'
import { type Turn, tellResolved } from './turn.ts'

/**
 * Ends the predecessor: revoked where a rotate step-up was open, so that a copy of it dies, else it
 * just ends. Its step-up is resolved: satisfied where it was answered from the context that the risk
 * rests on, superseded where the takeover came from elsewhere.
 */
export function retire(turn: Turn, made: Authentication | null): void {
  const previous = turn.previous
  if (previous === null) return
  const { event, t } = turn.input
  const sessionKey = event.keys.previousSession
  const open = previous.stepUp
  if (open !== null && !open.expired) {
    const satisfied = made !== null && satisfies(made, open, true)
    const of = { sessionKey, session: previous, open }
    tellResolved(turn, of, satisfied ? 'satisfied' : 'superseded', made)
  }
  const revoked = open?.rotate === true
  if (revoked) {
    turn.drafts.push(
      draft({
        type: 'session.revoked',
        sessionKey,
        decidedAt: t,
        rule: 'revoke.rotated',
        level: previous.level,
        score: previous.score,
        reasons: reasonsOf(previous.contributions, t),
      }),
    )
  }
  turn.previous = {
    ...previous,
    status: revoked ? 'revoked' : 'ended',
    endedAt: event.occurredAt,
    stepUp: null,
  }
  turn.session.stepUp = null
}
