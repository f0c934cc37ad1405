import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { MendableError, main, say } from '../../infra/bin/lib/command.mjs'
import { root } from '../../infra/bin/lib/workspace.mjs'
import { everyKind, tryLayout, untried } from './layout.mjs'
import { layoutPorts, optionsFrom, plan, usage } from './options.mjs'
import { reportOf, textOf } from './report.mjs'

// Faults over real processes, in a seeded rotation; options.mjs says how it is called. The report goes to
// stdout, what goes on to stderr; the code is 1 when a promise was broken, or nothing can be said.

/**
 * What ends each part that runs, in the order of their starts.
 *
 * @type {(() => Promise<void>)[]}
 */
const stops = []

async function stopAll() {
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop())
    await stop().catch((/** @type {unknown} */ error) => say(String(error)))
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.once(signal, async () => {
    say('stopping')
    await stopAll()
    process.exit(128 + constants.signals[signal])
  })

/**
 * What becomes of one layout, whose failure does not undo what was found in another.
 *
 * @param {import('./options.mjs').Options} options
 * @param {readonly import('./rotation.mjs').FaultKind[]} kinds
 * @param {{ layout: import('./options.mjs').RedisLayout, minutes: number }} share
 * @param {number} at its place among all
 */
async function tryOne({ seed, perSecond, basePort }, kinds, { layout, minutes }, at) {
  const dir = path.join(root, '.stack/faults', layout)
  try {
    return await tryLayout({
      layout,
      kinds,
      minutes,
      seed: seed + at,
      perSecond,
      basePort: basePort + at * layoutPorts,
      dir,
      stops,
    })
  } catch (error) {
    say(`${layout}: ${String(error)}`)
    return untried(layout, dir, error)
  } finally {
    await stopAll()
  }
}

await main(async () => {
  const args = process.argv.slice(2)
  if (args.includes('--help')) {
    console.log(usage)
    return 0
  }
  const options = optionsFrom(args)
  const { seed, minutes, fault } = options
  const kinds = everyKind.filter(({ name }) => name.includes(fault))
  if (kinds.length === 0)
    throw new MendableError(
      `no fault's name contains "${fault}":\n${everyKind.map(({ name }) => `  ${name}`).join('\n')}`,
    )
  const { shares, dropped } = plan(options, kinds)
  for (const layout of dropped) say(`${layout}: left out, no such fault can happen there`)
  if (shares.length === 0) throw new MendableError('no fault can happen in the layouts asked for')
  say(`seed ${seed}`)
  const layouts = []
  for (const [at, share] of shares.entries()) layouts.push(await tryOne(options, kinds, share, at))
  const report = reportOf({ seed, minutes, layouts, kinds, whole: fault === '' })
  if (options.json !== undefined) {
    mkdirSync(path.dirname(path.resolve(options.json)), { recursive: true })
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
  }
  console.log(textOf(report))
  if (report.held)
    for (const { logs } of layouts)
      rmSync(path.join(logs, 'fleet'), { recursive: true, force: true })
  return report.held ? 0 : 1
})
// Clients of what was killed may still wait to try again.
process.exit()
