import { Command } from 'commander'
import { dev } from '../dev/dev.ts'
import type { Environment } from '../environment.ts'
import { wholeNumber } from './numbers.ts'

interface DevFlags {
  readonly port: number
  readonly seed: number
  readonly people: number
  readonly speed: number
}

const workloads = 6

/** `holdpoint dev` */
export const devCommand = (env: Environment): Command =>
  new Command('dev')
    .description('ingest, engine and a simulated platform under attack, in one process')
    .option(
      '--port <port>',
      'where POST /v1/events listens, on loopback',
      wholeNumber(0, 65_535),
      8484,
    )
    .option('--seed <number>', 'of the simulated people', wholeNumber(0, 4_294_967_295), 1)
    .option('--people <count>', 'who live in the simulation', wholeNumber(1, 5_000), 40)
    .option('--speed <times>', 'as much happens in the same time', wholeNumber(1, 50), 1)
    .addHelpText('after', '\nExample:\n  holdpoint dev --port 9000 --people 100 --speed 2')
    .action(async (flags: DevFlags) => {
      const stop = new AbortController()
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
      const { stdout: output } = process
      await dev({ ...flags, workloads, output, env, signal: stop.signal })
    })
