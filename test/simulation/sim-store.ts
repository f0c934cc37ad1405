/** The state store and the session index for one process, over the embedded twins that all share. */
import { type SessionIndex, StateError, type StateStore } from '@holdpoint/state'
import type { Process, World } from './world.ts'

/** What is told of every commit that the store has taken. */
export type OnCommit = (
  partition: number,
  before: Awaited<ReturnType<StateStore['open']>>,
  commit: Parameters<StateStore['commit']>[1],
) => void

export interface SharedStore {
  readonly store: StateStore
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
    open: (partition) => ask('open', () => store.open(partition)),
    load: (partition, wanted) => ask('load', () => store.load(partition, wanted)),
    due: (partition, t, limit) => ask('due', () => store.due(partition, t, limit)),
    commit: (partition, commit) =>
      ask('commit', async () => {
        if (shared.full >= 1) {
          world.count('store commit: out of memory')
          throw outOfMemory()
        }
        const before = await store.open(partition)
        const result = await store.commit(partition, commit)
        if (result === 'committed') shared.onCommit(partition, before, commit)
        return result
      }),
    acknowledge: (partition, upTo) => ask('trim', () => store.acknowledge(partition, upTo)),
    check: () => ask('check', () => store.check()),
    usage: () => ask('usage', async () => ({ usedBytes: shared.full * 1_000, maxBytes: 1_000 })),
    close: async () => undefined,
  }
}

export function simIndex(world: World, index: SessionIndex, process: Process): SessionIndex {
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
    put: (tenant, sessionId, entry) => ask('put', () => index.put(tenant, sessionId, entry)),
    get: (tenant, sessionId) => ask('get', () => index.get(tenant, sessionId)),
  }
}
