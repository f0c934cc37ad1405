import { engineConfig } from '@holdpoint/engine'
import { ingestConfig } from '@holdpoint/ingest'
import { kafkaLog } from '@holdpoint/log'
import {
  ConfigError,
  generation,
  kafkaConnection,
  kafkaVariables,
  loadConfig,
  redisUrl,
} from '@holdpoint/runtime'
import { Command, Option } from 'commander'
import type { Environment } from '../environment.ts'
import { CommandError } from '../errors.ts'
import { needsRebase, planLines } from '../rebase/plan.ts'
import { type RebaseReport, rebase, removeOld } from '../rebase/rebase.ts'
import { wholeNumber } from './numbers.ts'
import { startProgress } from './progress.ts'

/** The variables of the engines whose state is carried. */
export const rebaseConfig = {
  ...kafkaVariables,
  redisUrl,
  generation,
  groupId: engineConfig.groupId,
}

interface RebaseFlags {
  readonly to?: number
  readonly dryRun?: boolean
  readonly force?: boolean
  readonly anew?: boolean
  readonly removeOld?: boolean
  readonly json?: boolean
}

/** `holdpoint rebase` */
export const rebaseCommand = (env: Environment): Command =>
  new Command('rebase')
    .description(
      'carry the state to a new generation, after the log lost records or was made anew; engines and ingest must be stopped',
    )
    .option(
      '--to <generation>',
      'the new one (default: the present one + 1)',
      wholeNumber(2, 9_999),
    )
    .option('--dry-run', 'print what was found and would be done, and change nothing')
    .option('--anew', 'the topic was made anew: fold every partition from its start')
    .option('--force', 'also where every partition would go on by itself')
    .addOption(
      new Option(
        '--remove-old',
        'remove the generations before the present one, and do nothing else',
      ).conflicts(['to', 'dryRun', 'anew', 'force']),
    )
    .option('--json', 'one JSON object on stdout, nothing else')
    .addHelpText(
      'after',
      '\nThe present generation comes from HOLDPOINT_GENERATION, addresses from HOLDPOINT_KAFKA_BROKERS and HOLDPOINT_REDIS_URL.\ndocs/how-to/go-on-after-a-lost-log.md has the steps before and after.\n\nExample:\n  HOLDPOINT_GENERATION=1 holdpoint rebase --dry-run',
    )
    .action(async (flags: RebaseFlags) => {
      try {
        await (flags.removeOld ? runRemoval(env, flags) : runRebase(env, flags))
      } catch (error) {
        if (error instanceof CommandError || error instanceof ConfigError) throw error
        const message = error instanceof Error ? error.message : String(error)
        throw new CommandError(`${message}\n${flags.removeOld ? afterRemoval : afterRebase}`)
      }
    })

/** Ingest's usual one: HOLDPOINT_GROUP_ID is the engines' here, and in ingest's own environment ingest's. */
const ingestGroup = ingestConfig.groupId.default

const afterRebase =
  'The present generation has its state as it was, and the command can be run again. Addresses come from HOLDPOINT_KAFKA_BROKERS and HOLDPOINT_REDIS_URL; holdpoint doctor tells what is reachable'
const afterRemoval =
  'The present generation is untouched, and the command can be run again. The address comes from HOLDPOINT_REDIS_URL; holdpoint doctor tells what is reachable'

const print = (line: string): boolean => process.stdout.write(`${line}\n`)
/** What the bar counts. */
const percent = 100

async function runRebase(env: Environment, flags: RebaseFlags): Promise<void> {
  const { json = false, dryRun = false, force = false, anew = false } = flags
  const config = loadConfig(rebaseConfig, env)
  const log = kafkaLog({ ...kafkaConnection(config), clientId: 'holdpoint-rebase' })
  const progress = startProgress('carrying', percent, json)
  try {
    const report = await rebase({
      log,
      redisUrl: config.redisUrl,
      from: config.generation,
      to: flags.to ?? config.generation + 1,
      groupIds: ingestGroup === null ? [config.groupId] : [config.groupId, ingestGroup],
      dryRun,
      force,
      anew,
      onProgress: (share) => progress.update(Math.floor(share * percent)),
    }).finally(progress.stop)
    for (const line of json ? [JSON.stringify(report)] : reportLines(report)) print(line)
  } finally {
    await log.close()
  }
}

async function runRemoval(env: Environment, { json = false }: RebaseFlags): Promise<void> {
  const { redisUrl: url, generation: present } = loadConfig({ redisUrl, generation }, env)
  const progress = startProgress('removing', percent, json)
  const onProgress = (share: number) => progress.update(Math.floor(share * percent))
  const removed = await removeOld({ redisUrl: url, present, onProgress }).finally(progress.stop)
  print(
    json
      ? JSON.stringify({ present, removed })
      : `${removed} keys of generations before ${present} removed`,
  )
}

/** For a person: the table, what was done, and what to do next. */
export function reportLines(report: RebaseReport): readonly string[] {
  const { from, to, dryRun, partitions, published, copied } = report
  const lines = [...planLines(partitions), '']
  const anewOnes = partitions.filter(({ verdict }) => verdict === 'log-anew').length
  const goOn = partitions.some(({ verdict }) => verdict === 'goes-on')
  if (anewOnes > 0 && goOn)
    lines.push(
      'Where the whole topic was made anew, a partition that seems to go on may have outgrown its state: --anew folds them all from the start',
    )
  if (!dryRun)
    return [
      ...lines,
      `${published} waiting decisions published, ${copied} keys copied from generation ${from} to ${to}`,
      `Start engines and ingest with HOLDPOINT_GENERATION=${to}. When all is well: HOLDPOINT_GENERATION=${to} holdpoint rebase --remove-old`,
    ]
  const stopping = partitions.filter(needsRebase).length
  return [
    ...lines,
    stopping === 0
      ? 'nothing needs a rebase: every partition goes on by itself'
      : `${stopping} of ${partitions.length} partitions need it; nothing was changed: without --dry-run all are carried from generation ${from} to ${to}`,
  ]
}
