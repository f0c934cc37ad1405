import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { failOver, flushAll, rejoin, stopReplication } from '../../../infra/stack/redis-control.mjs'
import { restore, snapshot } from '../../../infra/stack/redis-data.mjs'
import {
  redisMasters,
  redisRole,
  replicaOf,
  untilRedisWhole,
} from '../../../infra/stack/redis-layout.mjs'
import { positionsAt, wentBack } from '../positions.mjs'

/** @typedef {import('../rotation.mjs').FaultKind} FaultKind */
/** @typedef {import('../world.mjs').World} World */

/** Which ways a half-open connection swallows. */
export const directions = /** @type {const} */ ([
  ['toServer', 'toClient'],
  ['toServer'],
  ['toClient'],
])

/**
 * @param {World} world
 * @param {import('../chance.mjs').Chance} chance
 */
async function someMaster({ fleet }, chance) {
  return chance.pick(await redisMasters(fleet))
}

/**
 * Kills a master, lets its replica take its place, and brings it back as that one's replica.
 *
 * @param {World} world
 * @param {import('../../../infra/stack/fleet.mjs').Node} master
 */
async function replaced(world, master) {
  const harmedAt = performance.now()
  const failover = await failOver(world.fleet, master)
  world.masterIs(failover.promoted)
  return {
    harmedAt,
    async afterwards() {
      await rejoin(world.fleet, failover)
      await untilRedisWhole(world.fleet)
    },
  }
}

/** @type {readonly FaultKind[]} */
export const redisFaults = [
  {
    name: 'Redis: kill -9 and start again',
    hurts: 'redis',
    share: 2,
    async inject(world, chance) {
      const master = await someMaster(world, chance)
      const harmedAt = performance.now()
      await master.kill()
      return {
        harmedAt,
        heal: () => master.start(),
        afterwards: () => untilRedisWhole(world.fleet),
      }
    },
  },
  {
    name: 'Redis: failover',
    hurts: 'redis',
    share: 3,
    layouts: ['cluster', 'sentinel'],
    recoveryMsMax: 10_000,
    inject: async (world, chance) => replaced(world, await someMaster(world, chance)),
  },
  {
    name: 'Redis: a replica takes over that had missed the last writes',
    hurts: 'redis',
    share: 3,
    async inject(world, chance) {
      const master = await someMaster(world, chance)
      const replica = await replicaOf(world.fleet, master)
      await stopReplication(replica)
      await sleep(chance.between(1_000, 4_000))
      const acknowledged = await positionsAt(master, world.state)
      const missed = wentBack(acknowledged, await positionsAt(replica, world.state))
      return { ...(await replaced(world, master)), took: async () => missed }
    },
  },
  {
    name: 'Redis: an older data folder put back',
    hurts: 'redis',
    share: 2,
    async inject(world, chance) {
      const master = await someMaster(world, chance)
      const copy = path.join(world.dir, 'older-redis-data')
      snapshot(master, copy)
      await sleep(chance.between(3_000, 10_000))
      const before = await positionsAt(master, world.state)
      const harmedAt = performance.now()
      await restore(master, copy)
      const older = wentBack(before, await positionsAt(master, world.state))
      return {
        harmedAt,
        afterwards: () => untilRedisWhole(world.fleet),
        // A replica that was promoted meanwhile has kept what the master lost.
        took: async () => older && (await redisRole(master))?.role === 'master',
      }
    },
  },
  {
    name: 'Redis: FLUSHALL',
    hurts: 'redis',
    share: 1,
    async inject(world) {
      const harmedAt = performance.now()
      await flushAll(world.fleet)
      world.stateWasLost()
      return { harmedAt }
    },
  },
  {
    name: 'Redis: hangs for 1 to 4 s',
    hurts: 'redis',
    share: 2,
    async inject(world, chance) {
      const master = await someMaster(world, chance)
      master.pause()
      await sleep(chance.between(1_000, 4_000))
      return {
        heal: async () => master.resume(),
        afterwards: () => untilRedisWhole(world.fleet),
      }
    },
  },
  {
    name: 'Redis: connections half-open',
    hurts: 'redis',
    share: 2,
    layouts: ['replica'],
    async inject({ redisProxy }, chance) {
      redisProxy?.hold(chance.pick(directions))
      await sleep(chance.between(2_000, 5_000))
      return { heal: async () => redisProxy?.pass() }
    },
  },
  {
    name: 'Redis: connections cut',
    hurts: 'redis',
    share: 2,
    layouts: ['replica'],
    async inject({ redisProxy }, chance) {
      for (let cuts = 0; cuts < 5; cuts += 1) {
        await sleep(chance.between(100, 600))
        redisProxy?.cut()
      }
      return { harmedAt: performance.now() }
    },
  },
]
