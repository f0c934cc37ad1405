/**
 * `holdpoint rebase`: carries the state to a new generation, so that engines go on after the log was cut
 * short, lost records or was made anew. A new generation, because ids and sequences of decisions hold
 * generation and offset: a log made anew repeats offsets, and only a higher generation keeps ids unique
 * and sequences growing.
 */
import { topics } from '@holdpoint/contracts'
import type { Bounds, Log, LogAdmin } from '@holdpoint/log'
import {
  type Carried,
  type Generations,
  type Holding,
  type Opened,
  type OutboxEntry,
  redisGenerations,
  redisStore,
  type StateStore,
} from '@holdpoint/state'
import { CommandError } from '../errors.ts'
import { carriedOf, needsRebase, type PartitionPlan, planOf } from './plan.ts'

/** No log has more: partitions are looked for up to here. */
const partitionsMax = 1_000
/** Decisions sent at once. */
const sendRecords = 500

export interface RebaseOptions {
  readonly log: Log
  readonly redisUrl: string
  /** The generation that the engines had. */
  readonly from: number
  readonly to: number
  /** The consumer groups of engines and ingest: none may have a member. */
  readonly groupIds: readonly string[]
  /** Look, and change nothing. */
  readonly dryRun: boolean
  /** Also where every partition would go on by itself. */
  readonly force: boolean
  /** The topic was made anew: fold every partition from its start. */
  readonly anew: boolean
  /** Hears of the share that is done, 0 to 1. */
  readonly onProgress?: (share: number) => void
}

export interface RebaseReport {
  readonly from: number
  readonly to: number
  readonly dryRun: boolean
  readonly partitions: readonly PartitionPlan[]
  /** Decisions of the outbox, published before all else. */
  readonly published: number
  /** Keys copied to the new generation. */
  readonly copied: number
}

interface Parts {
  readonly admin: LogAdmin
  readonly store: StateStore
  readonly generations: Generations
}

/**
 * @throws CommandError where engines or ingest run, there is nothing to carry or no need to; StateError and LogError
 *   as the parts do. Whatever fails, the old generation has its state and positions as they were, its outbox may
 *   have been published and emptied, and the command can be run again.
 */
export async function rebase(options: RebaseOptions): Promise<RebaseReport> {
  const { log, redisUrl: url, from } = options
  if (options.to <= from)
    throw new CommandError(
      `generation ${options.to} is not after ${from}: sequences of decisions must grow, so --to needs a higher one`,
    )
  const admin = await log.admin()
  const store = redisStore({ url, generation: from })
  const generations = redisGenerations({ url })
  try {
    return await carryAll({ admin, store, generations }, options)
  } finally {
    await Promise.allSettled([store.close(), generations.close(), admin.close()])
  }
}

async function carryAll(parts: Parts, options: RebaseOptions): Promise<RebaseReport> {
  const { from, to, dryRun, force, anew } = options
  await parts.store.check()
  for (const groupId of options.groupIds) await refuseMembers(parts.admin, groupId)
  const { opened, plans } = await look(parts, options)
  const report = { from, to, dryRun, partitions: plans, published: 0, copied: 0 }
  if (dryRun) return report
  if (!force && !anew && !plans.some(needsRebase))
    throw new CommandError(
      `every partition of generation ${from} goes on by itself: nothing needs a rebase (--force carries the state all the same)`,
    )
  const carried = plans.flatMap((plan): readonly Carried[] => {
    const one = carriedOf(opened[plan.partition]!, plan, to)
    return one === null ? [] : [one]
  })
  const published = await publishLeftover(options.log, parts.store, opened)
  const onProgress = options.onProgress ?? (() => undefined)
  const copied = await parts.generations.carry(from, to, carried, onProgress)
  return { ...report, published, copied }
}

/** A running engine would go on in the old generation, and a running ingest would go on with its session index. */
async function refuseMembers(admin: LogAdmin, groupId: string): Promise<void> {
  const members = await admin.members(groupId)
  if (members > 0)
    throw new CommandError(
      `${members} ${members === 1 ? 'process reads' : 'processes read'} in the group '${groupId}': stop ingest and all engines first. One that was killed is counted for another 10 seconds`,
    )
}

async function look(
  { admin, store, generations }: Parts,
  { from, anew }: RebaseOptions,
): Promise<{ readonly opened: readonly Opened[]; readonly plans: readonly PartitionPlan[] }> {
  const count = (await admin.bounds(topics.internal)).length
  const holdings = await generations.holdings(from, partitionsMax)
  const used = holdings.findLastIndex(({ commitId }) => commitId !== '') + 1
  if (used === 0)
    throw new CommandError(
      `generation ${from} holds no state in this Redis: set HOLDPOINT_GENERATION to the one that the engines had, and look at HOLDPOINT_REDIS_URL`,
    )
  if (used > count)
    throw new CommandError(
      `${topics.internal} has ${count} partitions and the state has at least ${used}: subjects would meet another's state. Make the topic anew with as many partitions as it had`,
    )
  const opened: Opened[] = []
  for (let partition = 0; partition < count; partition += 1) {
    const one = await store.open(partition)
    if (one.meta !== null && one.meta.generation !== from)
      throw new CommandError(
        `generation ${from} was begun from ${one.meta.generation} and never finished: set HOLDPOINT_GENERATION to ${one.meta.generation} and run this again with --to ${from}`,
      )
    opened.push(one)
  }
  const bounds = await admin.bounds(topics.internal)
  const raw = await rawBounds(admin, opened)
  const plans = opened.map((one, partition) => {
    const at = bounds[partition]
    if (at === undefined) throw new CommandError(`${topics.internal} has no partition ${partition}`)
    return planOf(partition, one, at, { anew, raw })
  })
  return { opened, plans }
}

/** Of the raw topics whose offsets the state knows, and that exist. */
async function rawBounds(
  admin: LogAdmin,
  opened: readonly Opened[],
): Promise<ReadonlyMap<string, readonly Bounds[]>> {
  const keys = opened.flatMap(({ meta }) => Object.keys(meta?.origins ?? {}))
  const names = new Set(keys.map((key) => key.slice(0, key.lastIndexOf(':'))))
  const found = await admin.describe([...names])
  const bounds = new Map<string, readonly Bounds[]>()
  for (const name of names) if (found.get(name) != null) bounds.set(name, await admin.bounds(name))
  return bounds
}

/**
 * What was committed and perhaps not published, so that the new generation begins with an empty outbox. It
 * may have been published already: the same ids, the same bytes.
 */
async function publishLeftover(
  log: Log,
  store: StateStore,
  opened: readonly Opened[],
): Promise<number> {
  if (opened.every(({ outbox }) => outbox.length === 0)) return 0
  const writer = await log.writer()
  try {
    let published = 0
    for (const [partition, { outbox }] of opened.entries()) {
      for (const entries of inLots(outbox)) {
        await Promise.all(byTopic(entries).map(([topic, records]) => writer.append(topic, records)))
        await store.acknowledge(partition, entries[entries.length - 1]!)
        published += entries.length
      }
    }
    return published
  } finally {
    await writer.close()
  }
}

function* inLots(entries: readonly OutboxEntry[]): Iterable<readonly OutboxEntry[]> {
  for (let at = 0; at < entries.length; at += sendRecords) yield entries.slice(at, at + sendRecords)
}

/** In the order of the outbox within each topic. */
function byTopic(entries: readonly OutboxEntry[]): readonly [string, readonly OutboxEntry[]][] {
  const names = new Set(entries.map(({ topic }) => topic))
  return [...names].map((name) => [name, entries.filter(({ topic }) => topic === name)])
}

/**
 * Removes every generation below `present` from Redis. Answers how many keys there were.
 * @throws CommandError where `present` holds nothing, is not carried whole, or no engine has gone on with it:
 *   then an older one may be the only state
 */
export async function removeOld(options: {
  readonly redisUrl: string
  readonly present: number
  readonly onProgress?: (share: number) => void
}): Promise<number> {
  const { redisUrl, present, onProgress = () => undefined } = options
  const generations = redisGenerations({ url: redisUrl })
  try {
    refuseUnproven(present, await generations.holdings(present, partitionsMax))
    return await generations.remove((generation) => generation < present, onProgress)
  } finally {
    await generations.close()
  }
}

function refuseUnproven(present: number, holdings: readonly Holding[]): void {
  const kept = 'so nothing older is removed'
  if (holdings.every(({ commitId }) => commitId === ''))
    throw new CommandError(
      `generation ${present} holds no state in this Redis, ${kept}: set HOLDPOINT_GENERATION to the one that the engines have`,
    )
  const unfinished = holdings.findIndex(
    ({ commitId, generation }) => commitId !== '' && generation !== present,
  )
  if (unfinished >= 0)
    throw new CommandError(
      `partition ${unfinished} of generation ${present} was never carried whole from ${holdings[unfinished]?.generation}, ${kept}: run the rebase again to its end`,
    )
  const untouched = holdings.findIndex((one) => one.untouched)
  if (untouched >= 0)
    throw new CommandError(
      `no engine has committed to partition ${untouched} of generation ${present} since it was carried, ${kept}: start engines and ingest with HOLDPOINT_GENERATION=${present}, and wait until all partitions go on`,
    )
}
