/** Brings the states of a batch together: from the cache, else from the store with its guard. */
import {
  type PartitionMeta,
  type Profile,
  type Session,
  type States,
  timersPerTick,
} from '@holdpoint/risk'
import type { StateStore } from '@holdpoint/state'
import { LRUCache } from 'lru-cache'
import type { Fold } from './fold.ts'
import type { Entry } from './handle.ts'

/** How often what was loaded may name more to load: the longest way is a chain of delegation. What is still missing then, the fold asks for. */
const followUpPasses = 3

/** Known to be absent: the store need not be asked again. */
const absent = Symbol('absent')

/** Decoded states by key, the latest used. Right only while its owner's commit id is the store's. */
class Cache<S extends object> {
  readonly #states: LRUCache<string, S | typeof absent>

  constructor(max: number) {
    this.#states = new LRUCache({ max })
  }

  /** undefined where it is not known. */
  get(key: string): S | null | undefined {
    const state = this.#states.get(key)
    return state === absent ? null : state
  }

  set(key: string, state: S | null): void {
    this.#states.set(key, state ?? absent)
  }

  clear(): void {
    this.#states.clear()
  }
}

/** The states of one batch. What is asked for and was not loaded is noted as missing. */
export class LoadedStates implements States {
  readonly profiles = new Map<string, Profile | null>()
  readonly sessions = new Map<string, Session | null>()
  readonly missingProfiles = new Set<string>()
  readonly missingSessions = new Set<string>()
  missingDue: { readonly t: number; readonly limit: number } | null = null
  due: { readonly t: number; readonly limit: number; readonly subjects: readonly string[] } | null =
    null
  readonly #origins: PartitionMeta['origins']

  constructor(origins: PartitionMeta['origins']) {
    this.#origins = origins
  }

  get complete(): boolean {
    return (
      this.missingProfiles.size === 0 && this.missingSessions.size === 0 && this.missingDue === null
    )
  }

  profile(key: string): Profile | null {
    const profile = this.profiles.get(key)
    if (profile === undefined) this.missingProfiles.add(key)
    return profile ?? null
  }

  session(key: string): Session | null {
    const session = this.sessions.get(key)
    if (session === undefined) this.missingSessions.add(key)
    return session ?? null
  }

  origin(rawPartition: string): number {
    return this.#origins[rawPartition] ?? -1
  }

  dueSubjects(t: number, limit: number): readonly string[] {
    if (this.due === null || this.due.t !== t || this.due.limit < limit) {
      this.missingDue = { t, limit }
      return []
    }
    return this.due.subjects.slice(0, limit)
  }
}

/**
 * Loads for one partition. Every answer of the store is compared with the commit id that the owner
 * expects: another one means that somebody else wrote, or that the store went back in time.
 */
export class Loader {
  readonly #store: StateStore
  readonly #partition: number
  readonly #fold: Fold
  readonly #profiles: Cache<Profile>
  readonly #sessions: Cache<Session>

  constructor(store: StateStore, partition: number, fold: Fold, statesMax: number) {
    this.#store = store
    this.#partition = partition
    this.#fold = fold
    const half = Math.max(1, Math.floor(statesMax / 2))
    this.#profiles = new Cache(half)
    this.#sessions = new Cache(half)
  }

  /** The states that these entries are sure to read; null where the guard is not `commitId`. */
  async load(
    entries: readonly Entry[],
    meta: PartitionMeta,
    commitId: string,
  ): Promise<LoadedStates | null> {
    const states = new LoadedStates(meta.origins)
    const first = entries[0]?.record
    if (first?.kind === 'tick') states.missingDue = { t: first.t, limit: timersPerTick }
    for (const { record } of entries) {
      if (record === null) continue
      const keys = this.#fold.keysOf(record)
      for (const key of keys.profiles) states.missingProfiles.add(key)
      for (const key of keys.sessions) states.missingSessions.add(key)
    }
    if (!(await this.fill(states, commitId))) return null
    for (let pass = 0; pass < followUpPasses; pass += 1) {
      for (const { record } of entries) {
        if (record === null) continue
        for (const key of this.#fold.followUps(record, states)) {
          if (!states.sessions.has(key)) states.missingSessions.add(key)
        }
      }
      if (states.complete) return states
      if (!(await this.fill(states, commitId))) return null
    }
    return states
  }

  /** Adds what is missing; false where the guard is not `commitId`. */
  async fill(states: LoadedStates, commitId: string): Promise<boolean> {
    if (states.missingDue !== null) {
      const { t, limit } = states.missingDue
      const due = await this.#store.due(this.#partition, t, limit)
      if (due.commitId !== commitId) return false
      states.due = { t, limit, subjects: due.subjects }
      for (const key of due.subjects) states.missingProfiles.add(key)
      states.missingDue = null
    }
    const profiles = fromCache(states.missingProfiles, this.#profiles, states.profiles)
    const sessions = fromCache(states.missingSessions, this.#sessions, states.sessions)
    states.missingProfiles.clear()
    states.missingSessions.clear()
    if (profiles.length === 0 && sessions.length === 0) return true
    const loaded = await this.#store.load(this.#partition, { profiles, sessions })
    if (loaded.commitId !== commitId) return false
    fromStore(profiles, loaded.profiles, this.#profiles, states.profiles)
    fromStore(sessions, loaded.sessions, this.#sessions, states.sessions)
    return true
  }

  /** Keeps what a commit has written. */
  committed(profiles: ReadonlyMap<string, Profile>, sessions: ReadonlyMap<string, Session>): void {
    for (const [key, profile] of profiles) this.#profiles.set(key, profile)
    for (const [key, session] of sessions) this.#sessions.set(key, session)
  }

  /** Forgets everything: somebody else may have written. */
  drop(): void {
    this.#profiles.clear()
    this.#sessions.clear()
  }
}

function fromCache<S extends object>(
  wanted: ReadonlySet<string>,
  cache: Cache<S>,
  into: Map<string, S | null>,
): readonly string[] {
  const misses: string[] = []
  for (const key of wanted) {
    const state = cache.get(key)
    if (state === undefined) misses.push(key)
    else into.set(key, state)
  }
  return misses
}

function fromStore<S extends object>(
  keys: readonly string[],
  loaded: ReadonlyMap<string, S>,
  cache: Cache<S>,
  into: Map<string, S | null>,
): void {
  for (const key of keys) {
    const state = loaded.get(key) ?? null
    cache.set(key, state)
    into.set(key, state)
  }
}
