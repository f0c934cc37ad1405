import { randomUUID } from 'node:crypto'
import { loadavg } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { registryCatalogue } from '@holdpoint/contracts'
import { redisStore } from '@holdpoint/state'
import { say, step } from '../../infra/bin/lib/command.mjs'
import { chance } from './chance.mjs'
import { judge } from './checks.mjs'
import { collect } from './evidence.mjs'
import { kafkaFaults } from './kinds/kafka.mjs'
import { redisFaults } from './kinds/redis.mjs'
import { registryFaults } from './kinds/registry.mjs'
import { serviceFaults } from './kinds/services.mjs'
import { startLoad } from './load.mjs'
import { graveLines, isWatchdog } from './logs.mjs'
import { promise } from './promises.mjs'
import { watchProgress } from './recovery.mjs'
import { rotate } from './rotation.mjs'
import { keptInRedis } from './states.mjs'
import { startWorld } from './world.mjs'

/**
 * @typedef {import('./world.mjs').World} World
 * @typedef {import('./recovery.mjs').Progress} Progress
 * @typedef {import('./rotation.mjs').Happened} Happened
 */

/** Every kind of fault. */
export const everyKind = [...serviceFaults, ...kafkaFaults, ...redisFaults, ...registryFaults]

/** A session lasts some 20 s until its next event: a repeat comes while its id is still remembered. */
const secondsBetweenEvents = 20
const settleMs = 120_000
const tellEveryMs = 15_000

/**
 * One layout of Redis: its fleet is started, loaded, hurt, left to settle, checked and stopped.
 *
 * @param {object} of
 * @param {import('../../infra/stack/fleet-parts.mjs').RedisLayout} of.layout
 * @param {readonly import('./rotation.mjs').FaultKind[]} of.kinds
 * @param {number} of.minutes of faults
 * @param {number} of.seed
 * @param {number} of.perSecond
 * @param {number} of.basePort
 * @param {string} of.dir
 * @param {(() => Promise<void>)[]} of.stops gets what ends each part as soon as it runs
 * @returns {Promise<import('./report.mjs').LayoutReport>}
 */
export async function tryLayout(of) {
  const { layout, basePort, dir, stops } = of
  const world = await startWorld({ dir, basePort, layout, stops })
  const { generation } = world.state
  const store = redisStore({ url: world.env['HOLDPOINT_REDIS_URL'] ?? '', generation })
  stops.push(store.close)
  const progress = watchProgress(world.kafka, store)
  const { load, faults, seconds, failure } = await hurt(of, world, progress)
  const unsettled = await step('settling', () => settle(world, progress, load))
  const verdict = await step('checking what is left', () => judgeWorld(world, store, load))
  const broken = [...ofServices(world, load, faults, unsettled), ...verdict.broken]
  return {
    layout,
    seconds,
    faults,
    verdict: { ...verdict, broken: failure === null ? broken : [failure, ...broken] },
    clients: load.counts,
    unexpectedExits: world.unexpectedExits.length,
    logs: dir,
  }
}

/**
 * What is left of a run; of one whose Kafka or Redis does not come back nothing can be said but that.
 *
 * @param {World} world
 * @param {import('@holdpoint/state').StateStore} store
 * @param {import('./load.mjs').Load} load
 * @returns {Promise<import('./checks.mjs').Verdict>}
 */
async function judgeWorld({ kafka, env, fleet, state, partitions, rebuilt }, store, load) {
  try {
    const catalogue = await registryCatalogue({ url: env['HOLDPOINT_REGISTRY_URL'] ?? '' })
    const evidence = await collect(kafka)
    const kept = await keptInRedis(fleet, state.generation)
    const { ids: produced, poison } = load
    return await judge({ produced, poison, evidence, store, kept, catalogue, partitions, rebuilt })
  } catch (error) {
    return unjudged(load.ids.size, promise('what is left can be checked', [String(error)]))
  }
}

/**
 * @param {number} events
 * @param {import('./promises.mjs').Broken} why
 * @returns {import('./checks.mjs').Verdict}
 */
const unjudged = (events, why) => ({
  events,
  logged: 0,
  repeatsLogged: 0,
  deadLettered: 0,
  decisions: {},
  repeatsPublished: 0,
  keptBack: 0,
  lost: 0,
  wrong: 0,
  doubled: 0,
  broken: [why],
})

/**
 * A layout that could not be tried at all.
 *
 * @param {import('../../infra/stack/fleet-parts.mjs').RedisLayout} layout
 * @param {string} logs folder
 * @param {unknown} error
 * @returns {import('./report.mjs').LayoutReport}
 */
export const untried = (layout, logs, error) => ({
  layout,
  seconds: 0,
  faults: [],
  verdict: unjudged(0, promise('the layout can be tried', [String(error)])),
  clients: { sends: 0, repeatedSends: 0, posts: 0, repeatedPosts: 0 },
  unexpectedExits: 0,
  logs,
})

/**
 * Loads a world and hurts it until the time is over, or until a fault cannot be injected or healed.
 *
 * @param {Parameters<typeof tryLayout>[0]} of
 * @param {World} world
 * @param {Progress} progress
 */
async function hurt({ layout, kinds, minutes, seed, perSecond }, world, progress) {
  const load = await startLoad({
    kafka: world.kafka,
    httpUrls: world.httpUrls,
    mark: randomUUID().slice(0, 8),
    seed,
    perSecond,
    people: Math.max(40, perSecond * secondsBetweenEvents),
  })
  const begun = performance.now()
  /** @type {Happened[]} */
  const faults = []
  const teller = tell(layout, begun, load.ids, faults)
  let failure = null
  try {
    await rotate({
      world,
      progress,
      kinds,
      chance: chance(seed),
      until: begun + minutes * 60_000,
      onFault: (fault) => {
        faults.push(fault)
        say(`${layout}: ${fault.kind}: ${told(fault)}`)
      },
    })
  } catch (error) {
    failure = promise('each fault can be injected and healed', [String(error)])
    say(`${layout}: ${String(error)}`)
  } finally {
    teller.stop()
  }
  return { load, faults, seconds: (performance.now() - begun) / 1000, failure }
}

/** @param {Happened} fault */
const told = ({ recoveryMs, stuck, overlapping, took }) =>
  `${recoveryMs === null ? stuck : `recovered in ${(recoveryMs / 1000).toFixed(1)} s`}${overlapping ? ', beside another' : ''}${took ? '' : ', did not take'}`

/**
 * Says now and then how far it is, and how busy the machine: where it has no time, times mean little.
 *
 * @param {string} layout
 * @param {number} begun
 * @param {ReadonlySet<string>} ids
 * @param {readonly Happened[]} faults
 */
function tell(layout, begun, ids, faults) {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const timer = setInterval(() => {
    const elapsed = Math.round((performance.now() - begun) / 1000)
    const [load = 0] = loadavg()
    const late = Math.round(delay.percentile(99) / 1e6)
    say(
      `${layout}: ${elapsed} s, ${faults.length} faults, ${ids.size} events taken; load ${load.toFixed(1)}, event loop late by ${late} ms (p99)`,
    )
    delay.reset()
  }, tellEveryMs)
  return {
    stop() {
      clearInterval(timer)
      delay.disable()
    },
  }
}

/**
 * Ends the load, then ingest and with it the ticks, and waits until the log is folded to its end and
 * all that was decided is published.
 *
 * @param {World} world
 * @param {Progress} progress
 * @param {import('./load.mjs').Load} load
 * @returns {Promise<readonly string[]>} what did not come to an end
 */
async function settle(world, progress, load) {
  const unsettled = []
  if (!(await until(() => load.stop(), settleMs)))
    unsettled.push('the clients could not deliver all of their events')
  const stuck = await progress.moves(settleMs)
  if (stuck !== null) unsettled.push(stuck)
  for (const ingest of world.ingests) await ingest.stop()
  const unfolded = await progress.folded(settleMs)
  if (unfolded !== null) unsettled.push(unfolded)
  // Engines publish what they committed before they end, and leave nothing in the outbox.
  for (const engine of world.engines) await engine.stop()
  return unsettled
}

/**
 * Whether it is done in time.
 *
 * @param {() => Promise<void>} work
 * @param {number} withinMs
 */
async function until(work, withinMs) {
  const done = work().then(() => true)
  return Promise.race([done, sleep(withinMs, false, { ref: false })])
}

/**
 * @param {World} world
 * @param {import('./load.mjs').Load} load
 * @param {readonly Happened[]} faults
 * @param {readonly string[]} unsettled
 */
function ofServices(world, load, faults, unsettled) {
  const grave = world.services.flatMap(({ name, logFile }) => graveLines(name, logFile))
  const never = faults.flatMap(({ kind, at, stuck }) =>
    stuck === '' ? [] : [`${kind} at ${at}: ${stuck}`],
  )
  const exits = world.unexpectedExits
    .filter(({ code, lastLines }) => !(code === 1 && lastLines.some(isWatchdog)))
    .map(
      ({ name, at, code, signal, lastLines }) =>
        `${name} at ${at}, ${signal ?? `code ${code}`}:\n      ${lastLines.slice(-3).join('\n      ')}`,
    )
  return [
    promise('no service ends by itself, but by its watchdog', exits),
    promise('no service met an error that it could not go on with', grave),
    promise('everything moves again after each fault', never),
    promise('everything comes to an end after the last fault', unsettled),
    promise('HTTP refuses no valid event', load.refusals),
  ].filter(({ count }) => count > 0)
}
