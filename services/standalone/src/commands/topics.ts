import { Command } from 'commander'
import type { Environment } from '../environment.ts'
import { applyTopics } from '../topics/apply.ts'
import { wholeNumber } from './numbers.ts'

interface ApplyFlags {
  readonly dryRun?: boolean
  readonly replicas?: number
}

/** `holdpoint topics` */
export const topicsCommand = (env: Environment): Command =>
  new Command('topics').description('topics of Kafka and schemas of the registry').addCommand(
    new Command('apply')
      .description(
        'make topics and schemas as this release states them; again, it finds nothing to do',
      )
      .option('--dry-run', 'print the difference and change nothing')
      .option(
        '--replicas <count>',
        'of new topics (default: 3, or all brokers where there are fewer)',
        wholeNumber(1, 100),
      )
      .addHelpText(
        'after',
        '\nAddresses come from HOLDPOINT_KAFKA_BROKERS and HOLDPOINT_REGISTRY_URL.\n\nExample:\n  HOLDPOINT_KAFKA_BROKERS=127.0.0.1:9092 holdpoint topics apply --dry-run',
      )
      .action(async ({ dryRun = false, replicas }: ApplyFlags) => {
        await applyTopics({
          dryRun,
          replicas,
          env,
          print: (line) => process.stdout.write(`${line}\n`),
        })
      }),
  )
