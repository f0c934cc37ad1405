/** What a backtest came to. Shares are whole numbers per thousand, rounded up: a single one never looks like none. */

/** How honest sessions fared. An ask is a step-up for risk, a freshness ask one at LOW. */
export interface Friction {
  readonly sessions: number
  /** Sessions that were asked for risk at least once. */
  readonly asked: number
  /** Step-ups for risk. */
  readonly asks: number
  /** Of these, the ones that prompted somebody. */
  readonly prompts: number
  /** Step-ups that an action's freshness asked for: the policy's price, not the rules'. */
  readonly freshness: number
  /** Sessions revoked, but for those that their own answer replaced. */
  readonly revoked: number
}

export interface TraitFriction extends Friction {
  readonly trait: string
}

/** How attacks of one kind ended. `cases = early + atTheDeed + missed + harmless`. */
export interface AttackOutcome {
  readonly attack: string
  readonly cases: number
  /** Held or ended before the deed was tried. */
  readonly early: number
  /** Held or ended by the check that the deed itself asked for. */
  readonly atTheDeed: number
  /** Of both: how many only the freshness of an authentication stopped, not risk. */
  readonly byFreshness: number
  /** The deed was done. */
  readonly missed: number
  /** Neither stopped nor any deed tried. */
  readonly harmless: number
}

/** Asks and revocations of honest sessions that have the same cause. */
export interface FalseCause {
  readonly what: 'asked' | 'revoked'
  /** The policy's rule. */
  readonly rule: string
  /** Reasons by detector, the heaviest first. */
  readonly reasons: readonly string[]
  readonly count: number
  /** How many of them had each trait, the commonest first. */
  readonly traits: readonly (readonly [trait: string, count: number])[]
  /** The first of them. */
  readonly example: Example
}

export interface Example {
  readonly subject: string
  readonly sessionId: string
  readonly eventId: string
}

export interface MissedExample extends Example {
  readonly attack: string
}

export interface Report {
  readonly events: number
  readonly labelled: boolean
  /** Honest sessions by whom they act for: people, workloads, agents. */
  readonly people: Friction
  readonly workloads: Friction
  readonly agents: Friction
  readonly traits: readonly TraitFriction[]
  readonly attacks: readonly AttackOutcome[]
  /** Workloads and agents that were asked for what only a person can give: an `acr` or a prompt. */
  readonly machinesPrompted: number
  readonly falseCauses: readonly FalseCause[]
  /** The first of each attack's misses. */
  readonly missed: readonly MissedExample[]
}

export const perThousand = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.ceil((part * 1000) / whole)
