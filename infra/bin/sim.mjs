import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { MendableError, main, runOrExplain, say, step } from './lib/command.mjs'
import { bin, root, setUp } from './lib/workspace.mjs'

const usage = `Ingest and engine over simulated parts, with everything going wrong that may: each run follows from its seed.

  npm run sim -- [--runs 2000] [--from 1]   that many runs, from this seed on; code 1 when a promise was broken
  npm run sim -- --seed 4711 [--trace]      one run again, with each call to log and store
      [--design origins-not-kept]           of a weaker design
  npm run sim -- --weaker [--runs 20000]    designs with a guard taken away: each must be caught within so many runs`

const folder = path.join(root, 'test/simulation')
/** A run takes milliseconds: one that takes so long does not end. */
const runMsMax = 120_000

/**
 * What a run came to, as test/simulation/verdict.ts has it, with the faults as a list.
 *
 * @typedef {object} Verdict
 * @property {number} seed
 * @property {{ promise: string, kind: string, what: string }[]} findings
 * @property {[name: string, count: number][]} faults
 * @property {number} steps
 * @property {number} events
 * @property {number} records
 * @property {number} decisions
 * @property {number} repeats
 */

await main(async () => {
  const { runs, from, seed, design, trace, weaker, help } = options()
  if (help) {
    console.log(usage)
    return 0
  }
  await setUp()
  await step('building the simulation', () =>
    runOrExplain(bin('tsc'), ['-p', folder], { cwd: root, env: process.env }),
  )
  if (seed !== undefined) return one(seed, design, trace)
  return weaker ? catchWeaker(from, runs ?? 20_000) : many(from, runs ?? 2_000)
})

function options() {
  const whole = { type: /** @type {const} */ ('string') }
  const flag = { type: /** @type {const} */ ('boolean'), default: false }
  try {
    const { values } = parseArgs({
      options: {
        runs: whole,
        from: whole,
        seed: whole,
        design: { ...whole, default: '' },
        trace: flag,
        weaker: flag,
        help: flag,
      },
    })
    return {
      ...values,
      runs: wholeNumber('--runs', values.runs),
      from: wholeNumber('--from', values.from) ?? 1,
      seed: wholeNumber('--seed', values.seed),
    }
  } catch (error) {
    if (error instanceof MendableError) throw error
    throw new MendableError(`${/** @type {Error} */ (error).message}\n\n${usage}`)
  }
}

/**
 * @param {string} name
 * @param {string | undefined} text
 */
function wholeNumber(name, text) {
  if (text === undefined) return undefined
  const number = Number(text)
  if (/^\d{1,9}$/.test(text) && number > 0) return number
  throw new MendableError(`${name} ${text}: give a whole number from 1 to 999999999`)
}

/**
 * Replays one seed and says what happened in it.
 *
 * @param {number} seed
 * @param {string} design '' for the shipped one
 * @param {boolean} trace
 */
async function one(seed, design, trace) {
  const { simulate } = await import(path.join(folder, 'dist/run.js'))
  const { designOf } = await import(path.join(folder, 'dist/weaker-designs.js'))
  /** @type {Verdict} */
  const verdict = await simulate(seed, designOf(design), trace ? console.log : undefined)
  const { findings, faults, steps, events, records, decisions, repeats } = verdict
  printFaults(new Map(faults))
  console.log(
    `seed ${seed}: ${events} events by topic, ${records} records, ${decisions} decisions published, ${repeats} of them again, ${steps} steps`,
  )
  for (const { promise, kind, what } of findings) console.log(`${promise} ${kind}: ${what}`)
  if (findings.length === 0) console.log('nothing lost, nothing doubled, nothing wrong')
  return findings.length === 0 ? 0 : 1
}

/**
 * @param {number} from
 * @param {number} runs
 */
async function many(from, runs) {
  const begun = Date.now()
  const sums = { steps: 0, events: 0, records: 0, decisions: 0, repeats: 0 }
  /** @type {Map<string, number>} */
  const faults = new Map()
  /** @type {Verdict[]} */
  const bad = []
  const progress = progressOn(runs, begun, () => bad.length)
  await spread('', from, runs, (verdict, done) => {
    for (const key of /** @type {(keyof typeof sums)[]} */ (Object.keys(sums)))
      sums[key] += verdict[key]
    for (const [name, count] of verdict.faults) faults.set(name, (faults.get(name) ?? 0) + count)
    if (verdict.findings.length > 0) bad.push(verdict)
    progress(done)
    return true
  })
  printFaults(faults)
  const seconds = ((Date.now() - begun) / 1000).toFixed(0)
  console.log(
    `${runs} runs from seed ${from} in ${seconds} s: ${sums.events} events by topic, ${sums.records} records, ${sums.decisions} decisions published, ${sums.repeats} of them again, ${sums.steps} steps`,
  )
  const kinds = ['lost', 'wrong', 'doubled', 'broken'].map((kind) => {
    const count = bad.filter(({ findings }) => findings.some((f) => f.kind === kind)).length
    return `${count} ${kind}`
  })
  console.log(`runs with anything ${kinds.join(', ')}`)
  for (const { seed, findings } of bad.slice(0, 10)) {
    console.log(`seed ${seed}: ${findings[0]?.promise} ${findings[0]?.kind}: ${findings[0]?.what}`)
    console.log(`  again with: npm run sim -- --seed ${seed}`)
  }
  return bad.length === 0 ? 0 : 1
}

/**
 * Tries the simulator itself: what it does not catch among designs that are known to fail, it would not
 * catch in ours.
 *
 * @param {number} from
 * @param {number} runs
 */
async function catchWeaker(from, runs) {
  const { weakerDesigns } = await import(path.join(folder, 'dist/weaker-designs.js'))
  let missed = 0
  for (const [name, { what, breaks }] of Object.entries(weakerDesigns)) {
    /** @type {Verdict | undefined} */
    let caught
    let tried = 0
    await spread(name, from, runs, (verdict, done) => {
      tried = done
      if (verdict.findings.some(({ promise }) => breaks.includes(promise))) caught ??= verdict
      return caught === undefined
    })
    if (caught === undefined) missed += 1
    const first = caught?.findings.find(({ promise }) => breaks.includes(promise))
    console.log(`${name}: ${what}`)
    console.log(
      first === undefined
        ? `  not caught in ${tried} runs`
        : `  caught after ${tried} runs: ${first.promise} ${first.kind}: ${first.what}\n  again with: npm run sim -- --seed ${caught?.seed} --design ${name}`,
    )
  }
  return missed === 0 ? 0 : 1
}

/**
 * Gives seeds to one process a core until all are done, or `take` has seen enough.
 *
 * @param {string} design
 * @param {number} from
 * @param {number} runs
 * @param {(verdict: Verdict, done: number) => boolean} take false to end early
 * @returns {Promise<void>}
 */
function spread(design, from, runs, take) {
  let next = from
  let done = 0
  let over = false
  const work = () =>
    new Promise((resolve, reject) => {
      const child = fork(path.join(folder, 'dist/main.js'), [design], {
        stdio: 'inherit',
        // A run leaves much that is dead at once: a larger young space clears it less often.
        execArgv: ['--max-semi-space-size=32'],
      })
      let seed = from
      /** @type {NodeJS.Timeout | undefined} */
      let timer
      const again = () =>
        `npm run sim -- --seed ${seed}${design === '' ? '' : ` --design ${design}`}`
      /** The other processes take no more seeds either: the failure must be seen now. */
      const fail = (/** @type {Error} */ error) => {
        over = true
        reject(error)
      }
      const feed = () => {
        clearTimeout(timer)
        if (over || next >= from + runs) return child.disconnect()
        seed = next
        next += 1
        child.send(seed)
        timer = setTimeout(() => {
          fail(new MendableError(`a run does not end: ${again()}`))
          child.kill('SIGKILL')
        }, runMsMax)
      }
      child.on('message', (message) => {
        if (message !== 'ready') {
          done += 1
          if (!over && !take(/** @type {Verdict} */ (message), done)) over = true
        }
        feed()
      })
      child.on('error', fail)
      child.on('exit', (code) => {
        clearTimeout(timer)
        if (code === 0) resolve(undefined)
        else fail(new MendableError(`a run ended its process with code ${code}: ${again()}`))
      })
    })
  return Promise.all(Array.from({ length: availableParallelism() }, work)).then(() => undefined)
}

/**
 * Says now and then how far it is: every 2 s on a terminal, every 30 s elsewhere.
 *
 * @param {number} runs
 * @param {number} begun
 * @param {() => number} bad
 */
function progressOn(runs, begun, bad) {
  const everyMs = process.stderr.isTTY ? 2_000 : 30_000
  let at = begun
  return (/** @type {number} */ done) => {
    if (Date.now() - at < everyMs) return
    at = Date.now()
    const leftS = Math.round(((at - begun) / done / 1000) * (runs - done))
    say(`${done} of ${runs} runs, ${bad()} with findings, about ${leftS} s left`)
  }
}

/** @param {Map<string, number>} faults */
function printFaults(faults) {
  for (const [name, count] of [...faults].sort(([, a], [, b]) => b - a))
    console.log(`${String(count).padStart(9)}  ${name}`)
}
