import { until } from './processes.mjs'
import { redisCommand, redisFields } from './redis-command.mjs'
import {
  redisMasters,
  redisRole,
  replicaOf,
  sentinelMaster,
  servesCluster,
} from './redis-layout.mjs'

/** @typedef {import('./fleet-node.mjs').Node} Node */
/** @typedef {import('./redis-layout.mjs').RedisFleet} RedisFleet */

/**
 * Cuts a replica off from its master, which goes on acknowledging writes: those are lost when the replica
 * is promoted. In every layout, and without a word to the others: the replica is given a password that its
 * master, which asks for none, refuses. (To pause the replica would lose nothing: what its kernel has taken
 * in meanwhile is applied when it wakes, before it can be promoted.)
 *
 * A cluster and sentinels promote only a replica that was cut off for less than about 20 s.
 *
 * @param {Node} replica
 */
export async function stopReplication(replica) {
  await redisCommand(replica, 'CONFIG', 'SET', 'masterauth', 'refused')
  await redisCommand(replica, 'CLIENT', 'KILL', 'TYPE', 'master')
  await untilLinked(replica, false)
}

/**
 * Lets a replica follow its master again; it may have become a master meanwhile.
 *
 * @param {Node} replica
 */
export async function resumeReplication(replica) {
  await redisCommand(replica, 'CONFIG', 'SET', 'masterauth', '')
  await redisCommand(replica, 'CONFIG', 'REWRITE')
  await untilLinked(replica, true)
}

/**
 * @param {Node} replica
 * @param {boolean} linked
 */
async function untilLinked(replica, linked) {
  const done = await until(async () => {
    const role = await redisRole(replica)
    return role?.role === 'master' || (role?.role === 'replica' && role.linked === linked)
  }, 30_000)
  if (!done)
    throw new Error(
      `the link of ${replica.title} to its master was not ${linked ? 'up' : 'down'} in 30 s`,
    )
}

/**
 * Waits until a replica has all that its master had when it was asked.
 *
 * @param {Node} master
 * @param {Node} replica
 */
export async function untilReplicated(master, replica) {
  const offset = async (/** @type {Node} */ node, /** @type {string} */ field) =>
    Number((await redisFields(node, 'INFO', 'replication')).get(field) ?? -1)
  const wanted = await offset(master, 'master_repl_offset')
  const done = await until(
    async () => (await offset(replica, 'slave_repl_offset')) >= wanted,
    30_000,
    20,
  )
  if (!done) throw new Error(`${replica.title} did not catch up with ${master.title} in 30 s`)
}

/**
 * Makes a replica a master, with what it has; it stays one when it starts again. For the layout `replica`:
 * elsewhere the cluster and the sentinels do it.
 *
 * @param {Node} replica
 */
export async function promote(replica) {
  await redisCommand(replica, 'REPLICAOF', 'NO', 'ONE')
  await redisCommand(replica, 'CONFIG', 'REWRITE')
}

/**
 * Makes a node the replica of another, and waits until it has all its data. For the layout `replica`.
 *
 * @param {Node} node
 * @param {Node} master
 */
export async function follow(node, master) {
  await redisCommand(node, 'REPLICAOF', '127.0.0.1', String(master.port))
  await redisCommand(node, 'CONFIG', 'REWRITE')
  await untilLinked(node, true)
}

/**
 * Kills a master and resolves when its replica has taken its place: at once by `promote`, or when the
 * cluster or the sentinels have done it. The killed one stays down until `rejoin`.
 *
 * @param {RedisFleet} fleet
 * @param {Node} [master] the first of them when absent
 * @returns {Promise<{ killed: Node, promoted: Node }>}
 */
export async function failOver(fleet, master) {
  const killed = master ?? (await redisMasters(fleet))[0]
  if (killed === undefined) throw new Error('no Redis node of the fleet is a master')
  const promoted = await replicaOf(fleet, killed)
  await killed.kill()
  if (fleet.redis === 'replica') await promote(promoted)
  const done = await until(async () => {
    if ((await redisRole(promoted))?.role !== 'master') return false
    if (fleet.redis === 'cluster') return servesCluster(promoted)
    return fleet.redis !== 'sentinel' || (await sentinelMaster(fleet)) === promoted
  }, 30_000)
  if (!done) throw new Error(`${promoted.title} did not take the place of ${killed.title} in 30 s`)
  await resumeReplication(promoted) // for the day when it follows somebody again
  return { killed, promoted }
}

/**
 * Brings a master back that was failed over from, as a replica of the one that took its place. What it
 * alone had acknowledged is gone then.
 *
 * @param {RedisFleet} fleet
 * @param {{ killed: Node, promoted: Node }} failover
 */
export async function rejoin(fleet, { killed, promoted }) {
  await killed.start()
  if (fleet.redis === 'replica') return follow(killed, promoted)
  const done = await until(async () => {
    const role = await redisRole(killed)
    return role?.role === 'replica' && role.linked
  }, 60_000)
  if (!done) throw new Error(`${killed.title} did not follow ${promoted.title} within 60 s`)
}

/**
 * Forgets all data, at every master and so at every replica.
 *
 * @param {Pick<RedisFleet, 'nodes'>} fleet
 */
export async function flushAll(fleet) {
  const masters = await redisMasters(fleet)
  await Promise.all(masters.map((master) => redisCommand(master, 'FLUSHALL')))
}
