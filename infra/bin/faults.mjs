import path from 'node:path'
import { optionsFrom, usage } from '../../test/faults/options.mjs'
import { main, runHere } from './lib/command.mjs'
import { root, setUp } from './lib/workspace.mjs'

await main(async () => {
  const args = process.argv.slice(2)
  if (args.includes('--help')) {
    console.log(usage)
    return 0
  }
  optionsFrom(args) // refused now, not after the minutes of a build
  await setUp()
  const rotation = path.join(root, 'test/faults/run.mjs')
  return runHere(process.execPath, [rotation, ...args], { cwd: root })
})
