import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { main } from './lib/command.mjs'
import { root, setUp } from './lib/workspace.mjs'

/** Writes docs/reference from the code, as built. */
await main(async () => {
  await setUp()
  const built = path.join(root, 'services/standalone/dist/index.js')
  const { referencePages } = await import(pathToFileURL(built).href)
  const folder = path.join(root, 'docs/reference')
  const pages = referencePages()
  // All of it is made here: what no longer exists goes.
  rmSync(folder, { recursive: true, force: true })
  for (const [name, text] of pages) {
    const file = path.join(folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
})
