/** An approval: a person's own authentication answers for what acts on her behalf. */
import { asksForRotation } from './assess.ts'
import { draft, resolutionOf } from './draft.ts'
import { isRevokedForCause } from './lineage.ts'
import { notOlder } from './requirement.ts'
import type { Contribution, OpenStepUp, Profile, Session } from './state.ts'
import { placeOf, setRisk, type Turn } from './turn.ts'

/**
 * Whether the person has approved since the step-up was issued: by an authentication of the asked rank
 * in a session that lives and is not in doubt itself, made from a context that is proven there.
 */
export function approves(approver: Session, open: OpenStepUp, profile: Profile): boolean {
  const { rank, authTime, context } = approver.assurance
  return (
    approver.status === 'active' &&
    approver.held === '' &&
    approver.level !== 'HIGH' &&
    !isRevokedForCause(approver, profile) &&
    rank >= open.rank &&
    notOlder(authTime, open.issuedAt) &&
    approver.contexts.some((c) => c.id === context && c.proven)
  )
}

/**
 * What remains after an approval: it answers for the delegation, and for what else it can be a word for.
 * What only a new session id answers, it leaves: nobody can tell from elsewhere who holds the session.
 */
const remaining = (
  contributions: readonly Contribution[],
  context: number,
  all: boolean,
): readonly Contribution[] =>
  contributions.flatMap((c) => {
    const answered = c.family === 'delegation' || c.context === context
    if (!answered || asksForRotation(c)) return [c]
    const score = all ? 0 : Math.floor(c.score / 2)
    return score === 0 ? [] : [{ ...c, score }]
  })

/**
 * Closes the open step-up that waits for an approval, where it has been given. `method` names how the
 * person authenticated (RFC 8176, comma-separated), '' where the event does not tell.
 */
export function approve(turn: Turn, method = ''): boolean {
  const { approver, event, policy, t } = turn.input
  const open = turn.session.stepUp
  if (approver === null || open?.obligation !== 'approval') return false
  if (!approves(approver, open, turn.profile)) return false
  const { rank, authTime, context } = approver.assurance
  const strongest = rank >= policy.assurance.length
  setRisk(turn, remaining(turn.session.contributions, open.context, strongest))
  turn.session.assurance = { rank, authTime, context: open.context }
  turn.session.approvedAt = authTime
  turn.session.stepUp = null
  const approval = {
    subjectId: event.subject.id,
    sessionId: approver.sessionId,
    expiresAt: authTime + policy.stepUp.approvalMs,
  }
  const place = placeOf(approver, context)
  turn.drafts.push(
    draft({
      type: 'session.stepup.resolved',
      sessionKey: event.keys.session,
      decidedAt: t,
      rule: open.rule,
      level: turn.session.level,
      score: turn.session.score,
      resolution: resolutionOf(open, 'satisfied', t, { method, place, approval }),
    }),
  )
  return true
}
