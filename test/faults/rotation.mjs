import { setTimeout as sleep } from 'node:timers/promises'
import { dealer } from './deck.mjs'

/**
 * @typedef {import('../../infra/stack/fleet-parts.mjs').RedisLayout} RedisLayout
 * @typedef {import('./chance.mjs').Chance} Chance
 * @typedef {import('./world.mjs').World} World
 * @typedef {'services' | 'kafka' | 'redis' | 'registry'} Part
 *
 * @typedef {object} FaultKind
 * @property {string} name as the report has it
 * @property {Part} hurts two at once never hurt the same
 * @property {number} share how many of it a deck holds
 * @property {readonly RedisLayout[]} [layouts] where it can happen; everywhere when absent
 * @property {(world: World, chance: Chance) => Promise<Injected>} inject
 * @property {number} [recoveryMsMax] a longer recovery is a warning in the report
 *
 * @typedef {object} Injected
 * @property {number} [harmedAt] when the harm was done (a kill, a cut), ms of the monotonic clock; absent
 *   where `heal` ends it (a pause, a hold)
 * @property {() => Promise<void>} [heal] ends the fault; absent where it is over, or must be lived with
 * @property {() => Promise<void>} [afterwards] brings back what stands in reserve, once everything moves
 * @property {() => Promise<boolean>} [took] asked last: whether it did the harm that its name says; true
 *   where absent
 *
 * @typedef {object} Happened
 * @property {string} kind
 * @property {string} at ISO time of the injection
 * @property {boolean} overlapping another one, or what brings its reserve back, was under way
 * @property {number | null} recoveryMs from the harm, or where something was paused or held from its end,
 *   until everything moved again; null where it never did
 * @property {string} stuck what did not move; '' where everything did
 * @property {boolean} took false: it did not do the harm that its name says, and does not count
 */

/** Shares of the times that one fault comes alone, and that two come at once; else three do. */
const aloneShare = 0.3
const twoShare = 0.35
/** The first few come one by one. */
const aloneFirst = 5
const settleMs = 1_000
/** So long may even the rebuild of all state from the whole log take. */
const recoveryMsMax = 240_000

/**
 * Injects faults, one or a few at once, until the time is over. The next come when the last are healed and
 * everything moves again; what stands in reserve (a Kafka node, a replica) may still be coming back then,
 * and they hurt something else.
 *
 * @param {object} of
 * @param {World} of.world
 * @param {Pick<import('./recovery.mjs').Progress, 'moves'>} of.progress
 * @param {readonly FaultKind[]} of.kinds
 * @param {Chance} of.chance
 * @param {number} of.until ms of the monotonic clock
 * @param {(happened: Happened) => void} of.onFault
 * @throws {Error} of what kept a fault from being injected or healed, once nothing is under way any more
 */
export async function rotate({ world, progress, kinds, chance, until, onFault }) {
  const deck = dealer(kinds, world.layout, chance)
  /** @type {Set<UnderWay>} */
  const underWay = new Set()
  /** @type {unknown[]} */
  const failures = []
  let count = 0

  /** @param {FaultKind} kind */
  function begin(kind) {
    const fault = { kind, overlapping: underWay.size > 0, recovered: false }
    for (const other of underWay) other.overlapping ||= !other.recovered
    underWay.add(fault)
    happen(fault, { world, progress, chance })
      .then(onFault)
      .catch((error) => failures.push(failureOf(kind, error)))
      .finally(() => underWay.delete(fault))
  }

  /** @param {() => boolean} done */
  async function wait(done) {
    while (!done() && failures.length === 0) await sleep(20)
  }

  const everythingMoves = () => [...underWay].every(({ recovered }) => recovered)
  while (performance.now() < until && failures.length === 0) {
    const wanted = count < aloneFirst ? 1 : atOnce(chance)
    for (let n = 0; n < wanted && failures.length === 0; n += 1) {
      // The others come while the first is under way.
      if (n > 0) await sleep(chance.between(200, 2_000))
      const hurt = new Set([...underWay].map(({ kind }) => kind.hurts))
      const kind = deck.apartFrom(hurt)
      if (kind === null) break
      begin(kind)
      count += 1
    }
    await wait(everythingMoves)
    // Where nothing else is left to hurt than what comes back just now, that is awaited.
    await wait(() => deck.hasApartFrom(new Set([...underWay].map(({ kind }) => kind.hurts))))
    await sleep(settleMs)
  }
  while (underWay.size > 0) await sleep(20)
  if (failures.length > 0) throw failures[0]
}

/** @param {Chance} chance */
function atOnce(chance) {
  const drawn = chance.next()
  if (drawn < aloneShare) return 1
  return drawn < aloneShare + twoShare ? 2 : 3
}

/** @typedef {{ readonly kind: FaultKind, overlapping: boolean, recovered: boolean }} UnderWay */

/**
 * @param {UnderWay} fault
 * @param {{ world: World, progress: Pick<import('./recovery.mjs').Progress, 'moves'>, chance: Chance }} of
 * @returns {Promise<Happened>}
 */
async function happen(fault, { world, progress, chance }) {
  const at = new Date().toISOString()
  const { harmedAt, heal, afterwards, took } = await fault.kind.inject(world, chance)
  const begun = harmedAt ?? performance.now()
  await heal?.()
  const stuck = await progress.moves(recoveryMsMax)
  const recoveryMs = stuck === null ? Math.round(performance.now() - begun) : null
  fault.recovered = true
  const { overlapping } = fault
  await afterwards?.()
  return {
    kind: fault.kind.name,
    at,
    overlapping,
    recoveryMs,
    stuck: stuck ?? '',
    took: (await took?.()) ?? true,
  }
}

/**
 * @param {FaultKind} kind
 * @param {unknown} error
 */
const failureOf = ({ name }, error) =>
  new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
