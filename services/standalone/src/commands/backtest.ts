import { statSync } from 'node:fs'
import { createEnrichment } from '@holdpoint/ingest'
import { Command } from 'commander'
import { runBacktest } from '../backtest/run.ts'
import { reportText } from '../backtest/text.ts'
import type { Environment } from '../environment.ts'
import { replayPartitions } from '../replay/replay.ts'
import { wholeNumber } from './numbers.ts'
import { startProgress } from './progress.ts'

interface BacktestFlags {
  readonly json?: boolean
  readonly partitions: number
  readonly skipBad?: boolean
}

/** `holdpoint backtest` */
export const backtestCommand = (env: Environment): Command =>
  new Command('backtest')
    .description(
      'fold a file of recorded events and count who is disturbed for nothing, and which attack comes to its deed',
    )
    .argument('<file>', 'NDJSON; an event may say what it is known to be in its field label')
    .option('--json', 'the report as one JSON object on stdout, nothing else')
    .option(
      '--partitions <count>',
      'of the internal log; caps count by it',
      wholeNumber(1, 1_000),
      replayPartitions,
    )
    .option('--skip-bad', 'report bad lines on stderr and go on')
    .addHelpText('after', '\nExample:\n  holdpoint backtest test/replay/01-usual-day.ndjson --json')
    .action(async (file: string, flags: BacktestFlags) => {
      const { stdout, stderr } = process
      const progress = startProgress('backtesting', sizeOf(file), flags.json === true)
      const { skipBad = false, partitions } = flags
      const { report, bad } = await runBacktest({
        file,
        partitions,
        skipBad,
        enrichment: createEnrichment({ geoDataDir: env['GEODATADIR'] }),
        onBad: (message) => {
          progress.clear()
          stderr.write(`${message}\n`)
        },
        onProgress: progress.update,
      }).finally(progress.stop)
      const lines = flags.json ? [JSON.stringify(report)] : reportText(report)
      stdout.write(`${lines.join('\n')}\n`)
      if (bad > 0) stderr.write(`${bad} bad lines were passed over\n`)
    })

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
