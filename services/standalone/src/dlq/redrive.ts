/** `holdpoint dlq redrive`: gives letters another try, each once. */
import type { SchemaCatalogue } from '@holdpoint/contracts'
import { type Log, LogWriteError, type LogWriter, type NewRecord } from '@holdpoint/log'
import { CommandError } from '../errors.ts'
import { foreignCodeLines } from './codes.ts'
import { type Letter, topicOf } from './letter.ts'
import { type LettersOptions, type OnLetters, readLetters, type Selection } from './letters.ts'
import { lookGroup, spansOf } from './read-spans.ts'
import { receiptOf, type SentBack } from './receipts.ts'
import { isMendable, type LeftReason, leftReasons, type ReturnDeps, returnOf } from './send-back.ts'
import { type Named, Tally } from './tally.ts'
import { aligned, escaped } from './text.ts'

/** One run that sends reads in it at a time; no position is kept there. */
const redriveGroup = 'holdpoint-dlq-redrive'
/** Letters between two receipts: so many at most are sent twice where a run is killed. */
const receiptEvery = 100

export interface RedriveOptions
  extends Pick<LettersOptions, 'log' | 'selection' | 'startProgress' | 'patience'> {
  readonly catalogue: () => Promise<SchemaCatalogue>
  /** ms since the epoch. */
  readonly now: () => number
  /** Also those that were sent back before. */
  readonly again: boolean
  /** Sends so many at most. */
  readonly limit: number
  /** Sends nothing. */
  readonly dryRun: boolean
}

/** What became of the letters of one kind. */
export interface Outcome extends Named {
  readonly left: LeftReason | null
  count: number
}

interface Ready {
  readonly letter: Letter
  readonly topic: string
  readonly record: NewRecord
}

/**
 * Appends the record of each letter to the topic that it came from, and after the acknowledgement a receipt to
 * the dead-letter topic. A run that is killed in between sends those letters again: their events are then
 * known by their ids, as any repeat by a producer is.
 * @returns how many letters of each kind were sent (`left` null), or left and why
 * @throws CommandError where something fails after some were sent, and else whatever failed
 */
export async function redrive(options: RedriveOptions): Promise<readonly Outcome[]> {
  const { log, selection, dryRun } = options
  const partitions = await partitionsOf(log, selection)
  const writer = dryRun ? null : await log.writer()
  const run = new Run(options, { ...options, partitions }, writer)
  try {
    await readLetters({
      ...options,
      groupId: dryRun ? lookGroup() : redriveGroup,
      onLetters: run.onLetters,
    })
  } catch (error) {
    if (run.sent === 0) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new CommandError(
      `${run.sent} were sent back, then: ${message}\nMend it and run it again: it goes on with the rest`,
    )
  } finally {
    await writer?.close()
  }
  return run.outcomes
}

async function partitionsOf(log: Log, { topics }: Selection): Promise<ReadonlyMap<string, number>> {
  const spans = await spansOf(log, topics.map(topicOf))
  return new Map(spans.map(({ topic }) => [topic, spans.filter((s) => s.topic === topic).length]))
}

class Run {
  readonly #options: RedriveOptions
  readonly #returns: ReturnDeps
  /** null where nothing is to be sent. */
  readonly #writer: LogWriter | null
  readonly #tally = new Map<LeftReason | null, Tally<Outcome>>()
  /** Letters that may still be sent. */
  #room: number
  sent = 0

  constructor(options: RedriveOptions, returns: ReturnDeps, writer: LogWriter | null) {
    this.#options = options
    this.#returns = returns
    this.#writer = writer
    this.#room = options.limit
  }

  get outcomes(): readonly Outcome[] {
    return [...this.#tally.values()].flatMap(({ groups }) => groups)
  }

  readonly onLetters: OnLetters = async (letters, sentBack) => {
    let ready: Ready[] = []
    for (const letter of letters) {
      const reason = this.#leave(letter, sentBack)
      const back = reason === null ? await returnOf(letter, this.#returns) : { left: reason }
      if (back.left !== null) {
        this.#count(letter, back.left)
        continue
      }
      if (this.#room === 0) break
      this.#room -= 1
      ready.push({ letter, topic: back.topic, record: back.record })
      if (ready.length < receiptEvery) continue
      await this.#send(ready)
      ready = []
    }
    await this.#send(ready)
    return this.#room === 0 ? 'enough' : 'more'
  }

  #leave(letter: Letter, sentBack: SentBack): LeftReason | null {
    const { selection, again } = this.#options
    if (selection.only !== undefined) return null
    if (!again && sentBack.has(letter.at.offset)) return 'sent_back_before'
    return selection.code === undefined && !isMendable(letter) ? 'bytes_at_fault' : null
  }

  /** Sends letters of one partition, each alone where one of them is too large for its topic. */
  async #send(ready: readonly Ready[]): Promise<void> {
    const [first] = ready
    if (first === undefined) return
    try {
      const records = ready.map(({ record }) => record)
      await this.#writer?.append(first.topic, records)
    } catch (error) {
      if (!(error instanceof LogWriteError) || error.code !== 'record_too_large') throw error
      if (ready.length === 1) return this.#count(first.letter, 'too_large')
      for (const one of ready) await this.#send([one])
      return
    }
    for (const { letter } of ready) this.#count(letter, null)
    await this.#acknowledge(ready)
  }

  async #acknowledge(ready: readonly Ready[]): Promise<void> {
    const [first] = ready
    if (first === undefined || this.#writer === null) return
    this.sent += ready.length
    const offsets = ready.map(({ letter }) => letter.at.offset)
    const { topic, partition } = first.letter.at
    await this.#writer.append(topic, [receiptOf(partition, offsets)])
  }

  #count(letter: Letter, left: LeftReason | null): void {
    const tally = this.#tally.get(left) ?? new Tally((named) => ({ ...named, left, count: 0 }))
    this.#tally.set(left, tally)
    tally.of(letter).count += 1
  }
}

/** A line for each kind, what was sent first, or the sentence that there is nothing of the `code` that was asked for. */
export function outcomeLines(
  outcomes: readonly Outcome[],
  dryRun: boolean,
  code?: string,
): readonly string[] {
  if (outcomes.length === 0) return ['no dead letters to send back', ...foreignCodeLines(code)]
  const sent = outcomes.filter(({ left }) => left === null)
  const left = outcomes.filter((outcome) => outcome.left !== null)
  const word = dryRun ? 'would send back' : 'sent back'
  return aligned(
    [...sent, ...left].map(({ topic, stage, code, count, left: why }) => [
      why === null ? word : 'left',
      String(count),
      topic,
      escaped(stage),
      escaped(code),
      ...(why === null ? [] : [leftReasons[why]]),
    ]),
  )
}
