/** A decision before it has its id: what a step says about one session or subject. */
import { countsAt } from './assess.ts'
import type {
  DecisionType,
  Evidence,
  Reason,
  Resolution,
  ResolutionOutcome,
  RiskLevel,
  StepUpRequest,
} from './decision.ts'
import { families } from './signal.ts'
import type { Contribution, OpenStepUp } from './state.ts'

/** Why a decision goes to `session.shadow` and not to the apps. */
export type KeptBack = 'observe-only' | 'storm-cap'

export interface Draft {
  readonly type: DecisionType
  /** Key of the session that it speaks of; '' where it speaks of the whole subject. */
  readonly sessionKey: string
  /** ms. */
  readonly decidedAt: number
  readonly stepUp: StepUpRequest | null
  readonly resolution: Resolution | null
  readonly level: RiskLevel
  readonly previousLevel: RiskLevel
  readonly score: number
  readonly reasons: readonly Reason[]
  readonly action: string
  readonly rule: string
  /** The held decision that it puts an end to, '' for none. */
  readonly supersedes: string
  readonly keptBack: KeptBack | ''
  /** What it is for the storm caps: let through, or kept back by one. */
  readonly storm: Storm | ''
}

export type Storm = 'revocation' | 'revocation-kept' | 'step-up' | 'step-up-kept'

type Told = Pick<Draft, 'type' | 'sessionKey' | 'decidedAt' | 'rule'> & Partial<Draft>

/** A draft with everything that is not said left empty. */
export const draft = (told: Told): Draft => ({
  stepUp: null,
  resolution: null,
  level: 'LOW',
  previousLevel: told.level ?? 'LOW',
  score: 0,
  reasons: [],
  action: '',
  supersedes: '',
  keptBack: '',
  storm: '',
  ...told,
})

/** The contributions that still count, as a person reads them, in the order of assessment. */
export function reasonsOf(contributions: readonly Contribution[], t: number): readonly Reason[] {
  return contributions
    .map((c) => ({ ...reasonOf(c), score: countsAt(c, t) }))
    .filter((reason) => reason.score > 0)
    .sort((a, b) => families.indexOf(a.family) - families.indexOf(b.family) || b.score - a.score)
}

/** A contribution as it was found. */
export function reasonOf({
  detector,
  reason,
  family,
  score,
  message,
  evidence,
}: Contribution): Reason {
  const told: Evidence = evidence === '' ? {} : JSON.parse(evidence)
  return { detector, reason, family, score, message, evidence: told }
}

/** How a step-up was closed. */
export const resolutionOf = (
  stepUp: OpenStepUp,
  outcome: ResolutionOutcome,
  at: number,
  answer: Partial<Pick<Resolution, 'method' | 'place' | 'approval'>> = {},
): Resolution => ({
  stepUpId: stepUp.id,
  outcome,
  method: '',
  at,
  place: '',
  approval: null,
  ...answer,
})
