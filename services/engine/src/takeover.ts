/** Where a partition's fold goes on, or why it must not. */
import type { Bounds } from '@holdpoint/log'
import type { PartitionMeta } from '@holdpoint/risk'
import { type Opened, StateError } from '@holdpoint/state'

/** After so many refused commits at one offset there is no other owner, but a store that cannot be right. */
const refusalsMax = 5

/** Why a partition is stopped, and what mends it. */
export interface Stop {
  readonly code: string
  readonly message: string
}

export type Verdict =
  | {
      readonly kind: 'go'
      readonly meta: PartitionMeta
      /** Offsets below it are folded to rebuild lost state; 0 where nothing is. */
      readonly rebuildUntil: number
      /** True where nothing was ever committed and the log is empty: that much can be committed at once. */
      readonly fresh: boolean
    }
  | { readonly kind: 'stop'; readonly stop: Stop }

/**
 * Judges what the store knows against what the broker still has. Only the broker's offsets prove a
 * gap: a batch that begins elsewhere proves nothing. `bounds` must have been read after `opened`.
 */
export function judge(opened: Opened, bounds: Bounds, empty: PartitionMeta): Verdict {
  const { meta } = opened
  if (meta === null) {
    const fresh = bounds.high === bounds.low
    const start = { ...empty, appliedOffset: bounds.low - 1 }
    return { kind: 'go', meta: start, rebuildUntil: fresh ? 0 : bounds.high, fresh }
  }
  const next = meta.appliedOffset + 1
  const rebuildUntil = opened.rebuildUntil > next ? opened.rebuildUntil : 0
  if (meta.generation !== empty.generation) {
    return stop(
      'generation_mismatch',
      `the state is of generation ${meta.generation}, this engine of ${empty.generation}. Set HOLDPOINT_GENERATION to ${meta.generation}; where holdpoint rebase was to make generation ${empty.generation} of it, it was not finished: run it again`,
    )
  }
  if (bounds.high < next) {
    return stop(
      'log_truncated',
      `the log ends at offset ${bounds.high}, but offset ${meta.appliedOffset} was folded: the topic was made anew or has lost records. Restore it, or carry the state to a new generation: stop all engines, then run holdpoint rebase`,
    )
  }
  if (bounds.low > next) {
    return stop(
      'log_gap',
      `offsets ${next} to ${bounds.low - 1} are gone from the log before they were folded (retention passed). Restore them, or carry the state to a new generation: stop all engines, then run holdpoint rebase`,
    )
  }
  return { kind: 'go', meta, rebuildUntil, fresh: false }
}

/** A fault of the state itself, which no repeat mends; null for every other. */
export function lastingFault(error: unknown): Stop | null {
  if (!(error instanceof StateError) || error.transient || error.unknown) return null
  const { code, message } = error
  return code.startsWith('state_') ? { code, message } : null
}

/** Counts commits refused in a row: another owner's progress explains them, else nothing does. */
export class Refusals {
  #at = -1
  #count = 0

  /** True where too many were refused at this position. */
  unexplained(position: number): boolean {
    this.#count = position === this.#at ? this.#count + 1 : 1
    this.#at = position
    return this.#count >= refusalsMax
  }
}

/** Each commit is refused, and nobody else commits: no other owner, but keys that do not belong together. */
export const inconsistent = (generation: number, partition: number): Stop => ({
  code: 'store_inconsistent',
  message: `the store refuses every commit though nobody else writes: its outbox is ahead of its position, as after keys were restored apart. Restore all of {hp:${generation}:${partition}}:* together, or remove all of them, so that the state is rebuilt`,
})

const stop = (code: string, message: string): Verdict => ({
  kind: 'stop',
  stop: { code, message },
})
