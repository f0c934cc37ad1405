import { pathToFileURL } from 'node:url'
import { main } from './lib/command.mjs'
import { holdpointCommand, setUp } from './lib/workspace.mjs'

await main(async () => {
  await setUp()
  // In this process rather than a child: the terminal and its signals are the command's own.
  process.argv.splice(1, 1, holdpointCommand, 'dev')
  await import(pathToFileURL(holdpointCommand).href)
})
