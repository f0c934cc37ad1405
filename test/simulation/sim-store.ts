/** The state store and the session index for one process, over the embedded twins that all share. */
import { type SessionIndex, StateError, type StateStore } from '@holdpoint/state'
import type { Process, World } from './world.ts'

/** What is told of every commit that the store has taken. */
export type OnCommit = (
  partition: number,
  before: Awaited<ReturnType<StateStore['open']>>,
  commit: Parameters<StateStore['commit']>[1],
  /** The guards that its owner was told with all that it read since it opened the partition or committed. */
  read: ReadonlySet<string>,
) => void

/** How many of a partition's latest commits can be taken back. */
export const commitsKept = 50

export interface SharedStore {
  readonly store: StateStore
  /** How many of its latest commits could be lost, by partition. */
  readonly commits: number[]
  /** The share of its memory that is used: at 1 it refuses every write. */
  full: number
  onCommit: OnCommit
}

const unknown = () =>
  new StateError('redis_unreachable', 'no answer', { transient: true, unknown: true })
const refused = () => new StateError('redis_loading', 'loading', { transient: true })
const outOfMemory = () => new StateError('redis_oom', 'maxmemory is reached', { transient: true })

/** The store as `process` reaches it. */
export function simStore(world: World, shared: SharedStore, process: Process): StateStore {
  const { store } = shared
  const read = new Map<number, Set<string>>()
  const told = (partition: number, commitId: string): void => {
    const ids = read.get(partition) ?? new Set()
    read.set(partition, ids.add(commitId))
  }
  const ask = <T>(what: string, effect: () => Promise<T>): Promise<T> =>
    world.call({
      by: process,
      lane: `${process.name}:store`,
      part: `store ${what}`,
      effect,
      unknown,
      refused,
    })
  return {
    async open(partition) {
      const opened = await ask('open', () => store.open(partition))
      read.set(partition, new Set([opened.commitId]))
      return opened
    },
    async load(partition, wanted) {
      const loaded = await ask('load', () => store.load(partition, wanted))
      told(partition, loaded.commitId)
      return loaded
    },
    async due(partition, t, limit) {
      const due = await ask('due', () => store.due(partition, t, limit))
      told(partition, due.commitId)
      return due
    },
    story: (partition, key) => ask('story', () => store.story(partition, key)),
    async commit(partition, commit) {
      const guards = read.get(partition) ?? new Set()
      const result = await ask('commit', async () => {
        if (shared.full >= 1) {
          world.count('store commit: out of memory')
          throw outOfMemory()
        }
        const before = await store.open(partition)
        const result = await store.commit(partition, commit)
        if (result === 'committed') {
          shared.commits[partition] = Math.min(commitsKept, (shared.commits[partition] ?? 0) + 1)
          shared.onCommit(partition, before, commit, guards)
        }
        return result
      })
      if (result === 'committed') read.set(partition, new Set([commit.next]))
      return result
    },
    acknowledge: (partition, upTo) => ask('trim', () => store.acknowledge(partition, upTo)),
    check: () => ask('check', () => store.check()),
    usage: () => ask('usage', async () => ({ usedBytes: shared.full * 1_000, maxBytes: 1_000 })),
    close: async () => undefined,
  }
}

/** `index` answers with the present one: it may be lost. */
export function simIndex(world: World, index: () => SessionIndex, process: Process): SessionIndex {
  const ask = <T>(what: string, effect: () => Promise<T>): Promise<T> =>
    world.call({
      by: process,
      lane: `${process.name}:index`,
      part: `index ${what}`,
      effect,
      unknown,
      refused,
    })
  return {
    put: (tenant, sessionId, entry) => ask('put', () => index().put(tenant, sessionId, entry)),
    get: (tenant, sessionId) => ask('get', () => index().get(tenant, sessionId)),
  }
}
