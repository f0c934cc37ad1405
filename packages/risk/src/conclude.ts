/** The end of a step: revoke, ask, or let be, and tell of a change of level. */
import { assess } from './assess.ts'
import {
  type Ask,
  covers,
  groundsOf,
  promptCap,
  requestOf,
  revocationRule,
  stepUpFor,
  unmet,
} from './decide.ts'
import type { Scene } from './detector.ts'
import { type Draft, draft } from './draft.ts'
import { caps, type OpenStepUp, type Session } from './state.ts'
import { close, spoken, type Turn } from './turn.ts'

export function conclude(turn: Turn, scene: Scene): void {
  const { event, t, late, policy } = turn.input
  const grounds = groundsOf(turn.session)
  const assessment = assess(grounds, t)
  const rule = revocationRule(turn.session, grounds, assessment, scene, policy)
  if (rule !== '' && (!late || rule === 'revoke.conclusive' || rule === 'revoke.parent')) {
    if (revokes(turn, rule)) return
  }
  // The logout of an earlier login under the same id, which came late, ends nothing.
  const inTime = event.occurredAt >= turn.session.startedAt
  if (event.type === 'logout' && event.outcome === 'success' && inTime) {
    close(turn, 'superseded')
    if (turn.session.held === '') tellLevel(turn)
    else endHold(turn, 'hold.logged-out')
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

/**
 * A request that a cap kept from prompting is made again as soon as the cap allows it: nobody is ended for a
 * prompt that never came. So is one that was only observed, once the tenant is not.
 */
function isDue(turn: Turn, open: OpenStepUp): boolean {
  const { t, policy, observeOnly, room } = turn.input
  if (open.withheld === 'observe-only') return !observeOnly
  if (open.prompt || !open.riskDriven || turn.kind !== 'human') return false
  return room.stepUp && promptCap(turn.profile.prompts, t, policy).prompt
}

/** Opens the step-up that is asked for, in the bounds of the caps on prompts. */
function askFor(turn: Turn, scene: Scene, ask: Ask): void {
  const { t, policy, idOf, observeOnly, room } = turn.input
  const cap = promptCap(turn.profile.prompts, t, policy)
  // A freshness step-up follows the user's own action: it does not count.
  const capped = ask.requirement.here && turn.kind === 'human'
  const oneTooMany = capped && cap.spent && turn.session.level === 'HIGH'
  const spent = oneTooMany && groundsOf(turn.session).length === 0
  if (oneTooMany && !spent && revokes(turn, 'revoke.prompts')) return
  close(turn, 'superseded')
  tellLevel(turn)
  const wanted = !capped || cap.prompt
  const kept = capped && wanted && !room.stepUp && !observeOnly
  const prompt = wanted && !kept
  const withheld = observeOnly ? 'observe-only' : spent || (capped && !prompt) ? 'cap' : ''
  const id = idOf(turn.drafts.length)
  const stepUp = stepUpFor(ask, scene, { id, t, prompt, withheld }, policy)
  turn.session.stepUp = stepUp
  // Prompts that nobody saw must not count, else they would end the session that is asked for the first time.
  if (capped && prompt && !observeOnly) {
    turn.profile = { ...turn.profile, prompts: [...turn.profile.prompts, t].slice(-caps.prompts) }
  }
  const counted = capped && prompt && !observeOnly ? 'step-up' : ''
  turn.drafts.push(
    draft({
      ...spoken(turn),
      type: 'session.stepup.required',
      rule: stepUp.rule,
      stepUp: requestOf(stepUp, turn.kind, turn.input.approver, policy),
      storm: kept ? 'step-up-kept' : counted,
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

/** An end that others decided on, that a proof brings, or that follows from another's: no cap holds it. */
const isOrdered = (turn: Turn, rule: string): boolean =>
  turn.input.event.type === 'revocation' ||
  rule === 'revoke.predecessor' ||
  rule === 'revoke.parent'

/**
 * Carries a revocation out, as far as it may be: over the storm cap it is held for an operator, and where
 * the tenant is only observed it is told to `session.shadow` alone. False where the session goes on.
 */
export function revokes(turn: Turn, rule: string): boolean {
  const { observeOnly, room } = turn.input
  const ordered = isOrdered(turn, rule)
  if (!ordered && turn.session.held !== '') return false
  if (observeOnly && turn.input.event.type !== 'revocation') {
    observe(turn, rule)
    return false
  }
  if (!ordered && !room.revocation) {
    hold(turn, rule)
    return false
  }
  revoke(turn, rule, ordered ? '' : 'revocation')
  return true
}

/** Tells what would have been decided. The same grounds are told once, and end nobody when the switch is turned back. */
function observe(turn: Turn, rule: string): void {
  turn.drafts.push(draft({ ...spoken(turn), type: 'session.revoked', rule }))
  turn.session.contributions = spend(turn.session.contributions)
  close(turn, 'superseded')
}

/** A revocation was decided on these. */
export const spend = (contributions: Session['contributions']): Session['contributions'] =>
  contributions.map((c) => (c.spent ? c : { ...c, spent: true }))

/** What would be a revocation waits for an operator; apps hear of it by the session's posture. */
function hold(turn: Turn, rule: string): void {
  const { idOf, t } = turn.input
  turn.drafts.push(draft({ ...spoken(turn), type: 'session.risk.changed', rule: 'hold' }))
  turn.session.held = idOf(turn.drafts.length)
  turn.session.heldAt = t
  turn.drafts.push(
    draft({
      ...spoken(turn),
      type: 'session.revoked',
      rule,
      keptBack: 'storm-cap',
      storm: 'revocation-kept',
    }),
  )
  turn.startLevel = turn.session.level
}

/** The session is over, and with it what was held: nobody needs to decide on it any more. */
function endHold(turn: Turn, rule: string): void {
  turn.drafts.push(
    draft({
      ...spoken(turn),
      type: 'session.risk.changed',
      rule,
      supersedes: turn.session.held,
      keptBack: '',
    }),
  )
  turn.session.held = ''
}

function revoke(turn: Turn, rule: string, storm: Draft['storm']): void {
  const { event } = turn.input
  close(turn, rule === 'revoke.failures' ? 'failed' : 'superseded')
  const wholeSubject = event.type === 'revocation' && event.sessionId === ''
  if (!wholeSubject) tellLevel(turn)
  turn.drafts.push(
    draft({
      ...spoken(turn),
      type: 'session.revoked',
      rule,
      storm,
      supersedes: turn.session.held,
      ...(wholeSubject ? { sessionKey: '' } : {}),
    }),
  )
  if (wholeSubject) {
    const notBefore = Math.max(turn.profile.notBefore, event.occurredAt)
    turn.profile = { ...turn.profile, notBefore }
  }
  turn.session.status = 'revoked'
  turn.session.held = ''
  turn.session.endedAt = Math.min(event.occurredAt, turn.input.t)
}
