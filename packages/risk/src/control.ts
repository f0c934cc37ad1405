/** What operators tell the fold, as records of the log: so a refold gives the same decisions, and nothing takes effect between two offsets. */

/** Of a newer release's kind this one knows nothing: the fold passes over it. */
export const controlKinds = ['unknown', 'observe-only', 'release', 'drop'] as const
export type ControlKind = (typeof controlKinds)[number]

/** One order of an operator. Ingest gives it to every partition alike; each takes what is its own. */
export interface Control {
  /** By which a repeat is known. */
  readonly id: string
  readonly kind: ControlKind
  /** When ingest received it, ms: the decision time of what it leads to. */
  readonly t: number
  /** `observe-only`: whose sessions; '' for those of all tenants. */
  readonly tenant: string
  /** `observe-only`: whether decisions are kept back from now on. */
  readonly on: boolean
  /** `release`, `drop`: the held decision, '' for none. */
  readonly decisionId: string
  /** `release`, `drop`: of the state that carries the held decision; '' for none. */
  readonly keys: { readonly subject: string; readonly session: string }
  readonly operator: string
  readonly reason: string
}

/** What a partition keeps of the orders that it has taken. */
export interface ControlState {
  /** Ids of the latest, the newest last. */
  readonly applied: readonly string[]
  /** True where the decisions of every tenant are kept back. */
  readonly observeAll: boolean
  /** Tenants whose decisions are kept back. */
  readonly observed: readonly string[]
}

export const controlCaps = {
  /** Far more than ingest can repeat after a stop. */
  applied: 64,
  /** One more is refused with a notice: forgetting another would enforce where nobody said so. */
  observed: 1_000,
} as const

export const noControl: ControlState = { applied: [], observeAll: false, observed: [] }

/** Whether a tenant's decisions are kept back. */
export const isObserved = ({ observeAll, observed }: ControlState, tenant: string): boolean =>
  observeAll || observed.includes(tenant)

/** Notes that an order was taken. */
export const taken = (state: ControlState, id: string): ControlState => ({
  ...state,
  applied: [...state.applied, id].slice(-controlCaps.applied),
})

/** Turns the switch of a tenant, or of all; null where there is no room for one tenant more. */
export function switched(
  state: ControlState,
  { tenant, on }: Pick<Control, 'tenant' | 'on'>,
): ControlState | null {
  if (tenant === '') return { ...state, observeAll: on }
  const others = state.observed.filter((other) => other !== tenant)
  if (!on) return { ...state, observed: others }
  return others.length >= controlCaps.observed ? null : { ...state, observed: [...others, tenant] }
}
