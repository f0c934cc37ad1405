/**
 * The state store in memory, for one process and for tests: the same guard, refusals, ids and bytes
 * as on Redis. It can lose its latest commits, as a Redis does whose replica was behind at a failover.
 */
import {
  type Detector,
  type PartitionMeta,
  detectors as registry,
  storySignals,
} from '@holdpoint/risk'
import { type StateFormats, shippedFormats } from './formats.ts'
import { profileKeptMs, sessionKeptMs } from './lifetimes.ts'
import { assertPlace, checkFormat } from './meta.ts'
import { assertAscending, compareIds, type EntryId } from './outbox.ts'
import { assertHashed } from './partition-keys.ts'
import { type Commit, type OutboxEntry, StateError, type StateStore } from './ports.ts'
import { type StateCodec, stateCodec } from './state-codec.ts'
import { decodeStoryEntry, encodeStoryEntry } from './story-codec.ts'

export interface EmbeddedStoreOptions {
  readonly generation: number
  /** Whose memories the states hold; the registry's where not said. */
  readonly detectors?: readonly Detector[]
  /** How many of each partition's commits can be lost by `rollback`. */
  readonly keepCommits?: number
  /** ms since the epoch; decides only when states nobody touches are forgotten. */
  readonly now?: () => number
}

export interface EmbeddedStore extends StateStore {
  /** Takes back the partition's last `k` commits, with all that they wrote. */
  rollback(partition: number, k: number): void
  /** Forgets every partition. */
  wipe(): void
  /** Another hold on the same data, of a release with these formats. */
  as(formats: StateFormats): EmbeddedStore
}

interface Kept {
  readonly bytes: Buffer
  readonly until: number
}

interface KeptStory {
  readonly entries: readonly Buffer[]
  readonly until: number
}

interface Partition {
  commitId: string
  meta: PartitionMeta | null
  /** Of the last commit. */
  format: number
  rebuildUntil: number
  profiles: Map<string, Kept>
  sessions: Map<string, Kept>
  stories: Map<string, KeptStory>
  timers: Map<string, number>
  outbox: OutboxEntry[]
  /** Of the newest entry ever added: trimming does not forget it. */
  lastId: EntryId
  /** How to take back the latest commits, the newest last. */
  undo: (() => void)[]
}

const unused = (): Partition => ({
  commitId: '',
  meta: null,
  format: 0,
  rebuildUntil: 0,
  profiles: new Map(),
  sessions: new Map(),
  stories: new Map(),
  timers: new Map(),
  outbox: [],
  lastId: { offset: -1, index: -1 },
  undo: [],
})

export function embeddedStore(options: EmbeddedStoreOptions): EmbeddedStore {
  return storeOver(new Map(), options, shippedFormats)
}

function storeOver(
  partitions: Map<number, Partition>,
  options: EmbeddedStoreOptions,
  formats: StateFormats,
): EmbeddedStore {
  const { generation, keepCommits = 0, now = Date.now } = options
  const codec = stateCodec(options.detectors ?? registry, formats)
  let closed = false

  function of(partition: number): Partition {
    if (closed) throw new StateError('closed', 'this store was closed')
    let found = partitions.get(partition)
    if (found === undefined) {
      found = unused()
      partitions.set(partition, found)
    }
    return found
  }

  return {
    async open(partition) {
      const { commitId, meta, format, rebuildUntil, outbox } = of(partition)
      if (meta !== null) checkFormat(formats, format)
      return { commitId, meta, rebuildUntil, outbox: [...outbox] }
    },

    async load(partition, wanted) {
      assertHashed(wanted.profiles)
      assertHashed(wanted.sessions)
      const { commitId, profiles, sessions } = of(partition)
      const t = now()
      return {
        commitId,
        profiles: decoded(wanted.profiles, profiles, t, codec.decodeProfile),
        sessions: decoded(wanted.sessions, sessions, t, codec.decodeSession),
      }
    },

    async due(partition, t, limit) {
      const { commitId, timers } = of(partition)
      const subjects = [...timers]
        .filter(([, due]) => due <= t)
        .sort(([a, dueA], [b, dueB]) => dueA - dueB || (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([key]) => key)
      return { commitId, subjects }
    },

    async commit(partition, commit) {
      assertPlace(commit.meta, generation, partition)
      assertAscending(commit.outbox)
      const to = of(partition)
      const written = encoded(commit, codec, now())
      if (isStale(to, commit)) return 'stale'
      if (keepCommits > 0) {
        to.undo.push(undoOf(to, written, commit))
        if (to.undo.length > keepCommits) to.undo.shift()
      }
      apply(to, written, commit)
      to.format = formats.present.format
      forget(to, now())
      return 'committed'
    },

    async story(partition, sessionKey) {
      assertHashed([sessionKey])
      const kept = of(partition).stories.get(sessionKey)
      return kept === undefined || kept.until <= now() ? [] : kept.entries.map(decodeStoryEntry)
    },

    async acknowledge(partition, upTo) {
      trim(of(partition), upTo)
    },

    async check() {},
    usage: async () => ({ usedBytes: 0, maxBytes: 0 }),
    async close() {
      closed = true
    },

    rollback(partition, k) {
      const { undo } = of(partition)
      if (k > undo.length)
        throw new StateError(
          'not_kept',
          `${k} commits cannot be taken back, ${undo.length} are kept: raise keepCommits`,
        )
      for (let i = 0; i < k; i++) undo.pop()!()
    },
    wipe: () => partitions.clear(),
    as: (others) => storeOver(partitions, options, others),
  }
}

function isStale({ commitId, meta, lastId }: Partition, commit: Commit): boolean {
  if (commit.expected !== commitId) return true
  if (meta !== null && commit.meta.appliedOffset < meta.appliedOffset) return true
  const first = commit.outbox[0]
  return first !== undefined && compareIds(first, lastId) <= 0
}

interface Written {
  readonly profiles: readonly (readonly [string, Kept])[]
  readonly sessions: readonly (readonly [string, Kept])[]
  readonly stories: readonly (readonly [string, KeptStory])[]
}

/** Everything that may be refused is done here, before the first write. */
function encoded(commit: Commit, codec: StateCodec, t: number): Written {
  assertHashed(commit.profiles.map(([key]) => key))
  assertHashed(commit.sessions.map(([key]) => key))
  assertHashed(commit.timers.map(([key]) => key))
  assertHashed(commit.stories.map(([key]) => key))
  return {
    profiles: commit.profiles.map(([key, state]) => [
      key,
      { bytes: codec.encodeProfile(state), until: t + profileKeptMs(state) },
    ]),
    sessions: commit.sessions.map(([key, state]) => [
      key,
      { bytes: codec.encodeSession(state), until: t + sessionKeptMs },
    ]),
    stories: commit.stories.map(([key, entries]) => [
      key,
      { entries: entries.map(encodeStoryEntry), until: t + sessionKeptMs },
    ]),
  }
}

function apply(to: Partition, written: Written, commit: Commit): void {
  for (const [key, kept] of written.profiles) setLast(to.profiles, key, kept)
  for (const [key, kept] of written.sessions) setLast(to.sessions, key, kept)
  for (const [key, { entries, until }] of written.stories) {
    const all = [...(to.stories.get(key)?.entries ?? []), ...entries]
    setLast(to.stories, key, { entries: all.slice(-storySignals), until })
  }
  for (const [key, due] of commit.timers) setOrDelete(to.timers, key, due ?? undefined)
  for (const entry of commit.outbox) {
    to.outbox.push(entry)
    to.lastId = entry
  }
  if (commit.acknowledged !== null) trim(to, commit.acknowledged)
  to.meta = commit.meta
  to.rebuildUntil = commit.rebuildUntil
  to.commitId = commit.next
}

function trim(to: Partition, upTo: EntryId): void {
  const first = to.outbox.findIndex((entry) => compareIds(entry, upTo) > 0)
  to.outbox = first < 0 ? [] : to.outbox.slice(first)
}

function undoOf(to: Partition, written: Written, commit: Commit): () => void {
  const { commitId, meta, format, rebuildUntil, outbox, lastId } = to
  const entries = [...outbox]
  const profiles = written.profiles.map(([key]) => [key, to.profiles.get(key)] as const)
  const sessions = written.sessions.map(([key]) => [key, to.sessions.get(key)] as const)
  const timers = commit.timers.map(([key]) => [key, to.timers.get(key)] as const)
  const stories = written.stories.map(([key]) => [key, to.stories.get(key)] as const)
  return () => {
    Object.assign(to, { commitId, meta, format, rebuildUntil, outbox: entries, lastId })
    for (const [key, before] of profiles) setOrDelete(to.profiles, key, before)
    for (const [key, before] of sessions) setOrDelete(to.sessions, key, before)
    for (const [key, before] of timers) setOrDelete(to.timers, key, before)
    for (const [key, before] of stories) setOrDelete(to.stories, key, before)
  }
}

function setOrDelete<Value>(map: Map<string, Value>, key: string, value: Value | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

/** Keeps the map in the order of its latest writes. */
function setLast<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
}

/** What has waited longest stands first, so a look at the front of each map is enough. */
function forget({ profiles, sessions, stories }: Partition, t: number): void {
  for (const map of [profiles, sessions, stories])
    for (const [key, { until }] of map) {
      if (until > t) break
      map.delete(key)
    }
}

function decoded<State>(
  keys: readonly string[],
  kept: ReadonlyMap<string, Kept>,
  t: number,
  decode: (bytes: Buffer) => State,
): Map<string, State> {
  const states = new Map<string, State>()
  for (const key of keys) {
    const found = kept.get(key)
    if (found !== undefined && found.until > t) states.set(key, decode(found.bytes))
  }
  return states
}
