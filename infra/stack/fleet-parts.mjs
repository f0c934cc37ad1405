import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { redisAnswers } from './answers.mjs'
import { brokerSettings, kafkaPart, redisSettings, redisVersion, registryPart } from './parts.mjs'

/** @typedef {import('./parts.mjs').Part} Part */

/**
 * How the Redis nodes of a fleet stand to each other: a master with a replica, three masters with a
 * replica each as a cluster, or a master with a replica that three sentinels watch.
 *
 * @typedef {'replica' | 'cluster' | 'sentinel'} RedisLayout
 */

/** @typedef {{ id: number, name: string, port: number }} KafkaNodeAddress */

/**
 * What a fleet is made of.
 *
 * @typedef {object} FleetPlan
 * @property {string} dir everything that it writes
 * @property {number} basePort it takes this port and the `portRange - 1` after it
 * @property {number} kafka nodes, 0 to 9
 * @property {RedisLayout} redis
 * @property {boolean} registry
 * @property {(node: KafkaNodeAddress) => number} advertised the port that a broker tells its clients
 */

/** How many ports a fleet takes. */
export const portRange = 70

/** The master's name among the sentinels. */
export const sentinelMasterName = 'holdpoint'

/** Redis nodes by layout; the first half are masters to begin with. */
const redisCount = { replica: 2, cluster: 6, sentinel: 2 }
const sentinelCount = { replica: 0, cluster: 0, sentinel: 3 }

/** Many on few cores, living for minutes: Java's quick compiler alone costs the least. */
const shortLived = ['-XX:TieredStopAtLevel=1']

/** @param {number} length */
const oneTo = (length) => Array.from({ length }, (_, index) => index + 1)

/** @param {number} basePort */
const portsOf = (basePort) => ({
  broker: (/** @type {number} */ id) => basePort + id,
  controller: (/** @type {number} */ id) => basePort + 10 + id,
  replication: (/** @type {number} */ id) => basePort + 20 + id,
  registry: basePort + 30,
  redis: (/** @type {number} */ id) => basePort + 40 + id,
  sentinel: (/** @type {number} */ id) => basePort + 50 + id,
  clusterBus: (/** @type {number} */ id) => basePort + 60 + id,
})

/**
 * The parts of a fleet, in the order of their names.
 *
 * @param {FleetPlan} plan
 * @returns {Part[]}
 */
export function fleetParts(plan) {
  const { basePort, kafka, redis, registry } = plan
  return [
    ...oneTo(kafka).map((id) => kafkaNode(plan, id)),
    ...(registry ? [registryPart(portsOf(basePort).registry, shortLived)] : []),
    ...oneTo(redisCount[redis]).map((id) => redisNode(plan, id)),
    ...oneTo(sentinelCount[redis]).map((id) => sentinelNode(plan, id)),
  ]
}

/**
 * What a program needs to know of a fleet, under the names that Holdpoint's services read.
 *
 * @param {FleetPlan} plan
 * @returns {Record<string, string>}
 */
export function fleetAddresses(plan) {
  const { basePort, kafka, redis, registry } = plan
  const ports = portsOf(basePort)
  const at = (/** @type {number} */ port) => `127.0.0.1:${port}`
  const redisHosts = oneTo(redisCount[redis]).map((id) => at(ports.redis(id)))
  const sentinelHosts = oneTo(sentinelCount[redis]).map((id) => at(ports.sentinel(id)))
  const redisUrl = {
    replica: `redis://${redisHosts[0]}`,
    cluster: `redis+cluster://${redisHosts.join(',')}`,
    sentinel: `redis+sentinel://${sentinelHosts.join(',')}/${sentinelMasterName}`,
  }
  return {
    HOLDPOINT_REDIS_URL: redisUrl[redis],
    ...(kafka > 0 && {
      HOLDPOINT_KAFKA_BROKERS: oneTo(kafka)
        .map((id) => at(advertisedPort(plan, id)))
        .join(','),
    }),
    ...(registry && { HOLDPOINT_REGISTRY_URL: `http://${at(ports.registry)}/apis/ccompat/v7` }),
  }
}

/**
 * @param {FleetPlan} plan
 * @param {number} id
 */
const advertisedPort = ({ basePort, advertised }, id) =>
  advertised({ id, name: `kafka-${id}`, port: portsOf(basePort).broker(id) })

/**
 * Broker and voting controller in one. Brokers copy from each other on a listener of their own, so that
 * what stands between clients and a broker stands between those alone.
 *
 * @param {FleetPlan} plan
 * @param {number} id
 * @returns {Part}
 */
function kafkaNode(plan, id) {
  const ports = portsOf(plan.basePort)
  const replicas = Math.min(plan.kafka, 3)
  const inSync = Math.min(plan.kafka, 2)
  const on = (/** @type {string} */ name, /** @type {number} */ port) =>
    `${name}://127.0.0.1:${port}`
  const brothers = on('REPLICATION', ports.replication(id))
  const settings = {
    ...brokerSettings,
    listeners: [
      on('PLAINTEXT', ports.broker(id)),
      brothers,
      on('CONTROLLER', ports.controller(id)),
    ].join(','),
    'advertised.listeners': [on('PLAINTEXT', advertisedPort(plan, id)), brothers].join(','),
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'REPLICATION',
    'controller.quorum.voters': oneTo(plan.kafka)
      .map((voter) => `${voter}@127.0.0.1:${ports.controller(voter)}`)
      .join(','),
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'unclean.leader.election.enable': 'false',
    // A node that was killed is missed after four seconds, not after nine (a session) and thirty (a replica).
    'broker.session.timeout.ms': 4_000,
    'broker.heartbeat.interval.ms': 500,
    'replica.lag.time.max.ms': 4_000,
  }
  return kafkaPart({
    id,
    port: ports.broker(id),
    heapMb: 384,
    settings,
    javaFlags: shortLived,
  })
}

/** What every Redis node of a fleet is told besides what any is. */
const redisNodeSettings = {
  ...Object.fromEntries(
    Object.entries(redisSettings).map(([flag, value]) => [flag.replace('--', ''), value || '""']),
  ),
  appendfsync: 'everysec',
  // Files that nothing rewrites behind one's back can be copied while Redis runs (redis-data.mjs).
  'auto-aof-rewrite-percentage': '0',
  'repl-diskless-sync-delay': '0',
  'repl-ping-replica-period': '1',
}

/**
 * @param {FleetPlan} plan
 * @param {number} id
 * @returns {Part}
 */
function redisNode({ dir, basePort, redis }, id) {
  const ports = portsOf(basePort)
  const conf = confFile(dir, `redis-${id}`)
  const port = ports.redis(id)
  const layoutSettings = {
    replica: {},
    sentinel: {},
    cluster: {
      'cluster-enabled': 'yes',
      'cluster-node-timeout': '2000',
      'cluster-port': ports.clusterBus(id),
      // Beside the data, not among them: data that are put back must not bring back an old view of the cluster.
      'cluster-config-file': `${conf}.nodes`,
    },
  }
  const replica = redis !== 'cluster' && id > 1
  return {
    name: `redis-${id}`,
    title: `Redis node ${id}`,
    version: redisVersion,
    port,
    answers: () => redisAnswers(port),
    async prepare({ data }) {
      mkdirSync(data, { recursive: true })
      writeOnce(conf, {
        ...redisNodeSettings,
        ...layoutSettings[redis],
        ...(replica && { replicaof: `127.0.0.1 ${ports.redis(1)}` }),
        bind: '127.0.0.1',
        port,
        dir: `"${data}"`,
      })
      return { command: 'redis-server', args: [conf] }
    },
  }
}

/**
 * @param {FleetPlan} plan
 * @param {number} id
 * @returns {Part}
 */
function sentinelNode({ dir, basePort }, id) {
  const ports = portsOf(basePort)
  const port = ports.sentinel(id)
  const conf = confFile(dir, `sentinel-${id}`)
  return {
    name: `sentinel-${id}`,
    title: `Sentinel ${id}`,
    version: redisVersion,
    port,
    answers: () => redisAnswers(port),
    async prepare({ data }) {
      mkdirSync(data, { recursive: true })
      writeOnce(conf, {
        bind: '127.0.0.1',
        port,
        dir: `"${data}"`,
        'sentinel monitor': `${sentinelMasterName} 127.0.0.1 ${ports.redis(1)} 2`,
        'sentinel down-after-milliseconds': `${sentinelMasterName} 2000`,
        'sentinel failover-timeout': `${sentinelMasterName} 6000`,
      })
      return { command: 'redis-server', args: [conf, '--sentinel'] }
    },
  }
}

/**
 * @param {string} dir
 * @param {string} name
 */
const confFile = (dir, name) => path.join(dir, 'conf', `${name}.conf`)

/**
 * Writes a configuration unless it is there: Redis and Sentinel write their role into it, and go on with
 * it when they start again.
 *
 * @param {string} file
 * @param {Record<string, string | number>} settings
 */
function writeOnce(file, settings) {
  if (existsSync(file)) return
  mkdirSync(path.dirname(file), { recursive: true })
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`)
  writeFileSync(file, lines.join(''))
}
