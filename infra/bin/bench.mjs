import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { benchOptions, usage } from '../../test/load/bench-options.mjs'
import { findStack } from '../stack/find.mjs'
import { main, runHere, runOrExplain, step } from './lib/command.mjs'
import { nodeFlags } from './lib/service.mjs'
import { bin, root, setUp } from './lib/workspace.mjs'

const args = process.argv.slice(2)

await main(async () => {
  // Before anything is built for options that cannot be meant.
  const { parts, help } = benchOptions(args)
  if (help) {
    console.log(usage)
    return 0
  }
  await setUp()
  const failed = parts.includes('step') ? await benchStep() : 0
  return failed === 0 && parts.includes('stack') ? benchStack() : failed
})

/** What the detectors cost. The events of a small population, which follow from its seed, are what they see. */
async function benchStep() {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-bench-'))
  const file = path.join(folder, 'events.ndjson')
  const options = { cwd: root, env: process.env }
  const population = path.join(root, 'test/population')
  const size = ['--people', '300', '--workloads', '30', '--days', '7', '--seed', '1']
  try {
    await step('writing the events of a population', async () => {
      await runOrExplain(bin('tsc'), ['-p', population], options)
      const write = [path.join(population, 'dist/main.js'), ...size, '--write', file]
      await runOrExplain(process.execPath, write, options)
    })
    const flags = ['--expose-gc', ...(nodeFlags['engine'] ?? [])]
    const cost = path.join(root, 'test/load/cost.mjs')
    return await runHere(process.execPath, [...flags, cost, file, ...args], options)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The engine against bare kafkajs. */
async function benchStack() {
  const stack = await findStack()
  try {
    return await runHere(process.execPath, [path.join(root, 'test/load/bench.mjs'), ...args], {
      cwd: root,
      env: { ...process.env, ...stack.addresses },
    })
  } finally {
    await stack.release()
  }
}
