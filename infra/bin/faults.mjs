import path from 'node:path'
import { main, runHere } from './lib/command.mjs'
import { root, setUp } from './lib/workspace.mjs'

await main(async () => {
  await setUp()
  const rotation = path.join(root, 'test/faults/run.mjs')
  return runHere(process.execPath, [rotation, ...process.argv.slice(2)], { cwd: root })
})
