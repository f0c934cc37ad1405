/** What may be found wrong, by the promise that it breaks. */
export type Promised =
  | 'I1'
  | 'I2'
  | 'I3'
  | 'I4'
  | 'I5'
  | 'I6'
  | 'I7'
  | 'I8'
  | 'I9'
  | 'I10'
  | 'I11'
  | 'I12'

export type Kind = 'lost' | 'wrong' | 'doubled' | 'broken'

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
