import { setTimeout as sleep } from 'node:timers/promises'

/**
 * @typedef {import('../../infra/stack/fleet-parts.mjs').RedisLayout} RedisLayout
 * @typedef {import('./chance.mjs').Chance} Chance
 * @typedef {import('./world.mjs').World} World
 *
 * @typedef {object} FaultKind
 * @property {string} name as the report has it
 * @property {'services' | 'kafka' | 'redis' | 'registry'} hurts two at once never hurt the same
 * @property {number} share how many of it a deck holds
 * @property {readonly RedisLayout[]} [layouts] where it can happen; everywhere when absent
 * @property {(world: World, chance: Chance) => Promise<Injected>} inject
 * @property {number} [recoveryMsMax] a longer recovery is a warning in the report
 *
 * @typedef {object} Injected
 * @property {() => Promise<void>} [heal] ends the fault; absent where it is over, or must be lived with
 * @property {() => Promise<void>} [afterwards] brings back what stands in reserve, once everything moves
 *
 * @typedef {object} Happened
 * @property {string} kind
 * @property {string} at ISO time of the injection
 * @property {boolean} overlapping another one was under way
 * @property {number | null} recoveryMs from the moment that the harm was done until everything moved again; null where it never did
 * @property {string} stuck what did not move; '' where everything did
 */

const overlapShare = 0.2
/** The first few come alone. */
const aloneFirst = 5
const settleMs = 1_000
const recoveryMsMax = 120_000

/**
 * Injects faults, one after the other and sometimes two at once, until the time is over. The next comes
 * when the last is healed and everything moves again.
 *
 * @param {object} of
 * @param {World} of.world
 * @param {import('./recovery.mjs').Progress} of.progress
 * @param {readonly FaultKind[]} of.kinds
 * @param {Chance} of.chance
 * @param {number} of.until ms of the monotonic clock
 * @param {(happened: Happened) => void} of.onFault
 * @throws whatever keeps a fault from being injected or healed: then nothing can be said
 */
export async function rotate({ world, progress, kinds, chance, until, onFault }) {
  const deck = dealer(kinds, world.layout, chance)
  let count = 0
  while (performance.now() < until) {
    const first = deck.next()
    const other = count >= aloneFirst && chance.hits(overlapShare) ? deck.apartFrom(first) : null
    const both = other === null ? [first] : [first, other]
    const happened = await Promise.all(
      both.map(async (kind, at) => {
        // The second comes while the first is under way.
        if (at > 0) await sleep(chance.between(200, 2_000))
        return happen(kind, both.length > 1, { world, progress, chance })
      }),
    )
    for (const one of happened) onFault(one)
    count += both.length
    await sleep(settleMs)
  }
}

/**
 * @param {FaultKind} kind
 * @param {boolean} overlapping
 * @param {{ world: World, progress: import('./recovery.mjs').Progress, chance: Chance }} of
 * @returns {Promise<Happened>}
 */
async function happen(kind, overlapping, { world, progress, chance }) {
  const at = new Date().toISOString()
  const { heal, afterwards } = await kind.inject(world, chance)
  // A process is killed, a pause is over: from here on everything should mend itself.
  const begun = performance.now()
  await heal?.()
  const stuck = await progress.passed(await progress.ends(), recoveryMsMax)
  const recoveryMs = stuck === null ? Math.round(performance.now() - begun) : null
  await afterwards?.()
  return { kind: kind.name, at, overlapping, recoveryMs, stuck: stuck ?? '' }
}

/**
 * Deals the kinds by their shares, each deck shuffled anew.
 *
 * @param {readonly FaultKind[]} kinds
 * @param {RedisLayout} layout
 * @param {Chance} chance
 */
function dealer(kinds, layout, chance) {
  const possible = kinds.filter(({ layouts }) => layouts?.includes(layout) ?? true)
  const full = possible.flatMap((kind) => Array.from({ length: kind.share }, () => kind))
  /** @type {FaultKind[]} */
  let left = []
  function next() {
    if (left.length === 0) left = spread(chance.shuffled(full))
    const kind = left.shift()
    if (kind === undefined) throw new Error(`no fault can happen to the layout ${layout}`)
    return kind
  }
  return {
    next,
    /** @param {FaultKind} kind */
    apartFrom(kind) {
      const at = left.findIndex(({ hurts }) => hurts !== kind.hurts)
      return at < 0 ? null : (left.splice(at, 1)[0] ?? null)
    },
  }
}

/**
 * The first of each kind before the second of any, so that a short run sees as many kinds as it can.
 *
 * @param {readonly FaultKind[]} deck
 */
function spread(deck) {
  const seen = new Map()
  const rounds = deck.map((kind) => {
    const round = seen.get(kind.name) ?? 0
    seen.set(kind.name, round + 1)
    return { kind, round }
  })
  return rounds.sort((a, b) => a.round - b.round).map(({ kind }) => kind)
}
