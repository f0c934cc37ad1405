import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { MendableError, step } from '../bin/lib/command.mjs'
import { kafkaBrokers, portTaken } from './answers.mjs'
import { fleetNode } from './fleet-node.mjs'
import { fleetAddresses, fleetParts, portRange } from './fleet-parts.mjs'
import { stopLeftovers } from './leftovers.mjs'
import { downloaded } from './native.mjs'
import { until } from './processes.mjs'
import { createCluster, untilRedisWhole } from './redis-layout.mjs'
import { stackSettings } from './settings.mjs'
import { partFiles } from './start-part.mjs'
import { fleetTools, requireTools } from './tools.mjs'

export { stopLeftovers }

/** @typedef {import('./fleet-node.mjs').Node} Node */
/** @typedef {import('./fleet-parts.mjs').FleetPlan} FleetPlan */
/** @typedef {import('./fleet-parts.mjs').RedisLayout} RedisLayout */
/** @typedef {Pick<FleetPlan, 'dir' | 'basePort' | 'redis'> & Partial<FleetPlan>} FleetOptions */

/**
 * Kafka, a registry and Redis as processes of their own, to be hurt.
 *
 * @typedef {object} Fleet
 * @property {Readonly<Record<string, string>>} addresses the HOLDPOINT_* variables that the services read
 * @property {ReadonlyMap<string, Node>} nodes `kafka-1`.., `registry`, `redis-1`.., `sentinel-1`.., by name
 * @property {RedisLayout} redis
 * @property {() => Promise<void>} stop ends all of them at once; safe twice
 */

/**
 * Starts a fleet without data, and resolves when Kafka's nodes know of each other and every replica of
 * Redis follows its master. A fleet dies with the process that started it, even at Ctrl-C and kill -9;
 * that process need only call `stop` when it is done.
 *
 * `dir` is the fleet's own: its `data`, `conf` and `log` are emptied, and what an earlier run left there
 * running is stopped. Three Kafka nodes and a registry are the default. Who puts a proxy before a broker
 * names its port by `advertised`; it must listen by the time that clients come.
 *
 * @param {FleetOptions} options
 * @returns {Promise<Fleet>}
 * @throws {MendableError} and leaves nothing running
 */
export async function startFleet(options) {
  /** @type {FleetPlan} */
  const plan = {
    kafka: 3,
    registry: true,
    advertised: ({ port }) => port,
    ...options,
    dir: path.resolve(options.dir),
  }
  await requireTools(fleetTools)
  const downloads = await downloaded(stackSettings())
  const parts = fleetParts(plan)
  await stopLeftovers(plan.dir)
  for (const folder of ['data', 'conf', 'log'])
    rmSync(path.join(plan.dir, folder), { recursive: true, force: true })
  await requirePorts(plan)

  const guard = startGuard(plan.dir)
  const nodes = new Map(
    parts.map((part) => [part.name, fleetNode(part, partFiles(plan.dir, part.name), downloads)]),
  )
  const stop = async () => {
    await Promise.all([...nodes.values()].map((node) => node.kill()))
    await guard.end()
  }
  try {
    await step(describe(plan), () => startAll(plan, nodes))
  } catch (error) {
    await stop()
    throw error
  }
  return { addresses: fleetAddresses(plan), nodes, redis: plan.redis, stop }
}

/** @param {FleetPlan} plan */
const describe = ({ kafka, redis, basePort }) =>
  `starting a fleet: ${kafka} Kafka nodes, Redis as ${redis}, on 127.0.0.1:${basePort}-${basePort + portRange - 1}`

/**
 * @param {FleetPlan} plan
 * @throws {MendableError} when one of its ports is in use
 */
async function requirePorts({ basePort }) {
  const ports = Array.from({ length: portRange }, (_, index) => basePort + index)
  const taken = await Promise.all(ports.map(portTaken))
  const port = ports.find((_, index) => taken[index])
  if (port !== undefined)
    throw new MendableError(
      `port ${port} is taken by another program: a fleet needs ${basePort} to ${basePort + portRange - 1}; ` +
        'give it another basePort',
    )
}

/**
 * @param {FleetPlan} plan
 * @param {ReadonlyMap<string, Node>} nodes
 */
async function startAll({ kafka, redis }, nodes) {
  const all = [...nodes.values()]
  const start = (/** @type {string} */ kind) =>
    allDone(all.filter(({ name }) => name.startsWith(kind)).map((node) => node.start()))
  const startRedis = async () => {
    await start('redis')
    await start('sentinel') // they write down the master that they find
    if (redis === 'cluster') await createCluster(nodes)
    await untilRedisWhole({ nodes, redis })
  }
  const startKafka = async () => {
    await start('kafka')
    await untilKafkaWhole(nodes, kafka)
  }
  await allDone([startRedis(), startKafka(), start('registry')])
}

/**
 * Waits for all of them, failures too, so that nothing goes on behind the back of who cleans up.
 *
 * @param {readonly Promise<unknown>[]} works
 */
async function allDone(works) {
  for (const done of await Promise.allSettled(works))
    if (done.status === 'rejected') throw done.reason
}

/**
 * Waits until every Kafka node knows of all others.
 *
 * @param {ReadonlyMap<string, Node>} nodes
 * @param {number} count
 */
async function untilKafkaWhole(nodes, count) {
  const brokers = [...nodes.values()].filter(({ name }) => name.startsWith('kafka'))
  const whole = await until(async () => {
    const seen = await Promise.all(brokers.map(({ port }) => kafkaBrokers(port)))
    return seen.every((number) => number === count)
  }, 60_000)
  if (!whole) throw new MendableError(`the ${count} Kafka nodes did not find each other in 60 s`)
}

/**
 * A process that stops the fleet when this one is gone.
 *
 * @param {string} dir
 */
function startGuard(dir) {
  mkdirSync(dir, { recursive: true })
  const file = fileURLToPath(new URL('./fleet-guard.mjs', import.meta.url))
  // A group of its own: Ctrl-C at a terminal must not reach it before its work is done.
  const guard = spawn(process.execPath, [file, dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  guard.unref()
  const pipe = /** @type {import('node:net').Socket} */ (guard.stdin)
  pipe.unref()
  const exited = once(guard, 'exit')
  return {
    async end() {
      guard.ref()
      pipe.destroy()
      if (guard.exitCode === null) await exited
    },
  }
}
