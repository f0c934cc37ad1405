/** The core as the engine calls it: a port, so that a test can hand in a fold that fails. */
import {
  emptyMeta,
  type FoldResult,
  foldPartition,
  followUps,
  keysOf,
  type LogRecord,
  type PartitionMeta,
  type PlacedRecord,
  type Policy,
  type States,
} from '@holdpoint/risk'

/** Keys of states, as the core names what it wants to read. */
export interface StateKeysWanted {
  readonly profiles: readonly string[]
  readonly sessions: readonly string[]
}

export interface Fold {
  foldPartition(
    meta: PartitionMeta,
    placed: PlacedRecord,
    states: States,
    policy: Policy,
  ): FoldResult
  /** The states that a record is sure to read. */
  keysOf(record: LogRecord): StateKeysWanted
  /** The sessions that a record will read besides, because their timers are due; known once the profiles are there. */
  followUps(record: LogRecord, states: States): readonly string[]
  emptyMeta(generation: number, partition: number): PartitionMeta
}

/** The shipped core. */
export const coreFold: Fold = { foldPartition, keysOf, followUps, emptyMeta }
