/** What a partition's fold takes and gives. */
import type { Alert } from './alert.ts'
import type { ControlState } from './control.ts'
import type { Decision } from './decision.ts'
import type { KeptBack } from './draft.ts'
import type { LogRecord } from './event.ts'
import type { Notice } from './notice.ts'
import type { Signal } from './signal.ts'
import type { Profile, Session } from './state.ts'
import type { Loads } from './storm.ts'
import type { StoryEntry } from './story.ts'

/** The fold's own memory of a partition, committed with the states it led to. */
export interface PartitionMeta {
  readonly generation: number
  readonly partition: number
  /** The last log offset folded; -1 before the first. */
  readonly appliedOffset: number
  /** `t` of the last tick taken, ms; 0 before the first. */
  readonly lastTick: number
  /** The highest raw offset folded, by `topic:partition`: lower or equal is a repeat. */
  readonly origins: Readonly<Record<string, number>>
  /** What operators have ordered. */
  readonly control: ControlState
  /** By tenant, for the storm caps. */
  readonly loads: Loads
}

/** A record with its place in the log. */
export interface PlacedRecord {
  readonly offset: number
  readonly record: LogRecord
}

/** The states a fold may read, by keyed hash: what was loaded, with what this batch has changed laid over it. */
export interface States {
  profile(subjectKey: string): Profile | null
  session(sessionKey: string): Session | null
  /** The highest offset folded of a raw partition (`topic:partition`), -1 for none. */
  origin(rawPartition: string): number
  /** Subjects with a timer due by `t`, by (due, subject key), at most `limit`. Asked for ticks only. */
  dueSubjects(t: number, limit: number): readonly string[]
}

/**
 * What became of a record. All but `applied` change nothing but the applied offset and origins. `unheard` is
 * feedback that no administrator gave, or that names no decision whose session and context are remembered.
 */
export type FoldOutcome = 'applied' | 'repeat' | 'ignored' | 'unheard'

export interface FoldResult {
  readonly outcome: FoldOutcome
  /** `origins` in it is as it came: the one that this record moves is `origin`. */
  readonly meta: PartitionMeta
  /** The raw partition's new highest offset, to lay over the states and to commit; null where none moved. */
  readonly origin: { readonly key: string; readonly offset: number } | null
  /** Changed states by key, to lay over the states and to commit. */
  readonly profiles: readonly (readonly [key: string, profile: Profile])[]
  readonly sessions: readonly (readonly [key: string, session: Session])[]
  readonly decisions: readonly Decision[]
  /** Which of them apps must not act on, by place in the list, and why. */
  readonly keptBack: ReadonlyMap<number, KeptBack>
  readonly notices: readonly Notice[]
  /** What the SOC is told. */
  readonly alerts: readonly Alert[]
  /** Every detector's finding, for metrics. */
  readonly signals: readonly Signal[]
  /** What was found in which session, for its story. */
  readonly story: readonly (readonly [sessionKey: string, entry: StoryEntry])[]
  /** Detectors that lacked an input, by name. */
  readonly blind: readonly string[]
}
