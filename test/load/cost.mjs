import { fork } from 'node:child_process'
import { join } from 'node:path'
import { benchOptions } from './bench-options.mjs'
import { foldOnce, registries } from './cost-fold.mjs'
import { lifeIn, peopleAtTheirDesks } from './cost-streams.mjs'
import { machine, spread } from './figures.mjs'

// What the detectors cost: the same records with all of them and with none, by turns, so that the ratio holds
// when the machine's speed drifts, and by CPU time, so that what else runs does not count.
//   node cost.mjs FILE [--rounds 5]     FILE holds a population's events, as `npm run population` writes them

const [, , file = '', ...rest] = process.argv
const { rounds } = benchOptions(rest)
const kinds = /** @type {const} */ (['all', 'none'])
const names = { all: `all ${registries.all.length} detectors`, none: 'no detector' }
const say = (/** @type {string} */ line) => console.log(line)

/** @typedef {Record<typeof kinds[number], number[]>} Figures */

/**
 * @param {(kind: typeof kinds[number]) => Promise<number> | number} measure
 * @returns {Promise<Figures>} of `rounds` rounds, each kind first in every other
 */
async function byTurns(measure) {
  /** @type {Figures} */
  const figures = { all: [], none: [] }
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) {
      figures[kind].push(await measure(kind))
    }
  }
  return figures
}

/**
 * @param {Figures} figures
 * @param {string} unit
 * @param {number} digits
 */
function tell(figures, unit, digits) {
  for (const kind of kinds) {
    say(`  ${names[kind].padEnd(18)} ${unit.padEnd(20)} ${spread(figures[kind], digits)}`)
  }
  const ratios = figures.all.map((value, at) => value / (figures.none[at] ?? 1))
  say(`  ${'all to none'.padEnd(18)} ${'ratio'.padEnd(20)} ${spread(ratios, 2)}`)
}

/** @returns {Promise<{ events: number, decisions: number, cpuMs: number }>} */
const replay = (/** @type {string} */ kind) =>
  new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'cost-replay.mjs'), [file, kind])
    child.once('message', (/** @type {any} */ told) => child.once('exit', () => resolve(told)))
    child.once('exit', (code) => code && reject(new Error(`the replay ended with code ${code}`)))
  })

say(`machine: ${machine}`)
say(`CPU time, ${rounds} rounds by turns: min / median / max`)
for (const stream of [peopleAtTheirDesks(100_000), await lifeIn(file)]) {
  const warm = kinds.map((kind) => foldOnce(stream, kind).decisions)
  const [withAll, withNone] = warm
  const { length } = stream.records
  say(`one step, ${stream.name}: ${length} events, ${withAll} decisions (${withNone} without)`)
  tell(await byTurns((kind) => foldOnce(stream, kind).usPerEvent), 'microseconds/event', 2)
}
const whole = await replay('all')
say(`holdpoint replay, end to end: ${whole.events} events, ${whole.decisions} decisions`)
const rate = async (/** @type {typeof kinds[number]} */ kind) => {
  const { events, cpuMs } = await replay(kind)
  return (events * 1000) / cpuMs
}
tell(await byTurns(rate), 'events/s a core', 0)
