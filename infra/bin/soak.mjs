import path from 'node:path'
import { findStack } from '../stack/find.mjs'
import { main, runHere } from './lib/command.mjs'
import { root, setUp } from './lib/workspace.mjs'

await main(async () => {
  await setUp()
  const stack = await findStack()
  try {
    return await runHere(
      process.execPath,
      [path.join(root, 'test/load/soak.mjs'), ...process.argv.slice(2)],
      { cwd: root, env: { ...process.env, ...stack.addresses } },
    )
  } finally {
    await stack.release()
  }
})
