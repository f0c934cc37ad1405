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
  /** Since when the decisions of every tenant are kept back, ms; 0 where they are not. */
  readonly observeAllSince: number
  /** Tenants whose decisions are kept back. */
  readonly observed: readonly { readonly tenant: string /** ms */; readonly since: number }[]
}

export const controlCaps = {
  /** Far more than ingest can repeat after a stop. */
  applied: 64,
  /** One more is refused with a notice: forgetting another would enforce where nobody said so. */
  observed: 1_000,
} as const

export const noControl: ControlState = { applied: [], observeAllSince: 0, observed: [] }

/** Whether a tenant's decisions are kept back. */
export const isObserved = (control: ControlState, tenant: string): boolean =>
  control.observeAllSince > 0 || observedSince(control, tenant) > 0

/** Since when the switch of a tenant, or of all ('') is on, ms; 0 where it is off. */
export const observedSince = (
  { observeAllSince, observed }: ControlState,
  tenant: string,
): number =>
  tenant === '' ? observeAllSince : (observed.find((other) => other.tenant === tenant)?.since ?? 0)

/** Notes that an order was taken. */
export const taken = (state: ControlState, id: string): ControlState => ({
  ...state,
  applied: [...state.applied, id].slice(-controlCaps.applied),
})

/** Turns the switch of a tenant, or of all; null where there is no room for one tenant more. One that is on stays on since then. */
export function switched(
  state: ControlState,
  { tenant, on, t }: Pick<Control, 'tenant' | 'on' | 't'>,
): ControlState | null {
  const since = on ? observedSince(state, tenant) || t : 0
  if (tenant === '') return { ...state, observeAllSince: since }
  const others = state.observed.filter((other) => other.tenant !== tenant)
  if (!on) return { ...state, observed: others }
  return others.length >= controlCaps.observed
    ? null
    : { ...state, observed: [...others, { tenant, since }] }
}
