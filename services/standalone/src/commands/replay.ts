import { once } from 'node:events'
import { statSync } from 'node:fs'
import { decisionToJson } from '@holdpoint/contracts'
import { createEnrichment } from '@holdpoint/ingest'
import type { Decision } from '@holdpoint/risk'
import { Command } from 'commander'
import { decisionLine, paintFor } from '../dev/lines.ts'
import type { Environment } from '../environment.ts'
import { openAlertFile } from '../replay/alert-file.ts'
import { replayPartitions } from '../replay/replay.ts'
import { runReplay } from '../replay/run.ts'
import { wholeNumber } from './numbers.ts'
import { startProgress } from './progress.ts'

interface ReplayFlags {
  readonly json?: boolean
  readonly alerts?: string
  readonly partitions: number
  readonly skipBad?: boolean
  readonly all?: boolean
}

/** `holdpoint replay` */
export const replayCommand = (env: Environment): Command =>
  new Command('replay')
    .description(
      'fold a file of recorded events, one JSON object a line, and print what is decided',
    )
    .argument('<file>', 'NDJSON; receivedAt defaults to occurredAt')
    .option('--json', 'one JSON object a decision on stdout, nothing else')
    .option(
      '--partitions <count>',
      'of the internal log; ids follow it',
      wholeNumber(1, 1_000),
      replayPartitions,
    )
    .option('--all', 'also what went to session.shadow, and apps must not act on')
    .option('--alerts <file>', 'write what the SOC is told, one JSON object (OCSF) an alert')
    .option('--skip-bad', 'report bad lines on stderr and go on')
    .addHelpText(
      'after',
      '\nExample:\n  holdpoint replay test/replay/07-victim-answers.ndjson --json',
    )
    .action(async (file: string, flags: ReplayFlags) => {
      const { stdout, stderr } = process
      const paint = paintFor(stdout, env)
      const show = (decision: Decision): string =>
        flags.json ? JSON.stringify(decisionToJson(decision)) : decisionLine(decision, paint, 'UTC')
      const progress = startProgress('replaying', sizeOf(file), flags.json === true)
      const { skipBad = false, all = false, partitions } = flags
      const alerts = flags.alerts === undefined ? null : await openAlertFile(flags.alerts)
      const replaying = runReplay({
        file,
        partitions,
        skipBad,
        all,
        enrichment: createEnrichment({ geoDataDir: env['GEODATADIR'] }),
        onDecision: async (decision) => {
          if (stdout.isTTY) progress.clear()
          if (!stdout.write(`${show(decision)}\n`)) await once(stdout, 'drain')
        },
        ...(alerts === null ? {} : { onAlert: alerts.write }),
        onBad: (message) => {
          progress.clear()
          stderr.write(`${message}\n`)
        },
        onProgress: progress.update,
      })
      const summary = await replaying.finally(progress.stop).finally(() => alerts?.close())
      const { events, decisions, bad } = summary
      if (!flags.json) stdout.write(`${events} events, ${decisions} decisions\n`)
      if (bad > 0) stderr.write(`${bad} bad lines were passed over\n`)
    })

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
