import path from 'node:path'
import { soakOptions, usage } from '../../test/load/soak-options.mjs'
import { findStack } from '../stack/find.mjs'
import { main, runHere } from './lib/command.mjs'
import { root, setUp } from './lib/workspace.mjs'

await main(async () => {
  // Before anything is built for options that cannot be meant.
  const args = process.argv.slice(2)
  if (soakOptions(args).help) {
    console.log(`usage: ${usage}`)
    return
  }
  await setUp()
  const stack = await findStack()
  try {
    return await runHere(process.execPath, [path.join(root, 'test/load/soak.mjs'), ...args], {
      cwd: root,
      env: { ...process.env, ...stack.addresses },
    })
  } finally {
    await stack.release()
  }
})
