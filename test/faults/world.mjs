import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { topics } from '@holdpoint/contracts'
import kafkajs from 'kafkajs'
import { runOrExplain, step } from '../../infra/bin/lib/command.mjs'
import { holdpointCommand } from '../../infra/bin/lib/workspace.mjs'
import { startFleet } from '../../infra/stack/fleet.mjs'
import { startProxy } from './proxy.mjs'
import { supervise } from './supervisor.mjs'

const { Kafka, logLevel } = kafkajs

/**
 * @typedef {import('../../infra/stack/fleet.mjs').Fleet} Fleet
 * @typedef {import('../../infra/stack/fleet-node.mjs').Node} Node
 * @typedef {import('../../infra/stack/fleet-parts.mjs').RedisLayout} RedisLayout
 * @typedef {import('./proxy.mjs').Proxy} Proxy
 * @typedef {import('./supervisor.mjs').Supervised} Supervised
 *
 * @typedef {object} World a fleet with Holdpoint on it, and what stands between them
 * @property {RedisLayout} layout
 * @property {string} dir of the fleet's data and all logs
 * @property {Fleet} fleet
 * @property {Readonly<Record<string, string>>} env what the services read
 * @property {import('kafkajs').Kafka} kafka a client that knows nothing of Holdpoint
 * @property {() => { node: Node, proxy: Proxy }} nextBroker each Kafka node in its turn, so that the
 *   controller is among those that are hurt
 * @property {ReadonlyMap<string, number>} partitions how many each topic has
 * @property {{ generation: number, partitions: number }} state of Holdpoint in Redis
 * @property {Proxy | null} redisProxy in the layout `replica`: elsewhere Redis names its nodes by itself
 * @property {readonly Supervised[]} engines
 * @property {readonly Supervised[]} ingests
 * @property {readonly string[]} httpUrls of the ingests
 * @property {readonly import('./supervisor.mjs').UnexpectedExit[]} unexpectedExits
 * @property {() => Supervised} thirdEngine starts one more, for a while
 * @property {(node: Node) => void} masterIs sends Redis's clients there, where no one else tells them
 * @property {() => void} stateWasLost
 * @property {boolean} rebuilt whether state was ever lost as a whole
 * @property {() => Promise<void>} untilKafkaWhole waits until every replica is in sync
 * @property {readonly Supervised[]} services all that ever ran
 */

const readyMs = 90_000
const wholeMs = 90_000
/** What the services begin with. */
const generation = 1
const hashKey = 'fault-rotation-hash-key-of-32-characters'

/**
 * Starts a fleet, proxies before its brokers and its Redis, two engines and two ingests.
 *
 * @param {object} of
 * @param {string} of.dir is emptied
 * @param {number} of.basePort of a hundred that it takes
 * @param {RedisLayout} of.layout
 * @param {(() => Promise<void>)[]} of.stops gets what ends each part as soon as it runs; to be called from
 *   the last to the first, whatever comes of this
 * @returns {Promise<World>}
 */
export async function startWorld({ dir, basePort, layout, stops }) {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  const fleet = await startFleet({
    dir: path.join(dir, 'fleet'),
    basePort,
    redis: layout,
    advertised: ({ id }) => basePort + 70 + id,
  })
  stops.push(fleet.stop)
  const { brokers, redisProxy } = await startProxies(fleet, basePort, stops)
  const env = {
    ...fleet.addresses,
    ...(redisProxy && { HOLDPOINT_REDIS_URL: `redis://127.0.0.1:${redisProxy.port}` }),
    HOLDPOINT_HASH_KEY: hashKey,
    HOLDPOINT_LOG_LEVEL: 'warn',
  }
  await step('applying the topics', () =>
    runOrExplain(process.execPath, [holdpointCommand, 'topics', 'apply'], {
      env: { ...process.env, ...env },
      timeoutMs: 120_000,
    }),
  )
  const services = new Services({ dir, env, stops })
  const httpPorts = [basePort + 81, basePort + 82]
  const engines = [1, 2].map((number) => services.start('engine', number, basePort + 85 + number))
  const ingests = httpPorts.map((port, at) =>
    services.start('ingest', at + 1, basePort + 91 + at, { HOLDPOINT_HTTP_PORT: String(port) }),
  )
  await step('starting the services', () => allReady(services.all))
  const kafka = plainKafka(fleet)
  const partitions = await partitionCounts(kafka)
  let rebuilt = false
  let turn = 0
  let latestEngine = engines.length
  return {
    layout,
    dir,
    fleet,
    env,
    kafka,
    partitions,
    state: { generation, partitions: partitions.get(topics.internal) ?? 0 },
    nextBroker() {
      const broker = brokers[turn++ % brokers.length]
      if (broker === undefined) throw new Error('the fleet has no Kafka node')
      return broker
    },
    redisProxy,
    engines,
    ingests,
    httpUrls: httpPorts.map((port) => `http://127.0.0.1:${port}`),
    services: services.all,
    unexpectedExits: services.unexpectedExits,
    thirdEngine() {
      latestEngine += 1
      return services.start('engine', latestEngine, basePort + 95)
    },
    masterIs: ({ port }) => redisProxy?.lead(port),
    stateWasLost() {
      rebuilt = true
    },
    get rebuilt() {
      return rebuilt
    },
    untilKafkaWhole: () => untilInSync(kafka),
  }
}

/**
 * @param {Fleet} fleet
 * @param {number} basePort
 * @param {(() => Promise<void>)[]} stops
 */
async function startProxies(fleet, basePort, stops) {
  const before = async (/** @type {Node} */ { port: to }, /** @type {number} */ port) => {
    const proxy = await startProxy({ port, to })
    stops.push(proxy.close)
    return proxy
  }
  const brokers = await Promise.all(
    [1, 2, 3].map(async (id) => {
      const node = nodeOf(fleet, `kafka-${id}`)
      return { node, proxy: await before(node, basePort + 70 + id) }
    }),
  )
  const redisProxy =
    fleet.redis === 'replica' ? await before(nodeOf(fleet, 'redis-1'), basePort + 75) : null
  return { brokers, redisProxy }
}

/** Supervised services, each with a log and a cache of schemas of its own. */
class Services {
  /** @type {Supervised[]} */
  all = []
  /** @type {import('./supervisor.mjs').UnexpectedExit[]} */
  unexpectedExits = []
  #of

  /** @param {{ dir: string, env: Record<string, string>, stops: (() => Promise<void>)[] }} of */
  constructor(of) {
    this.#of = of
  }

  /**
   * @param {'engine' | 'ingest'} service
   * @param {number} number
   * @param {number} adminPort
   * @param {Record<string, string>} [more] of its environment
   */
  start(service, number, adminPort, more) {
    const { dir, env, stops } = this.#of
    const name = `${service}-${number}`
    const supervised = supervise({
      name,
      service,
      dir: path.join(dir, 'services'),
      env: {
        ...env,
        ...more,
        HOLDPOINT_ADMIN_PORT: String(adminPort),
        HOLDPOINT_REGISTRY_CACHE_FILE: path.join(dir, `${name}-schemas.json`),
      },
      onUnexpectedExit: (exit) => this.unexpectedExits.push(exit),
    })
    this.all.push(supervised)
    stops.push(supervised.stop)
    return supervised
  }
}

/** @param {Fleet} fleet */
const plainKafka = ({ addresses }) =>
  new Kafka({
    clientId: 'faults',
    brokers: (addresses['HOLDPOINT_KAFKA_BROKERS'] ?? '').split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 6_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
  })

/** @param {import('kafkajs').Kafka} kafka */
async function partitionCounts(kafka) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const { topics } = await admin.fetchTopicMetadata()
    return new Map(topics.map(({ name, partitions }) => [name, partitions.length]))
  } finally {
    await admin.disconnect()
  }
}

/**
 * @param {Fleet} fleet
 * @param {string} name
 */
function nodeOf({ nodes }, name) {
  const node = nodes.get(name)
  if (node === undefined) throw new Error(`the fleet has no ${name}`)
  return node
}

/** @param {readonly Supervised[]} services */
async function allReady(services) {
  const readiness = await Promise.all(services.map(({ ready }) => ready(readyMs)))
  const late = services.filter((_, at) => readiness[at] === false)
  if (late.length > 0)
    throw new Error(
      `not ready within ${readyMs / 1000} s: ${late.map(({ name, logFile }) => `${name} (${logFile})`).join(', ')}`,
    )
}

/**
 * @param {import('kafkajs').Kafka} kafka
 * @throws {Error} where a replica stays behind
 */
async function untilInSync(kafka) {
  const end = performance.now() + wholeMs
  let behind = 'Kafka did not answer'
  while (performance.now() < end) {
    const admin = kafka.admin()
    try {
      await admin.connect()
      const { topics } = await admin.fetchTopicMetadata()
      const late = topics.flatMap(({ name, partitions }) =>
        partitions
          .filter(({ isr, replicas }) => isr.length < 3 || replicas.length !== 3)
          .map(({ partitionId }) => `${name}:${partitionId}`),
      )
      if (late.length === 0) return
      behind = `not in sync: ${late.slice(0, 5).join(', ')} and ${Math.max(0, late.length - 5)} more`
    } catch (error) {
      behind = String(error)
    } finally {
      await admin.disconnect().catch(() => undefined)
    }
    await sleep(300)
  }
  throw new Error(`Kafka was not whole again within ${wholeMs / 1000} s: ${behind}`)
}
