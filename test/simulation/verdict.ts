/** What may be found wrong, by the promise that it breaks. */
export type Promised = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10'

export type Kind = 'lost' | 'wrong' | 'doubled' | 'broken'

/** Tells what is wrong. `lost`: an input or a decision; `broken`: another promise than of those. */
export type Find = (promise: Promised, kind: Kind, what: string) => void

export interface Finding {
  readonly promise: Promised
  readonly kind: Kind
  readonly what: string
}

export interface Verdict {
  readonly seed: number
  readonly findings: readonly Finding[]
  readonly faults: ReadonlyMap<string, number>
  readonly steps: number
  readonly events: number
  readonly records: number
  readonly decisions: number
  readonly repeats: number
}
