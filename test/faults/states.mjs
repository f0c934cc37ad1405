import { isDeepStrictEqual } from 'node:util'
import { run } from '../../infra/bin/lib/command.mjs'
import { redisCommand } from '../../infra/stack/redis-command.mjs'
import { redisMasters } from '../../infra/stack/redis-layout.mjs'

// What is left in Redis, held against the fold: the states through the store, and beside it, with redis-cli,
// which keys there are at all and the timers.

/**
 * @typedef {object} KeptPartition
 * @property {Set<string>} profiles keys
 * @property {Set<string>} sessions keys
 * @property {Map<string, number>} timers when a subject's first is due, ms
 *
 * @typedef {ReadonlyMap<number, KeptPartition>} Kept by partition of the log
 */

const scanMs = 60_000

/**
 * @param {Pick<import('../../infra/stack/fleet.mjs').Fleet, 'nodes'>} fleet whose Redis is whole
 * @param {number} generation
 * @returns {Promise<Kept>}
 * @throws {Error} where a node does not answer
 */
export async function keptInRedis(fleet, generation) {
  /** @type {Map<number, KeptPartition>} */
  const kept = new Map()
  for (const master of await redisMasters(fleet)) {
    const args = ['-e', '-h', '127.0.0.1', '-p', String(master.port), '--scan']
    const pattern = ['--pattern', `{hp:${generation}:*`]
    const { code, output } = await run('redis-cli', [...args, ...pattern], { timeoutMs: scanMs })
    if (code !== 0) throw new Error(`${master.title} does not list its keys: ${output.trimEnd()}`)
    for (const name of output.split('\n')) {
      const [, number, sort, key = ''] = /^\{hp:\d+:(\d+)\}:([a-z]+)(?::(.*))?$/.exec(name) ?? []
      if (number === undefined) continue
      const partition = kept.get(Number(number)) ?? {
        profiles: new Set(),
        sessions: new Set(),
        timers: new Map(),
      }
      kept.set(Number(number), partition)
      if (sort === 's') partition.profiles.add(key)
      if (sort === 'x') partition.sessions.add(key)
      if (sort === 't') partition.timers = await timersIn(master, name)
    }
  }
  return kept
}

/**
 * @param {import('../../infra/stack/redis-command.mjs').RedisNode} node
 * @param {string} name of a sorted set
 */
async function timersIn(node, name) {
  const lines = (await redisCommand(node, 'ZRANGE', name, '0', '-1', 'WITHSCORES')).split('\n')
  const timers = new Map()
  for (let at = 0; at + 1 < lines.length; at += 2) timers.set(lines[at], Number(lines[at + 1]))
  return timers
}

/**
 * How what is kept differs from the fold.
 *
 * @param {Pick<import('./oracle.mjs').Folded, 'partitions'>} folded
 * @param {import('@holdpoint/state').StateStore} store
 * @param {Kept} kept
 * @returns {Promise<readonly string[]>}
 */
export async function judgeStates({ partitions }, store, kept) {
  const differing = [...kept.keys()]
    .filter((partition) => !partitions.has(partition))
    .map((partition) => `partition ${partition} has state, and no log`)
  for (const [partition, folded] of partitions) {
    differing.push(...(await judgePosition(partition, folded.meta, store)))
    differing.push(...judgeKeys(partition, folded, kept.get(partition)))
    for (const keys of portions([...folded.profiles.keys()], 500)) {
      const loaded = await store.load(partition, { profiles: keys, sessions: [] })
      for (const key of keys)
        if (!isDeepStrictEqual(loaded.profiles.get(key), folded.profiles.get(key)))
          differing.push(`profile ${key} of partition ${partition}`)
    }
    for (const keys of portions([...folded.sessions.keys()], 500)) {
      const loaded = await store.load(partition, { profiles: [], sessions: keys })
      for (const key of keys)
        if (!isDeepStrictEqual(loaded.sessions.get(key), folded.sessions.get(key)))
          differing.push(`session ${key} of partition ${partition}`)
    }
  }
  return differing
}

/**
 * @param {number} partition
 * @param {import('@holdpoint/engine').Refolded['meta']} meta
 * @param {import('@holdpoint/state').StateStore} store
 */
async function judgePosition(partition, meta, store) {
  const opened = await store.open(partition)
  const differing = []
  if (!isDeepStrictEqual(opened.meta, meta))
    differing.push(
      `position of partition ${partition}: ${opened.meta?.appliedOffset}, not ${meta.appliedOffset}`,
    )
  if (opened.outbox.length > 0)
    differing.push(`the outbox of partition ${partition} holds ${opened.outbox.length}`)
  return differing
}

/**
 * Keys that the fold does not know, and timers that are not those of its profiles. (What the fold knows and
 * Redis lacks is found when it is loaded.)
 *
 * @param {number} partition
 * @param {import('@holdpoint/engine').Refolded} folded
 * @param {KeptPartition} [kept]
 */
function judgeKeys(partition, { profiles, sessions }, kept) {
  const differing = []
  for (const key of kept?.profiles ?? [])
    if (!profiles.has(key)) differing.push(`profile ${key} of partition ${partition}, unknown`)
  for (const key of kept?.sessions ?? [])
    if (!sessions.has(key)) differing.push(`session ${key} of partition ${partition}, unknown`)
  const due = timersOf(profiles)
  for (const key of new Set([...due.keys(), ...(kept?.timers.keys() ?? [])]))
    if (due.get(key) !== kept?.timers.get(key))
      differing.push(
        `timer ${key} of partition ${partition}: ${kept?.timers.get(key)}, not ${due.get(key)}`,
      )
  return differing
}

/**
 * When the first timer of each profile that has any is due, ms.
 *
 * @param {import('@holdpoint/engine').Refolded['profiles']} profiles
 * @returns {Map<string, number>}
 */
export const timersOf = (profiles) =>
  new Map(
    [...profiles].flatMap(([key, { timers }]) =>
      timers.length === 0
        ? []
        : [/** @type {const} */ ([key, Math.min(...timers.map(({ due }) => due))])],
    ),
  )

/**
 * @template T
 * @param {readonly T[]} items
 * @param {number} size
 */
function portions(items, size) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  )
}
