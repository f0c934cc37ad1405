/**
 * Designs that look right and are not, each made of the shipped engine with one of its guards taken away:
 * a simulator that does not catch them proves nothing (docs/explanation/commit-protocol.md).
 */
import { topics } from '@holdpoint/contracts'
import { coreFold, type EngineDeps, type Fold } from '@holdpoint/engine'
import { type Log, type NewRecord, partitionKey } from '@holdpoint/log'
import type { Commit, OutboxEntry, StateStore } from '@holdpoint/state'
import type { DisasterName } from './disasters.ts'
import type { LogData } from './log-data.ts'
import { groups } from './services.ts'
import type { Promised } from './verdict.ts'

/** Makes an engine of a run weaker. */
export type Weaken = (deps: EngineDeps) => EngineDeps

export interface WeakerDesign {
  /** What is otherwise, and why it fails. */
  readonly what: string
  /** Disasters that show it, so that few runs do. */
  readonly shownBy: readonly DisasterName[]
  /** What it breaks: any of these, found by the checks. */
  readonly breaks: readonly Promised[]
  /** For a run; what it keeps outlives the run's engines. */
  begin(data: LogData): Weaken
}

const rollback = 'store lost its latest commits'
const owners: readonly DisasterName[] = [
  'a second owner',
  'engine expelled, unaware',
  'rebalance of engines',
]

export const weakerDesigns: Readonly<Record<string, WeakerDesign>> = {
  'publish-before-commit': {
    what: 'read, fold, publish, write without a guard, then move the committed offset, which is the position: no guard, no outbox, no position in the state',
    shownBy: ['every engine killed', ...owners, rollback],
    breaks: ['I1', 'I2', 'I7'],
    begin: (data) => (deps) => ({ ...deps, reportMs: 5_000, store: unguarded(data, deps) }),
  },
  'dedupe-keys-first': {
    what: 'a record is marked as done before it is folded and committed: what dies in between is never folded',
    shownBy: ['engine killed', 'every engine killed', rollback],
    breaks: ['I1'],
    begin() {
      const done = new Set<string>()
      return (deps) => ({ ...deps, fold: marking(done) })
    },
  },
  'committed-offset-as-position': {
    what: 'the committed offset of the group is the position, and repeats are known by key: a store that goes back in time is not followed',
    shownBy: [rollback, 'every engine killed', 'rebalance of engines'],
    breaks: ['I1'],
    begin: (data) => (deps) => ({
      ...deps,
      reportMs: 5_000,
      store: positionedBy(data, deps.store),
    }),
  },
  'offset-as-guard': {
    what: 'commits are guarded by the applied offset, read beside the states: an offset comes back, a random id never does',
    shownBy: [
      'store lost commits under an engine that loads, and freezes',
      'store lost commits under an engine that loads, and freezes',
      'a second owner',
      'a second owner',
      rollback,
    ],
    breaks: ['I1', 'I7'],
    begin: () => (deps) => ({ ...deps, store: guardedByOffset(deps.store) }),
  },
  'outbox-trimmed-by-count': {
    what: 'as many entries are trimmed as were acknowledged, from the front: after another owner or a rollback those are others, and entries are lost or stay for ever',
    shownBy: [
      'a second owner',
      'engine expelled, unaware',
      'engine killed with a send under way',
      'engine frozen',
      rollback,
    ],
    breaks: ['I2', 'I9'],
    begin: () => (deps) => ({ ...deps, store: trimmingByCount(deps.store) }),
  },
  'sends-not-awaited': {
    what: 'a send counts as done when it is begun, and is repeated beside later ones: decisions overtake each other, or die with the process',
    shownBy: ['engine killed with a send under way', 'every engine killed'],
    breaks: ['I2', 'I4'],
    begin: () => (deps) => ({ ...deps, log: sendingBlindly(deps.log) }),
  },
  'origins-not-kept': {
    what: 'raw offsets are not remembered: what ingest reads again is known only as long as the ring of ids reaches back',
    shownBy: ['ingests: group forgot its offsets', 'ingest expelled, unaware'],
    breaks: ['I1'],
    begin: () => (deps) => ({ ...deps, fold: forgetful }),
  },
}

/**
 * The design of that name; null for '', the shipped one.
 * @throws Error that names the designs there are
 */
export function designOf(name: string): WeakerDesign | null {
  if (name === '') return null
  const found = weakerDesigns[name]
  if (found !== undefined) return found
  throw new Error(`no design '${name}': it is one of ${Object.keys(weakerDesigns).join(', ')}`)
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

export function guardedByOffset(store: StateStore): StateStore {
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

function sendingBlindly(log: Log): Log {
  return {
    ...log,
    async writer() {
      const writer = await log.writer()
      const send = (topic: string, records: readonly NewRecord[]): void => {
        writer.append(topic, records).catch(() => setTimeout(() => send(topic, records), 500))
      }
      return { ...writer, append: async (topic, records) => send(topic, records) }
    },
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
