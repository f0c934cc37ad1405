/** The end of a step: revoke, ask, or let be, and tell of a change of level. */
import { assess } from './assess.ts'
import {
  type Ask,
  covers,
  promptCap,
  requestOf,
  revocationRule,
  stepUpFor,
  unmet,
} from './decide.ts'
import type { Scene } from './detector.ts'
import { draft } from './draft.ts'
import { caps, type OpenStepUp } from './state.ts'
import { close, spoken, type Turn } from './turn.ts'

export function conclude(turn: Turn, scene: Scene): void {
  const { event, t, late, policy } = turn.input
  const assessment = assess(turn.session.contributions, t)
  const rule = revocationRule(turn.session, assessment, scene, policy)
  if (rule !== '' && (!late || rule === 'revoke.conclusive')) {
    revoke(turn, rule)
    return
  }
  // The logout of an earlier login under the same id, which came late, ends nothing.
  const inTime = event.occurredAt >= turn.session.startedAt
  if (event.type === 'logout' && event.outcome === 'success' && inTime) {
    close(turn, 'superseded')
    tellLevel(turn)
    turn.session.status = 'ended'
    turn.session.endedAt = event.occurredAt
    return
  }
  const ask =
    late || turn.session.status !== 'active' ? null : unmet(turn.session, scene, t, policy)
  // Overdue at HIGH it waits for the session's next act; once the level is lower, nothing waits any more.
  if (turn.session.stepUp?.expired && turn.session.level !== 'HIGH') turn.session.stepUp = null
  const open = turn.session.stepUp
  if (ask === null || (open !== null && covers(open, ask) && !isDue(turn, open))) tellLevel(turn)
  else askFor(turn, scene, ask)
}

/** A request that a cap kept from prompting is made again as soon as the cap allows it: nobody is ended for a prompt that never came. */
function isDue(turn: Turn, open: OpenStepUp): boolean {
  const { t, policy } = turn.input
  if (open.prompt || !open.riskDriven || turn.kind !== 'human') return false
  return promptCap(turn.profile.prompts, t, policy).prompt
}

/** Opens the step-up that is asked for, in the bounds of the caps on prompts. */
function askFor(turn: Turn, scene: Scene, ask: Ask): void {
  const { t, policy, idOf } = turn.input
  const cap = promptCap(turn.profile.prompts, t, policy)
  // A freshness step-up follows the user's own action: it does not count.
  const capped = ask.requirement.here && turn.kind === 'human'
  if (capped && cap.spent && turn.session.level === 'HIGH') {
    revoke(turn, 'revoke.prompts')
    return
  }
  close(turn, 'superseded')
  tellLevel(turn)
  const prompt = !capped || cap.prompt
  const stepUp = stepUpFor(ask, scene, { id: idOf(turn.drafts.length), t, prompt }, policy)
  turn.session.stepUp = stepUp
  if (capped && prompt) {
    turn.profile = { ...turn.profile, prompts: [...turn.profile.prompts, t].slice(-caps.prompts) }
  }
  turn.drafts.push(
    draft({
      ...spoken(turn),
      type: 'session.stepup.required',
      rule: stepUp.rule,
      stepUp: requestOf(stepUp, turn.kind, turn.input.approver, policy),
    }),
  )
}

/** Publishes a change of level, where there is one. */
export function tellLevel(turn: Turn): void {
  if (turn.session.level === turn.startLevel) return
  turn.drafts.push(
    draft({
      ...spoken(turn),
      type: 'session.risk.changed',
      rule: 'level',
    }),
  )
}

export function revoke(turn: Turn, rule: string): void {
  const { event } = turn.input
  close(turn, rule === 'revoke.failures' ? 'failed' : 'superseded')
  const wholeSubject = event.type === 'revocation' && event.sessionId === ''
  if (!wholeSubject) tellLevel(turn)
  turn.drafts.push(
    draft({
      ...spoken(turn),
      type: 'session.revoked',
      rule,
      ...(wholeSubject ? { sessionKey: '' } : {}),
    }),
  )
  if (wholeSubject) {
    const notBefore = Math.max(turn.profile.notBefore, event.occurredAt)
    turn.profile = { ...turn.profile, notBefore }
  }
  turn.session.status = 'revoked'
  turn.session.endedAt = event.occurredAt
}
