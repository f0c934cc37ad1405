/** Policy as plain data: what the core is told, never how it was written. */
import type { Obligation, RiskLevel } from './decision.ts'
import type { SubjectKind } from './event.ts'
import type { Family } from './signal.ts'

/** What an action demands. */
export type Sensitivity = 'routine' | 'sensitive' | 'critical'

/** Privilege ranks, lowest first. */
export const actionRanks = ['read', 'write', 'admin', 'secret'] as const
export type ActionRank = (typeof actionRanks)[number]

/** One level of assurance; its place in the list is its rank (the first is 1). */
export interface AssuranceLevel {
  /** What is sent as RFC 9470 `acr_values`. */
  readonly acr: string
  /** `acr` values of identity providers that mean this level. */
  readonly acrs: readonly string[]
  /** Sets of RFC 8176 methods: one wholly present means this level, where `acr` says nothing. */
  readonly amrs: readonly (readonly string[])[]
}

/** The first rule whose pattern matches an action's name decides. */
export interface ActionRule {
  readonly id: string
  /** Names with `*` for any run of characters, as `payments.*`. */
  readonly patterns: readonly string[]
  readonly sensitivity: Sensitivity
  readonly rank: ActionRank
  /** Where set: an amount below it makes the action `belowSensitivity`. */
  readonly amountFrom?: number
  readonly belowSensitivity?: Sensitivity
}

/** What a session must have shown for an action: one cell of the table of requirements. */
export interface Requirement {
  /** 0 asks for nothing. Rank in `assurance`. */
  readonly rank: number
  /** Seconds since the authentication, at most; 0 for no limit. */
  readonly maxAge: number
  /** True where the authentication must be newer than the evidence and made in the present context. */
  readonly here: boolean
  /** True where it is asked at once, whatever the event. */
  readonly now: boolean
}

export interface Policy {
  readonly id: string
  /** `sha256:` and the hash of its canonical content. */
  readonly version: string
  /** Weakest first. */
  readonly assurance: readonly AssuranceLevel[]
  readonly actions: readonly ActionRule[]
  readonly thresholds: {
    readonly mediumFrom: number
    readonly mediumUntil: number
    readonly highFrom: number
    readonly highUntil: number
  }
  readonly requirements: Readonly<Record<RiskLevel, Readonly<Record<Sensitivity, Requirement>>>>
  readonly obligations: Readonly<
    Record<SubjectKind, Readonly<Record<RiskLevel, Readonly<Record<Sensitivity, Obligation>>>>>
  >
  readonly revocation: {
    readonly scoreFrom: number
    readonly familiesMin: number
    /** One of which must be among the families. */
    readonly familiesNeeded: readonly Family[]
    readonly failuresMax: number
  }
  readonly stepUp: {
    readonly deadlineMs: number
    readonly maxAge: number
    /** How long a person's approval counts, at most. */
    readonly approvalMs: number
    /** How long a person's session lives on once it has answered a step-up at HIGH. */
    readonly lifeAfterHighMs: number
  }
  readonly prompts: { readonly gapMs: number; readonly perHourMax: number }
  /** Overrides of detectors' params, by detector and parameter. */
  readonly detectors: Readonly<Record<string, Readonly<Record<string, number>>>>
}
