import { ConfigError } from '@holdpoint/runtime'
import { CommanderError } from 'commander'
import { createProgram } from './cli.ts'
import { CommandError } from './errors.ts'

// Whoever reads our output may stop reading: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await createProgram(process.env).parseAsync(process.argv)
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else if (error instanceof CommandError || error instanceof ConfigError) {
    process.stderr.write(`holdpoint: ${error.message}\n`)
    process.exitCode = 1
  } else {
    throw error
  }
}
// A command that is done ends, also where a client library left a socket open.
process.stdout.write('', () => process.exit())
