import { main } from './lib/command.mjs'
import { setUp } from './lib/workspace.mjs'

await main(setUp)
