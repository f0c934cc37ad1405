/** From an assessed session to what must happen: end it, ask for proof, or let it be. */
import { type Assessment, asksForRotation, assess, countsAt, evidenceTime } from './assess.ts'
import type { Approver, Obligation, RiskLevel, StepUpRequest } from './decision.ts'
import type { Scene } from './detector.ts'
import type { SessionEvent } from './event.ts'
import { demanded } from './obligation.ts'
import type { Policy, Requirement } from './policy.ts'
import { meets } from './requirement.ts'
import type { Family } from './signal.ts'
import type { Contribution, OpenStepUp, Session } from './state.ts'

const hourMs = 3_600_000
/** What an ended or overdue session does by itself; a refused action shows that the app enforces the end. */
export const isActing = ({ type, outcome }: SessionEvent): boolean =>
  (type === 'action' || type === 'device' || type === 'ip') && outcome !== 'failure'

/** What a revocation may rest on: all but that on which one was decided already and not carried out. */
export const groundsOf = ({ contributions }: Pick<Session, 'contributions'>) =>
  contributions.some((c) => c.spent) ? contributions.filter((c) => !c.spent) : contributions

/**
 * Why a session must be revoked, '' where it must not. One family alone gives at most a step-up; a
 * workload or agent is revoked by a conclusive reason only, since an outage is no remedy.
 * @param grounds what it may rest on
 * @param assessment of these grounds
 */
export function revocationRule(
  session: Session,
  grounds: readonly Contribution[],
  assessment: Assessment,
  scene: Scene,
  policy: Policy,
): string {
  const conclusive = grounds.filter((c) => c.score >= 1000)
  if (conclusive.length > 0) {
    const byParent = conclusive.every(({ reason }) => reason === 'PARENT_REVOKED')
    return byParent ? 'revoke.parent' : 'revoke.conclusive'
  }
  if (scene.kind !== 'human') return ''
  const { scoreFrom, familiesMin, familiesNeeded, failuresMax } = policy.revocation
  const convincing =
    assessment.families.length >= familiesMin &&
    familiesNeeded.some((family) => assessment.families.includes(family))
  if (assessment.score >= scoreFrom && convincing) return 'revoke.score'
  const open = session.stepUp
  if (open === null) return ''
  if (open.failures >= failuresMax) return 'revoke.failures'
  // Nobody is ended for a prompt that a cap or an observed tenant kept from coming.
  const asked = open.withheld === ''
  const overdue = asked && open.expired && session.level === 'HIGH' && isActing(scene.event)
  return overdue ? 'revoke.deadline' : ''
}

/** What must be asked of the session now. */
export interface Ask {
  readonly requirement: Requirement
  readonly obligation: Obligation
  readonly rotate: boolean
  /** The context that has to answer. */
  readonly context: number
  readonly rule: string
}

/** The requirement that the event's action, or the level by itself, leaves unmet; null where nothing is to be asked. */
export function unmet(session: Session, scene: Scene, t: number, policy: Policy): Ask | null {
  const acts = scene.event.type === 'action' && scene.event.outcome !== 'failure'
  const sensitivity = acts ? scene.sensitivity : 'routine'
  const live = session.contributions.filter((c) => countsAt(c, t) > 0)
  const level = levelHere(session.level, live, scene, t, policy)
  const { requirement, obligation } = demanded(scene.kind, level, sensitivity, policy)
  if (!acts && !requirement.now) return null
  if (requirement.rank === 0 && requirement.maxAge === 0) return null
  const evidenceAt = evidenceTime(live)
  // An approval is given elsewhere: it proves no context of the agent's.
  const proven = scene.context.proven || obligation === 'approval'
  const context = { id: scene.context.id, proven }
  if (meets(requirement, { session, context, evidenceAt, t })) return null
  const rotates = requirement.here && obligation !== 'approval'
  return {
    requirement,
    obligation,
    rotate: rotates && (level === 'HIGH' || live.some(asksForRotation)),
    // At HIGH only the context that the risk rests on can answer; below it, each answers for itself.
    context: level === 'HIGH' ? heaviest(live, t, scene.context.id) : scene.context.id,
    rule: `require.${level}.${sensitivity}`.toLowerCase(),
  }
}

/** Families that speak of the context that they were found in, and of no other. */
const ofItsContext: readonly Family[] = ['place', 'client', 'token']

/**
 * The level that an act is measured by. At MEDIUM, what was found of another context asks nothing of a
 * proven one: who is asked there is the owner, or a thief whom nothing tells from the owner, and the answer
 * would say nothing of the other context (ADR 0004).
 */
function levelHere(
  level: RiskLevel,
  live: readonly Contribution[],
  { context }: Scene,
  t: number,
  { thresholds }: Policy,
): RiskLevel {
  if (level !== 'MEDIUM' || !context.proven) return level
  const here = live.filter((c) => c.context === context.id || !ofItsContext.includes(c.family))
  return assess(here, t).score < thresholds.mediumUntil ? 'LOW' : level
}

/** The context that most of the risk rests on, `otherwise` where there is none. */
export function heaviest(live: readonly Contribution[], t: number, otherwise: number): number {
  let context = otherwise
  let most = 0
  for (const contribution of live) {
    const counts = countsAt(contribution, t)
    if (counts > most) {
      most = counts
      context = contribution.context
    }
  }
  return context
}

/** Whether an open step-up already asks for all that is to be asked, of the context that can answer. */
export const covers = (open: OpenStepUp, ask: Ask): boolean =>
  (!ask.requirement.here || ask.requirement.now || open.context === ask.context) &&
  open.rank >= ask.requirement.rank &&
  (open.rotate || !ask.rotate) &&
  (open.riskDriven || !ask.requirement.here) &&
  (open.obligation === ask.obligation || open.rotate || ask.obligation === 'fresh-assertion')

/** How the caps on prompts stand for a subject: whether it may be prompted, and whether this would be one too many in the hour. */
export function promptCap(
  prompts: readonly number[],
  t: number,
  policy: Policy,
): { readonly prompt: boolean; readonly spent: boolean } {
  const inHour = prompts.filter((at) => t - at < hourMs)
  const spent = inHour.length >= policy.prompts.perHourMax
  const tooSoon = inHour.some((at) => t - at < policy.prompts.gapMs)
  return { prompt: !spent && !tooSoon, spent }
}

/** The step-up that asks for it. */
export function stepUpFor(
  ask: Ask,
  scene: Scene,
  told: Pick<OpenStepUp, 'id' | 'prompt' | 'withheld'> & { readonly t: number },
  policy: Policy,
): OpenStepUp {
  const { requirement } = ask
  return {
    id: told.id,
    issuedAt: told.t,
    deadline: told.t + policy.stepUp.deadlineMs,
    rank: requirement.rank,
    maxAge: requirement.here ? policy.stepUp.maxAge : requirement.maxAge,
    rotate: ask.rotate,
    prompt: told.prompt && scene.kind === 'human',
    riskDriven: requirement.here,
    context: ask.context,
    failures: 0,
    expired: false,
    withheld: told.withheld,
    rule: ask.rule,
    obligation: ask.obligation,
  }
}

/** How an open step-up is told to apps (RFC 9470 section 3): people get `acr_values`, workloads and agents an obligation without any. */
export function requestOf(
  open: OpenStepUp,
  kind: Scene['kind'],
  approver: Session | null,
  policy: Policy,
): StepUpRequest {
  const acr = policy.assurance[open.rank - 1]?.acr
  const acrs = acr === undefined ? [] : [acr]
  const asked: Approver | null =
    open.obligation === 'approval' && approver?.status === 'active'
      ? { sessionId: approver.sessionId, acrValues: acrs }
      : null
  return {
    id: open.id,
    acrValues: kind === 'human' ? acrs : [],
    maxAge: open.maxAge,
    obligation: open.obligation,
    rotate: open.rotate,
    prompt: open.prompt,
    deadline: open.deadline,
    approver: asked,
  }
}
