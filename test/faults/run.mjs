import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { MendableError, main, say } from '../../infra/bin/lib/command.mjs'
import { root } from '../../infra/bin/lib/workspace.mjs'
import { everyKind, tryLayout } from './layout.mjs'
import { optionsFrom, plan } from './options.mjs'
import { reportOf, textOf } from './report.mjs'

// Faults over real processes, in a seeded rotation; options.mjs says how it is called. The report goes to
// stdout, what goes on to stderr; the code is 1 when a promise was broken, or nothing can be said.

/** Ports that a layout takes. */
const layoutPorts = 100

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

await main(async () => {
  const options = optionsFrom(process.argv.slice(2))
  const { seed, perSecond, minutes } = options
  const kinds = everyKind.filter(({ name }) => name.includes(options.fault))
  if (kinds.length === 0)
    throw new MendableError(
      `no fault's name contains "${options.fault}":\n${everyKind.map(({ name }) => `  ${name}`).join('\n')}`,
    )
  say(`seed ${seed}`)
  const layouts = []
  for (const [at, { layout, minutes: share }] of plan(options).entries()) {
    try {
      layouts.push(
        await tryLayout({
          layout,
          kinds,
          minutes: share,
          seed: seed + at,
          perSecond,
          basePort: options.basePort + at * layoutPorts,
          dir: path.join(root, '.stack/faults', layout),
          stops,
        }),
      )
    } finally {
      await stopAll()
    }
  }
  const report = reportOf({ seed, minutes, layouts, kinds })
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
