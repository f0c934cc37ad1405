import { writeFileSync } from 'node:fs'
import { deadLetterOf, registryCatalogue, topics } from '@holdpoint/contracts'
import { Command } from 'commander'
import { deadLetterTopics } from '../dlq/letter.ts'
import type { Selection } from '../dlq/letters.ts'
import { groupLines, groupToJson, listLetters } from '../dlq/list.ts'
import { type PartitionOffset, partitionOffset, sinceTime, topicName } from '../dlq/options.ts'
import { outcomeLines, redrive } from '../dlq/redrive.ts'
import { mendable } from '../dlq/send-back.ts'
import { findLetter, letterJson, letterLines } from '../dlq/show.ts'
import { jsonLine } from '../dlq/text.ts'
import type { Environment } from '../environment.ts'
import { CommandError } from '../errors.ts'
import { connectedAs } from './connected.ts'
import { wholeNumber } from './numbers.ts'
import { startProgress } from './progress.ts'

const connected = connectedAs('holdpoint-dlq')

const addresses = '\nAddresses come from HOLDPOINT_KAFKA_BROKERS and HOLDPOINT_REGISTRY_URL.\n'

/** `holdpoint dlq` */
export const dlqCommand = (env: Environment): Command =>
  new Command('dlq')
    .description('records that were refused: count them, look at one, give them another try')
    .addCommand(listCommand(env))
    .addCommand(showCommand(env))
    .addCommand(redriveCommand(env))
    .addHelpText('after', '\nExample:\n  holdpoint dlq ls')

interface SelectFlags {
  readonly topic?: string
  readonly code?: string
  readonly since?: number
  readonly json?: boolean
}

/** Options by which letters are chosen. */
const selecting = (command: Command): Command =>
  command
    .option('--topic <topic>', 'one dead-letter topic, as session.login.dlq', topicName)
    .option('--code <code>', 'one code of docs/reference/error-codes.md, as unknown_session')
    .option(
      '--since <when>',
      'refused in the last 90s, 30m, 2h or 7d, or since an ISO time',
      sinceTime,
    )
    .option('--json', 'as one JSON value on stdout, nothing else')

const selectionOf = ({ topic, code, since }: SelectFlags): Selection => ({
  topics: topic === undefined ? deadLetterTopics : [topic],
  code,
  since,
})

const listCommand = (env: Environment): Command =>
  selecting(new Command('ls'))
    .description('count dead letters by topic, stage and code, the newest kind last')
    .addHelpText('after', `${addresses}\nExample:\n  holdpoint dlq ls --since 2h`)
    .action(async (flags: SelectFlags) => {
      const json = flags.json === true
      const groups = await connected(env, ({ log }) =>
        listLetters({
          log,
          selection: selectionOf(flags),
          startProgress: (total) => startProgress('reading dead letters', total, json),
        }),
      )
      print(json ? [jsonLine(groups.map(groupToJson))] : groupLines(groups, flags.code))
    })

interface ShowFlags {
  readonly json?: boolean
  readonly raw?: string
}

const showCommand = (env: Environment): Command =>
  new Command('show')
    .description('one dead letter: where it came from, why it was refused, and what it holds')
    .argument('<topic>', 'as session.login.dlq', topicName)
    .argument('<place>', 'partition:offset, as dlq ls prints it', partitionOffset)
    .option('--json', 'as one JSON value on stdout, nothing else')
    .option('--raw <file>', "writes the value's bytes to a new file")
    .addHelpText(
      'after',
      `\nIt prints what the record holds, personal data included: mind where the output goes.\n${addresses}\nExample:\n  holdpoint dlq show session.login.dlq 3:17`,
    )
    .action(async (topic: string, at: PartitionOffset, { json, raw }: ShowFlags) => {
      const shown = await connected(env, async ({ log, config }) => {
        const catalogue = await registryCatalogue({ url: config.registryUrl, writes: [] })
        return findLetter(log, { topic, ...at }, catalogue)
      })
      if (raw !== undefined) writeNew(raw, shown.letter.record.value)
      print(json ? [letterJson(shown)] : letterLines(shown))
    })

interface RedriveFlags extends SelectFlags {
  readonly only?: PartitionOffset
  readonly limit?: number
  readonly dryRun?: boolean
  readonly again?: boolean
}

const mendableCodes = [...mendable].join(', ').replace(/(.{60,80},) /g, '$1\n  ')

const redriveHelp = `
Each record goes back to the topic that it came from, and takes the whole way again. Mend the cause
first. Without --code or --only it takes what a mend can help:
  ${mendableCodes},
  and all of ${deadLetterOf(topics.internal)}.
Where the bytes are at fault (not_json, missing, ...), mend the producer and have it send again;
too_old only grows older.

A letter is sent back once: a receipt in its topic remembers it, whatever the filter was. One that is
refused again is a new letter, and its header holdpoint.redrive.attempts counts. One run at a time.
docs/how-to/handle-dead-letters.md says more.
`

const redriveCommand = (env: Environment): Command =>
  selecting(new Command('redrive'))
    .description('send dead letters back to where they came from, each once')
    .option(
      '--only <place>',
      'the one at this partition:offset of --topic, in any case',
      partitionOffset,
    )
    .option('--limit <count>', 'send so many at most', wholeNumber(1, 1_000_000_000))
    .option('--again', 'also those that were sent back before')
    .option('--dry-run', 'say what would be sent, and send nothing')
    .addHelpText(
      'after',
      `${redriveHelp}${addresses}\nExample:\n  holdpoint dlq redrive --code unknown_session --dry-run`,
    )
    .action(async (flags: RedriveFlags, command: Command) => {
      const { limit = Number.POSITIVE_INFINITY, dryRun = false, again = false } = flags
      const json = flags.json === true
      if (flags.only !== undefined && flags.topic === undefined) {
        command.error("error: option '--only' needs '--topic'", {
          code: 'commander.missingArgument',
        })
      }
      const selection = { ...selectionOf(flags), only: onlyOf(flags) }
      const outcomes = await connected(env, ({ log, config }) => {
        const open = () => registryCatalogue({ url: config.registryUrl, writes: [topics.internal] })
        let catalogue: ReturnType<typeof open> | undefined
        return redrive({
          log,
          selection,
          catalogue: () => {
            catalogue ??= open()
            return catalogue
          },
          now: Date.now,
          again,
          limit,
          dryRun,
          startProgress: (total) => startProgress('reading dead letters', total, json),
        })
      })
      print(json ? [jsonLine({ dryRun, outcomes })] : outcomeLines(outcomes, dryRun, flags.code))
    })

function onlyOf({ topic, only }: RedriveFlags): Selection['only'] {
  return topic === undefined || only === undefined ? undefined : { topic, ...only }
}

const print = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Into a file that only its owner reads, and that was not there before. */
function writeNew(file: string, value: Buffer | null): void {
  try {
    writeFileSync(file, value ?? '', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CommandError(`cannot write ${file} (${code}): name a file that does not exist yet`)
  }
}
