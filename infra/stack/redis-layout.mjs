import { MendableError, runOrExplain } from '../bin/lib/command.mjs'
import { sentinelMasterName } from './fleet-parts.mjs'
import { until } from './processes.mjs'
import { redisCommand, redisFields } from './redis-command.mjs'

/** @typedef {import('./fleet-node.mjs').Node} Node */
/** @typedef {Pick<import('./fleet.mjs').Fleet, 'nodes' | 'redis'>} RedisFleet */

/**
 * The nodes that hold data.
 *
 * @param {Pick<RedisFleet, 'nodes'>} fleet
 * @returns {Node[]}
 */
const redisNodes = ({ nodes }) =>
  [...nodes.values()].filter(({ name }) => name.startsWith('redis-'))

/** @param {Pick<RedisFleet, 'nodes'>} fleet */
const sentinels = ({ nodes }) =>
  [...nodes.values()].filter(({ name }) => name.startsWith('sentinel-'))

/**
 * What a node takes itself for.
 *
 * @param {Node} node
 * @returns {Promise<{ role: 'master' } | { role: 'replica', masterPort: number, linked: boolean } | undefined>}
 *   `linked` says whether its master's writes reach it; undefined while it does not answer
 */
export async function redisRole(node) {
  if (!(await node.answers())) return undefined
  const info = await redisFields(node, 'INFO', 'replication')
  if (info.get('role') === 'master') return { role: 'master' }
  return {
    role: 'replica',
    masterPort: Number(info.get('master_port')),
    linked: info.get('master_link_status') === 'up' && info.get('master_sync_in_progress') === '0',
  }
}

/**
 * The nodes that take themselves for masters; those that do not answer are left out. After a failover the
 * old master is one of them until it has heard of it.
 *
 * @param {Pick<RedisFleet, 'nodes'>} fleet
 * @returns {Promise<Node[]>}
 */
export async function redisMasters(fleet) {
  const nodes = redisNodes(fleet)
  const roles = await Promise.all(nodes.map(redisRole))
  return nodes.filter((_, index) => roles[index]?.role === 'master')
}

/**
 * The replica of a master.
 *
 * @param {Pick<RedisFleet, 'nodes'>} fleet
 * @param {Node} master
 * @returns {Promise<Node>}
 * @throws when it has none
 */
export async function replicaOf(fleet, master) {
  for (const node of redisNodes(fleet)) {
    const role = await redisRole(node)
    if (role?.role === 'replica' && role.masterPort === master.port) return node
  }
  throw new Error(`no node that answers is a replica of ${master.title}`)
}

/**
 * Whom the sentinels name: each that answers is asked.
 *
 * @param {Pick<RedisFleet, 'nodes'>} fleet
 * @returns {Promise<Node | undefined>} undefined while they differ, or name a node that is not of the fleet
 */
export async function sentinelMaster(fleet) {
  const asked = sentinels(fleet).map(async (sentinel) => {
    if (!(await sentinel.answers())) return undefined
    const command = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', sentinelMasterName]
    return Number((await redisCommand(sentinel, ...command)).split('\n')[1])
  })
  const ports = new Set((await Promise.all(asked)).filter((port) => port !== undefined))
  return ports.size === 1 ? redisNodes(fleet).find(({ port }) => ports.has(port)) : undefined
}

/**
 * Makes one cluster of nodes that know nothing of each other: the first half masters, the others their replicas.
 *
 * @param {ReadonlyMap<string, Node>} nodes
 * @throws {MendableError} with what redis-cli said
 */
export function createCluster(nodes) {
  const addresses = redisNodes({ nodes }).map(({ port }) => `127.0.0.1:${port}`)
  const options = ['--cluster-replicas', '1', '--cluster-yes']
  return runOrExplain('redis-cli', ['--cluster', 'create', ...addresses, ...options])
}

/**
 * Whether all is as at the start: every node answers, half of them are masters, each of them is followed by
 * a replica that its writes reach, and the nodes of a cluster (the sentinels, where they watch) agree on it.
 *
 * @param {RedisFleet} fleet
 */
async function redisWhole(fleet) {
  const nodes = redisNodes(fleet)
  const roles = await Promise.all(nodes.map(redisRole))
  const masters = nodes.filter((_, index) => roles[index]?.role === 'master')
  const followed = new Set(
    roles.flatMap((role) => (role?.role === 'replica' && role.linked ? [role.masterPort] : [])),
  )
  if (masters.length * 2 !== nodes.length) return false
  if (!masters.every(({ port }) => followed.has(port))) return false
  if (fleet.redis === 'cluster')
    return (await Promise.all(nodes.map(seesClusterWhole))).every(Boolean)
  return fleet.redis !== 'sentinel' || (await sentinelMaster(fleet)) === masters[0]
}

/**
 * Waits until all is as at the start, 60 s at most.
 *
 * @param {RedisFleet} fleet
 */
export async function untilRedisWhole(fleet) {
  if (!(await until(() => redisWhole(fleet), 60_000)))
    throw new MendableError(`Redis (${fleet.redis}) was not whole again within 60 s`)
}

/**
 * Whether a node serves all slots of the cluster, or would send one on.
 *
 * @param {Node} node
 */
export async function servesCluster(node) {
  const info = await redisFields(node, 'CLUSTER', 'INFO')
  return info.get('cluster_state') === 'ok' && info.get('cluster_slots_ok') === '16384'
}

/** @param {Node} node */
async function seesClusterWhole(node) {
  if (!(await servesCluster(node))) return false
  const view = await redisCommand(node, 'CLUSTER', 'NODES')
  return !/fail|handshake|noaddr|disconnected/.test(view)
}
