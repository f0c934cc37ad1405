/**
 * The commit protocol as a port (docs/explanation/commit-protocol.md): state, outbox, timers and
 * applied offset of a partition are one, guarded by a random commit id that is read with them.
 */
import type { PartitionMeta, Profile, Session, StoryEntry } from '@holdpoint/risk'

export type HeaderValue = string | Buffer

/** A record to publish, exactly as it will be on the wire. */
export interface OutboxEntry {
  /** Offset of the cause in the internal log, and the index within it: the entry's id. */
  readonly offset: number
  readonly index: number
  readonly topic: string
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** A name that stands more than once has a list, in order. */
  readonly headers: Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>
}

/** What is found when a partition is taken over. */
export interface Opened {
  /** '' where nothing was ever committed. */
  readonly commitId: string
  /** null where nothing was ever committed. */
  readonly meta: PartitionMeta | null
  /** As the last commit had it; 0 where nothing is being rebuilt. */
  readonly rebuildUntil: number
  /** What the last owner committed and perhaps did not publish, in order. */
  readonly outbox: readonly OutboxEntry[]
}

export interface Wanted {
  readonly profiles: readonly string[]
  readonly sessions: readonly string[]
}

/** States read in one atomic step with the guard; absent keys are absent. */
export interface Loaded {
  readonly commitId: string
  readonly profiles: ReadonlyMap<string, Profile>
  readonly sessions: ReadonlyMap<string, Session>
}

export interface Commit {
  /** The commit id that was read with the states. */
  readonly expected: string
  /** A new random id. */
  readonly next: string
  readonly meta: PartitionMeta
  /** Offsets below it are folded to rebuild lost state, whoever goes on with it; 0 where nothing is. */
  readonly rebuildUntil: number
  readonly profiles: readonly (readonly [key: string, profile: Profile])[]
  readonly sessions: readonly (readonly [key: string, session: Session])[]
  /** The earliest due time of a subject's timers, ms; null removes them. */
  readonly timers: readonly (readonly [subjectKey: string, due: number | null])[]
  /** Signals to add to the stories of sessions, each session once; the last `storySignals` of it are kept. */
  readonly stories: readonly (readonly [sessionKey: string, entries: readonly StoryEntry[]])[]
  readonly outbox: readonly OutboxEntry[]
  /** Entries up to this id (inclusive) were acknowledged by the log; null for none. */
  readonly acknowledged: { readonly offset: number; readonly index: number } | null
}

/** `stale`: somebody else committed, or the store went back in time; nothing was written. */
export type CommitResult = 'committed' | 'stale'

export interface MemoryUsage {
  readonly usedBytes: number
  /** 0 where there is no limit. */
  readonly maxBytes: number
}

export interface StateStore {
  open(partition: number): Promise<Opened>
  load(partition: number, wanted: Wanted): Promise<Loaded>
  /** Subjects whose timers are due by `t`, by (due, key), at most `limit`, read with the guard. */
  due(
    partition: number,
    t: number,
    limit: number,
  ): Promise<{ readonly commitId: string; readonly subjects: readonly string[] }>
  /**
   * Writes all of it or nothing. A rejection (`StateError` with `unknown: true`) says nothing about
   * the outcome: open and load again, never repeat it blindly.
   */
  commit(partition: number, commit: Commit): Promise<CommitResult>
  /** The signals of a session, the oldest first; for people, the fold never reads them. */
  story(partition: number, sessionKey: string): Promise<readonly StoryEntry[]>
  /** Trims what was acknowledged, where no further commit comes to carry it. */
  acknowledge(partition: number, upTo: { offset: number; index: number }): Promise<void>
  /** Throws `StateError` where the store must not be used (as an eviction policy other than noeviction). */
  check(): Promise<void>
  /** Memory of the fullest node, for back-pressure. */
  usage(): Promise<MemoryUsage>
  close(): Promise<void>
}

/** Where a session's login is remembered, so that events without a subject find it. Ingest writes it before it appends the login. */
export interface SessionIndex {
  put(tenant: string, sessionId: string, entry: IndexedSubject): Promise<void>
  get(tenant: string, sessionId: string): Promise<IndexedSubject | null>
}

export interface IndexedSubject {
  readonly id: string
  readonly kind: 'human' | 'workload' | 'agent'
  readonly iss: string
}

/** What was seen, or is only asked about. */
export interface Seen {
  /** Under what it counts: a keyed hash of 22 base64url characters. */
  readonly key: string
  /** Keyed hash of what is seen; '' where nothing is, and the count alone is wanted. */
  readonly member: string
  /** When, ms. */
  readonly at: number
  /** How far back the count goes, ms. The same for all of a key. */
  readonly windowMs: number
}

/**
 * How many different members were seen under a key of late, for all who ask the same store. Bounded, and
 * lost without harm: nothing but a judgement made at that moment rests on it.
 */
export interface RecentCounts {
  /**
   * Takes all that is seen, in order, and answers for each how many members its key has seen in the window
   * that ends with its `at`, itself included, at most `countedMax`. A member seen again counts once, so
   * whoever got no answer may ask again. Rejects with `StateError`.
   */
  count(seen: readonly Seen[]): Promise<readonly number[]>
}

/** `transient`: pause and try again. `unknown`: a commit may or may not have been applied. */
export class StateError extends Error {
  override readonly name = 'StateError'
  readonly code: string
  readonly transient: boolean
  readonly unknown: boolean
  constructor(
    code: string,
    message: string,
    traits: { transient?: boolean; unknown?: boolean } = {},
    cause?: unknown,
  ) {
    super(message, { cause })
    this.code = code
    this.transient = traits.transient ?? false
    this.unknown = traits.unknown ?? false
  }
}
