/** What a step is busy with, and the small changes that its parts make to it. Only `step` and what it calls write here; inputs stay as they came. */
import { assess, levelOf } from './assess.ts'
import type { Authentication } from './authenticate.ts'
import type { ResolutionOutcome, RiskLevel } from './decision.ts'
import type { Detector } from './detector.ts'
import { type Draft, draft, type KeptBack, reasonsOf, resolutionOf } from './draft.ts'
import type { SessionEvent, SubjectKind } from './event.ts'
import type { Policy } from './policy.ts'
import type { Signal } from './signal.ts'
import type { OpenStepUp, Profile, Session, Writable } from './state.ts'

export interface StepInput {
  readonly profile: Profile
  /** null where the session is not known. */
  readonly session: Session | null
  /** The session that `previousSessionId` names, null where there is none. */
  readonly previous: Session | null
  /** Key of the session that this one was begun from, '' for none; `parent` is null where it is not known. */
  readonly parentKey: string
  readonly parent: Session | null
  /** The nearest session above this one in which a person acts. */
  readonly approver: Session | null
  readonly event: SessionEvent
  /** Decision time, ms. */
  readonly t: number
  /** True where the event came so late that it must not prompt, nor revoke by score. */
  readonly late: boolean
  readonly policy: Policy
  readonly detectors: readonly Detector[]
  /** True where the tenant is only observed: nothing that is decided reaches its apps. */
  readonly observeOnly: boolean
  /** Whether the storm caps leave room for one more. */
  readonly room: { readonly revocation: boolean; readonly stepUp: boolean }
  /** The id that the n-th decision of this step will have. */
  readonly idOf: (n: number) => string
}

export interface StepResult {
  readonly profile: Profile
  readonly session: Session
  /** The session that was taken over from, null where nothing rotated. */
  readonly previous: Session | null
  readonly signals: readonly Signal[]
  readonly blind: readonly string[]
  readonly decisions: readonly Draft[]
}

export interface Turn {
  readonly input: StepInput
  /** The acting kind. */
  readonly kind: SubjectKind
  /** The level that subscribers know. */
  startLevel: RiskLevel
  profile: Profile
  /** A copy of its own, written in place: most events change most of it. */
  readonly session: Writable<Session>
  /** The session that is taken over from, null where nothing rotates. */
  previous: Session | null
  readonly drafts: Draft[]
}

/** Sets what the session's risk rests on, and score and level with it. */
export function setRisk(turn: Turn, contributions: Session['contributions']): void {
  const { session } = turn
  const { score } = assess(contributions, turn.input.t)
  const level = levelOf(score, session.level, turn.input.policy.thresholds)
  session.contributions = contributions
  session.score = score
  session.level = level
}

/** What every decision about the present session says. */
export function spoken(turn: Turn) {
  const { event, t } = turn.input
  const { level, score, contributions } = turn.session
  return {
    sessionKey: event.keys.session,
    decidedAt: t,
    level,
    previousLevel: turn.startLevel,
    score,
    reasons: reasonsOf(contributions, t),
    action: event.action?.name ?? '',
    keptBack: keptBackIn(turn),
  }
}

/** Why what is decided now is kept from the apps, '' where it is not: a revocation from outside is not the engine's. */
export const keptBackIn = ({ input }: Turn): KeptBack | '' =>
  input.observeOnly && input.event.type !== 'revocation' ? 'observe-only' : ''

/** Tells how a step-up was closed. */
export function tellResolved(
  turn: Turn,
  of: { readonly sessionKey: string; readonly session: Session; readonly open: OpenStepUp },
  outcome: ResolutionOutcome,
  made: Authentication | null,
): void {
  const { t } = turn.input
  const place = made === null ? '' : placeOf(turn.session, made.context)
  turn.drafts.push(
    draft({
      type: 'session.stepup.resolved',
      sessionKey: of.sessionKey,
      decidedAt: t,
      rule: of.open.rule,
      level: of.session.level,
      score: of.session.score,
      // Apps that were asked to wait for an answer must hear of it, whatever is kept back since.
      keptBack: of.open.withheld === 'observe-only' ? 'observe-only' : '',
      resolution: resolutionOf(of.open, outcome, t, { method: made?.method ?? '', place }),
    }),
  )
}

/** Closes the open step-up, if any. One that expired was told as closed then. */
export function close(
  turn: Turn,
  outcome: ResolutionOutcome,
  made: Authentication | null = null,
): void {
  const { session } = turn
  const open = session.stepUp
  if (open === null) return
  const sessionKey = turn.input.event.keys.session
  if (!open.expired) tellResolved(turn, { sessionKey, session, open }, outcome, made)
  session.stepUp = null
}

export function placeOf(session: Session, id: number): string {
  const context = session.contexts.find((c) => c.id === id)
  const place = context?.place
  if (!place) return context?.network?.country ?? ''
  return place.city === '' ? place.country : `${place.city}, ${place.country}`
}
