import { setTimeout as sleep } from 'node:timers/promises'

/** @typedef {import('../rotation.mjs').FaultKind} FaultKind */
/** @typedef {import('../supervisor.mjs').Supervised} Supervised */

/** The engine's and ingest's session with the group ends after 10 s. */
const longerThanSessionMs = /** @type {const} */ ([12_000, 15_000])
const startMs = 30_000
const recoveryMsMax = 20_000

/**
 * Resolves when all of them say that they are ready; one that does not in time is left to the recovery's
 * own deadline.
 *
 * @param {readonly Supervised[]} services
 */
async function ready(services) {
  await Promise.all(services.map((service) => service.ready(startMs)))
}

/**
 * @param {(world: import('../world.mjs').World) => readonly Supervised[]} among
 * @returns {FaultKind['inject']}
 */
const killOne = (among) => async (world, chance) => {
  const harmedAt = performance.now()
  await chance.pick(among(world)).kill()
  return { harmedAt }
}

/**
 * @param {(world: import('../world.mjs').World) => readonly Supervised[]} among
 * @returns {FaultKind['inject']}
 */
const freezeOne = (among) => async (world, chance) => {
  const service = chance.pick(among(world))
  service.freeze()
  await sleep(chance.between(...longerThanSessionMs))
  return { heal: async () => service.thaw() }
}

/** @type {readonly FaultKind[]} */
export const serviceFaults = [
  {
    name: 'engine: kill -9',
    hurts: 'services',
    share: 4,
    recoveryMsMax,
    inject: killOne(({ engines }) => engines),
  },
  {
    name: 'both engines: kill -9',
    hurts: 'services',
    share: 2,
    recoveryMsMax,
    async inject({ engines }) {
      const harmedAt = performance.now()
      await Promise.all(engines.map((engine) => engine.kill()))
      return { harmedAt }
    },
  },
  {
    name: 'engine: frozen for longer than its session',
    hurts: 'services',
    share: 2,
    inject: freezeOne(({ engines }) => engines),
  },
  {
    name: 'a third engine joins and leaves',
    hurts: 'services',
    share: 2,
    async inject(world, chance) {
      const third = world.thirdEngine()
      await ready([third])
      await sleep(chance.between(500, 3_000))
      return { heal: () => third.stop() }
    },
  },
  {
    name: 'ingest: kill -9',
    hurts: 'services',
    share: 3,
    inject: killOne(({ ingests }) => ingests),
  },
  {
    name: 'ingest: frozen for longer than its session',
    hurts: 'services',
    share: 1,
    inject: freezeOne(({ ingests }) => ingests),
  },
]
