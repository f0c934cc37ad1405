/** The state store on Redis: one Redis, Sentinel or Cluster. */
import { type Detector, detectors as registry } from '@holdpoint/risk'
import { type StateFormats, shippedFormats } from './formats.ts'
import { profileKeptMs, sessionKeptMs } from './lifetimes.ts'
import { assertPlace, metaFromValues, metaValues } from './meta.ts'
import {
  assertAscending,
  entryArguments,
  entryFromStream,
  streamId,
  streamIdAfter,
} from './outbox.ts'
import { assertHashed, type PartitionKeys, partitionKeys } from './partition-keys.ts'
import {
  type Commit,
  type Loaded,
  type Opened,
  type OutboxEntry,
  StateError,
  type StateStore,
} from './ports.ts'
import { checkServer, memoryUsage } from './redis-check.ts'
import { type RedisConnectionOptions, redisConnection } from './redis-connection.ts'
import { commitScript, dueScript, loadScript, openScript } from './scripts.ts'
import { type StateCodec, stateCodec } from './state-codec.ts'
import { decodeStoryEntry, encodeStoryEntry } from './story-codec.ts'

export interface RedisStoreOptions extends RedisConnectionOptions {
  readonly generation: number
  /** Whose memories the states hold; the registry's where not said. */
  readonly detectors?: readonly Detector[]
  /** Of another release, in tests. */
  readonly formats?: StateFormats
}

const outboxPage = 1_000
/** A takeover that sees a commit at every one of these has a living owner beside it. */
const openAttempts = 5

type Argument = string | Buffer
type Script<Reply> = (keyCount: number, ...args: readonly (readonly Argument[])[]) => Promise<Reply>

/** The commands that `defineCommand` adds, in the variant that answers in bytes. */
interface Scripts {
  hpLoadBuffer: Script<[commitId: Buffer, ...states: (Buffer | null)[]]>
  hpOpenBuffer: Script<
    [meta: (Buffer | null)[], outbox: (readonly [id: Buffer, fields: readonly Buffer[]])[]]
  >
  hpDueBuffer: Script<[commitId: Buffer, subjects: Buffer[]]>
  hpCommit: Script<number>
}

/** Connects in the background; the first call waits for the connection until its deadline. */
export function redisStore(options: RedisStoreOptions): StateStore {
  const { generation, formats = shippedFormats } = options
  const codec = stateCodec(options.detectors ?? registry, formats)
  const connection = redisConnection(options)
  const { client, run } = connection
  client.defineCommand('hpLoad', { lua: loadScript })
  client.defineCommand('hpOpen', { lua: openScript })
  client.defineCommand('hpDue', { lua: dueScript })
  client.defineCommand('hpCommit', { lua: commitScript })
  const scripts = client as unknown as Scripts
  const keysOf = (partition: number): PartitionKeys => partitionKeys(generation, partition)

  async function readAll(partition: number): Promise<Opened | 'changed'> {
    const { meta, outbox } = keysOf(partition)
    const entries: OutboxEntry[] = []
    let commitId: string | null = null
    let from = '-'
    for (;;) {
      const page = [from, String(outboxPage)]
      const [values, items] = await run(`open partition ${partition}`, false, () =>
        scripts.hpOpenBuffer(2, [meta, outbox], page),
      )
      const found = values[0]?.toString() ?? ''
      if (commitId !== null && commitId !== found) return 'changed'
      commitId = found
      for (const item of items) entries.push(entryFromStream(item))
      if (items.length === outboxPage) {
        from = `(${streamId(entries[entries.length - 1]!)}`
        continue
      }
      if (found === '') return { commitId, meta: null, rebuildUntil: 0, outbox: entries }
      return { commitId, ...metaFromValues(values.slice(1), formats), outbox: entries }
    }
  }

  return {
    async open(partition) {
      for (let attempt = 0; attempt < openAttempts; attempt++) {
        const opened = await readAll(partition)
        if (opened !== 'changed') return opened
      }
      throw new StateError(
        'contended',
        `partition ${partition} is still being written by another owner: wait for it to stop`,
        { transient: true },
      )
    },

    async load(partition, wanted): Promise<Loaded> {
      assertHashed(wanted.profiles)
      assertHashed(wanted.sessions)
      const { meta, profile, session } = keysOf(partition)
      const profileKeys = wanted.profiles.map((key) => profile + key)
      const sessionKeys = wanted.sessions.map((key) => session + key)
      const keyCount = 1 + profileKeys.length + sessionKeys.length
      const [commitId, ...states] = await run(`load from partition ${partition}`, false, () =>
        scripts.hpLoadBuffer(keyCount, [meta], profileKeys, sessionKeys),
      )
      return {
        commitId: commitId.toString(),
        profiles: decoded(wanted.profiles, states, 0, codec.decodeProfile),
        sessions: decoded(wanted.sessions, states, profileKeys.length, codec.decodeSession),
      }
    },

    async due(partition, t, limit) {
      const { meta, timers } = keysOf(partition)
      const [commitId, subjects] = await run(`timers of partition ${partition}`, false, () =>
        scripts.hpDueBuffer(2, [meta, timers], [String(t), String(limit)]),
      )
      return { commitId: commitId.toString(), subjects: subjects.map((key) => key.toString()) }
    },

    // Not async up to `run`: commits must be sent in the order in which they are made.
    async commit(partition, commit) {
      assertPlace(commit.meta, generation, partition)
      assertAscending(commit.outbox)
      const { keys, args } = commitCall(keysOf(partition), commit, codec, formats)
      const applied = await run(`commit to partition ${partition}`, true, () =>
        scripts.hpCommit(keys.length, keys, args),
      )
      return applied === 1 ? 'committed' : 'stale'
    },

    async story(partition, sessionKey) {
      assertHashed([sessionKey])
      const key = keysOf(partition).story + sessionKey
      const entries = await run(`read a story of partition ${partition}`, false, () =>
        client.lrangeBuffer(key, 0, -1),
      )
      return entries.map(decodeStoryEntry)
    },

    async acknowledge(partition, upTo) {
      await run(`trim the outbox of partition ${partition}`, false, () =>
        client.xtrim(keysOf(partition).outbox, 'MINID', streamIdAfter(upTo)),
      )
    },

    async check() {
      await run('check Redis', false, () => checkServer(connection.masters()))
    },
    usage: () => run('read the memory of Redis', false, () => memoryUsage(connection.masters())),
    close: connection.close,
  }
}

function decoded<State>(
  keys: readonly string[],
  bytes: readonly (Buffer | null)[],
  start: number,
  decode: (bytes: Buffer) => State,
): Map<string, State> {
  const states = new Map<string, State>()
  for (let i = 0; i < keys.length; i++) {
    const found = bytes[start + i]
    if (found) states.set(keys[i]!, decode(found))
  }
  return states
}

/** What `commitScript` takes, in its order. */
function commitCall(
  { meta, outbox, timers, profile, session, story }: PartitionKeys,
  commit: Commit,
  codec: StateCodec,
  formats: StateFormats,
): { keys: string[]; args: Argument[] } {
  const set = commit.timers.filter(([, due]) => due !== null)
  const removed = commit.timers.filter(([, due]) => due === null)
  const keys = [meta, outbox, timers]
  const args: Argument[] = [
    commit.expected,
    commit.next,
    ...metaValues(commit.meta, commit.rebuildUntil, formats),
    commit.acknowledged === null ? '' : streamIdAfter(commit.acknowledged),
    String(commit.outbox.length),
    String(set.length),
    String(removed.length),
    String(commit.stories.length),
    String(commit.stories.reduce((sum, [, entries]) => sum + entries.length, 0)),
  ]
  assertHashed(allKeys(commit))
  for (const [key, state] of commit.profiles) {
    keys.push(profile + key)
    args.push(codec.encodeProfile(state), seconds(profileKeptMs(state)))
  }
  for (const [key, state] of commit.sessions) {
    keys.push(session + key)
    args.push(codec.encodeSession(state), seconds(sessionKeptMs))
  }
  for (const entry of commit.outbox) args.push(...entryArguments(entry))
  for (const [key, due] of set) args.push(String(due), key)
  for (const [key] of removed) args.push(key)
  for (const [index, [key, entries]] of commit.stories.entries()) {
    keys.push(story + key)
    for (const entry of entries) args.push(String(index + 1), encodeStoryEntry(entry))
  }
  return { keys, args }
}

function* allKeys(commit: Commit): Iterable<string> {
  for (const [key] of commit.profiles) yield key
  for (const [key] of commit.sessions) yield key
  for (const [key] of commit.timers) yield key
  for (const [key] of commit.stories) yield key
}

const seconds = (ms: number): string => String(Math.ceil(ms / 1_000))
