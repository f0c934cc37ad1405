import path from 'node:path'
import { parseArgs } from 'node:util'
import { MendableError, main, runHere, runOrExplain, step } from './lib/command.mjs'
import { bin, root, setUp } from './lib/workspace.mjs'

const usage = `A population of people, workloads, agents and thieves, living against the present rules: each run follows from its seed.

  npm run population                          2,000 people and 200 workloads over 14 days, seed 1
  npm run population -- --seed 2 --people 500 --workloads 50 --days 7
  npm run population -- --write FILE          keeps the events with their labels: holdpoint backtest FILE counts the same
  npm run population -- --json                the report as one JSON object`

const folder = path.join(root, 'test/population')

await main(async () => {
  const passedOn = options()
  if (passedOn === null) {
    console.log(usage)
    return 0
  }
  await setUp()
  await step('building the population', () =>
    runOrExplain(bin('tsc'), ['-p', folder], { cwd: root, env: process.env }),
  )
  return runHere(process.execPath, [path.join(folder, 'dist/main.js'), ...passedOn], {
    cwd: root,
    env: process.env,
  })
})

/** What is passed on to `test/population/main.ts`, checked; null for help. */
function options() {
  const whole = { type: /** @type {const} */ ('string') }
  const flag = { type: /** @type {const} */ ('boolean'), default: false }
  try {
    const { values } = parseArgs({
      options: {
        people: whole,
        workloads: whole,
        days: whole,
        seed: whole,
        write: whole,
        json: flag,
        help: flag,
      },
    })
    if (values.help) return null
    const limits = { people: 100_000, workloads: 10_000, days: 90, seed: 999_999_999 }
    const numbers = Object.entries(limits).flatMap(([name, max]) =>
      wholeNumber(name, max, values[/** @type {keyof typeof limits} */ (name)]),
    )
    const write = values.write === undefined ? [] : ['--write', values.write]
    return [...numbers, ...write, ...(values.json ? ['--json'] : [])]
  } catch (error) {
    if (error instanceof MendableError) throw error
    throw new MendableError(`${/** @type {Error} */ (error).message}\n\n${usage}`)
  }
}

/**
 * @param {string} name
 * @param {number} max
 * @param {string | undefined} text
 */
function wholeNumber(name, max, text) {
  if (text === undefined) return []
  if (/^\d{1,9}$/.test(text) && Number(text) > 0 && Number(text) <= max) return [`--${name}`, text]
  throw new MendableError(`--${name} ${text}: give a whole number from 1 to ${max}`)
}
