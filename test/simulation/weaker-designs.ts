/**
 * Designs that look right and are not, each made of the shipped engine with one of its guards taken away:
 * a simulator that does not catch them proves nothing (docs/explanation/commit-protocol.md).
 */
import { topics } from '@holdpoint/contracts'
import { coreFold, type EngineDeps, type Fold } from '@holdpoint/engine'
import { partitionKey } from '@holdpoint/log'
import type { Commit, OutboxEntry, StateStore } from '@holdpoint/state'
import type { LogData } from './log-data.ts'
import { groups } from './services.ts'

/** Makes an engine of a run weaker. */
export type Weaken = (deps: EngineDeps) => EngineDeps

export interface WeakerDesign {
  /** What is otherwise, and why it fails. */
  readonly what: string
  /** Disasters that show it, so that few runs do. */
  readonly shownBy: readonly string[]
  /** For a run; what it keeps outlives the run's engines. */
  begin(data: LogData): Weaken
}

const rollback = 'store lost its latest commits'
const owners = ['a second owner', 'engine expelled, unaware', 'rebalance of engines']

export const weakerDesigns: Readonly<Record<string, WeakerDesign>> = {
  'publish-before-commit': {
    what: 'read, fold, publish, write without a guard, then move the committed offset, which is the position',
    shownBy: ['every engine killed', ...owners, rollback],
    begin: (data) => (deps) => ({ ...deps, reportMs: 5_000, store: unguarded(data, deps) }),
  },
  'dedupe-keys-first': {
    what: 'a record is marked as done before it is folded and committed: what dies in between is never folded',
    shownBy: ['engine killed', 'every engine killed', rollback],
    begin() {
      const done = new Set<string>()
      return (deps) => ({ ...deps, fold: marking(done) })
    },
  },
  'committed-offset-as-position': {
    what: 'the group’s committed offset is the position, and repeats are known by key: a store that goes back in time is not followed',
    shownBy: [rollback, 'every engine killed', 'rebalance of engines'],
    begin: (data) => (deps) => ({
      ...deps,
      reportMs: 5_000,
      store: positionedBy(data, deps.store),
    }),
  },
  'offset-as-guard': {
    what: 'commits are guarded by the applied offset, read beside the states: an offset comes back, a random id never does',
    shownBy: [rollback, ...owners],
    begin: () => (deps) => ({ ...deps, store: guardedByOffset(deps.store) }),
  },
  'outbox-trimmed-by-count': {
    what: 'as many entries are trimmed as were acknowledged, from the front: after another owner or a rollback those are others',
    shownBy: [rollback, ...owners],
    begin: () => (deps) => ({ ...deps, store: trimmingByCount(deps.store) }),
  },
  'origins-not-kept': {
    what: 'raw offsets are not remembered: what ingest reads again is known only as long as the ring of ids reaches back',
    shownBy: ['ingests’ group forgot its offsets', 'ingest expelled, unaware'],
    begin: () => (deps) => ({ ...deps, fold: forgetful }),
  },
}

function unguarded(data: LogData, { store, log }: EngineDeps): StateStore {
  const writer = log.writer()
  const positioned = positionedBy(data, store)
  /** Whatever the engine has seen last is taken for right. */
  const guards = new Map<number, string>()
  const guardOf = (partition: number): string => guards.get(partition) ?? ''
  return {
    ...store,
    async open(partition) {
      const opened = await positioned.open(partition)
      guards.set(partition, opened.commitId)
      return { ...opened, outbox: [] }
    },
    load: async (partition, wanted) => ({
      ...(await store.load(partition, wanted)),
      commitId: guardOf(partition),
    }),
    due: async (partition, t, limit) => ({
      ...(await store.due(partition, t, limit)),
      commitId: guardOf(partition),
    }),
    async commit(partition, commit) {
      for (const { topic, partition: to, key, value, headers } of commit.outbox) {
        await (await writer).append(topic, [{ partition: to, key, value, headers }])
      }
      const { commitId: expected } = await store.open(partition)
      const result = await positioned.commit(partition, { ...commit, expected })
      if (result === 'committed') guards.set(partition, commit.next)
      return result
    },
  }
}

const marking = (done: Set<string>): Fold => ({
  ...coreFold,
  foldPartition(meta, placed, states, policy) {
    const mark = `${meta.partition}.${placed.offset}`
    if (!done.has(mark)) {
      done.add(mark)
      return coreFold.foldPartition(meta, placed, states, policy)
    }
    const nothing = { ...placed, record: { kind: 'tick', t: 0 } } as const
    return coreFold.foldPartition(meta, nothing, states, policy)
  },
})

function positionedBy(data: LogData, store: StateStore): StateStore {
  return {
    ...store,
    async open(partition) {
      const opened = await store.open(partition)
      const key = partitionKey({ topic: topics.internal, partition })
      const position = data.committed(groups.engine, key) ?? 0
      const meta = opened.meta && { ...opened.meta, appliedOffset: position - 1 }
      return { ...opened, meta }
    },
    async commit(partition, commit) {
      const { meta } = await store.open(partition)
      const appliedOffset = Math.max(meta?.appliedOffset ?? -1, commit.meta.appliedOffset)
      return store.commit(partition, { ...commit, meta: { ...commit.meta, appliedOffset } })
    },
  }
}

function guardedByOffset(store: StateStore): StateStore {
  /** What the engine takes for the guard, and the offset that it stands for. */
  const known = new Map<number, { readonly id: string; readonly offset: number }>()
  const guardAt = async (partition: number): Promise<string> => {
    const offset = (await store.open(partition)).meta?.appliedOffset ?? -1
    const mine = known.get(partition)
    return mine?.offset === offset ? mine.id : `offset ${offset}`
  }
  return {
    ...store,
    async open(partition) {
      const opened = await store.open(partition)
      const offset = opened.meta?.appliedOffset ?? -1
      const id = `offset ${offset}`
      known.set(partition, { id, offset })
      return { ...opened, commitId: id }
    },
    async load(partition, wanted) {
      const commitId = await guardAt(partition)
      return { ...(await store.load(partition, wanted)), commitId }
    },
    async due(partition, t, limit) {
      const commitId = await guardAt(partition)
      return { ...(await store.due(partition, t, limit)), commitId }
    },
    async commit(partition, commit) {
      const mine = known.get(partition)
      const { commitId, meta } = await store.open(partition)
      if (mine?.id !== commit.expected || mine.offset !== (meta?.appliedOffset ?? -1))
        return 'stale'
      const result = await store.commit(partition, { ...commit, expected: commitId })
      const offset = commit.meta.appliedOffset
      if (result === 'committed') known.set(partition, { id: commit.next, offset })
      return result
    },
  }
}

function trimmingByCount(store: StateStore): StateStore {
  /** Entries that this owner knows to be in the outbox, by partition. */
  const waiting = new Map<number, OutboxEntry[]>()
  const of = (partition: number): OutboxEntry[] => waiting.get(partition) ?? []
  async function trim(partition: number, upTo: NonNullable<Commit['acknowledged']>) {
    const acknowledged = of(partition).filter(
      ({ offset, index }) =>
        offset < upTo.offset || (offset === upTo.offset && index <= upTo.index),
    )
    waiting.set(partition, of(partition).slice(acknowledged.length))
    const { outbox } = await store.open(partition)
    const last = outbox[Math.min(acknowledged.length, outbox.length) - 1]
    if (last !== undefined) await store.acknowledge(partition, last)
  }
  return {
    ...store,
    async open(partition) {
      const opened = await store.open(partition)
      waiting.set(partition, [...opened.outbox])
      return opened
    },
    async commit(partition, commit) {
      const result = await store.commit(partition, { ...commit, acknowledged: null })
      if (result === 'stale') return result
      if (commit.acknowledged !== null) await trim(partition, commit.acknowledged)
      waiting.set(partition, [...of(partition), ...commit.outbox])
      return result
    },
    acknowledge: trim,
  }
}

const forgetful: Fold = {
  ...coreFold,
  foldPartition(meta, placed, states, policy) {
    const blind = {
      profile: (key: string) => states.profile(key),
      session: (key: string) => states.session(key),
      dueSubjects: (t: number, limit: number) => states.dueSubjects(t, limit),
      origin: () => -1,
    }
    const result = coreFold.foldPartition(meta, placed, blind, policy)
    const { origin } = result
    // The highest stays written, so that only what a repeat does gives it away.
    return origin === null || origin.offset > states.origin(origin.key)
      ? result
      : { ...result, origin: null }
  },
}
