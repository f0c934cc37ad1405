/** Reads stretches of a log from end to end, once or more, and nothing that came after. */
import { randomUUID } from 'node:crypto'
import {
  type Batch,
  type Log,
  type LogReader,
  partitionKey,
  type StoredRecord,
  type TopicPartition,
} from '@holdpoint/log'
import { CommandError } from '../errors.ts'

/** What a partition holds at the moment of the look: offsets from `low` to below `high`. */
export interface Span extends TopicPartition {
  readonly low: number
  readonly high: number
}

/** Takes the records of a pass, batch by batch, in order. `enough` ends the reading. */
export type Pass = (span: Span, records: readonly StoredRecord[]) => Promise<'enough' | 'more'>

export interface ReadOptions {
  readonly log: Log
  /** The reader wants all partitions of its topics: two readings of one group at a time are refused. */
  readonly groupId: string
  readonly spans: readonly Span[]
  /**
   * The spans anew, as soon as all partitions are this reading's. One that reads in the same group and appends
   * to these topics may have ended after `spans` were looked up: what it appended is behind their ends.
   */
  readonly lookAgain?: () => Promise<readonly Span[]>
  /** Each span is read once for each of them; one partition's passes do not wait for another's. */
  readonly passes: readonly Pass[]
  /** Records read so far, over all passes. */
  readonly onProgress: (records: number) => void
  /** Less in tests. */
  readonly patience?: Partial<Patience>
}

interface Patience {
  /** Without a record while there are some. */
  readonly idleMs: number
  /** Of a reading that finds another in its group. */
  readonly newcomerMs: number
  /** Of a reading that another has come upon: longer, so that the newcomer gives up. */
  readonly firstMs: number
}

const usualPatience: Patience = { idleMs: 30_000, newcomerMs: 15_000, firstMs: 40_000 }

/** A group of a reading that changes nothing: it neither waits for another nor keeps one out. */
export const lookGroup = (): string => `holdpoint-dlq-look-${randomUUID()}`

/**
 * The spans of topics as they are now.
 * @throws CommandError that names missing topics, with the mend
 */
export async function spansOf(log: Log, topics: readonly string[]): Promise<readonly Span[]> {
  const admin = await log.admin()
  try {
    const found = await admin.describe(topics)
    const missing = topics.filter((name) => !found.get(name))
    if (missing.length > 0) {
      throw new CommandError(
        `missing topics: ${missing.join(', ')}. Create them with: holdpoint topics apply`,
      )
    }
    const spans: Span[] = []
    for (const topic of topics) {
      const bounds = await admin.bounds(topic)
      spans.push(...bounds.map((bound, partition) => ({ topic, partition, ...bound })))
    }
    return spans
  } finally {
    await admin.close()
  }
}

/** How many records lie in the spans. */
export const countOf = (spans: readonly Span[]): number =>
  spans.reduce((sum, { low, high }) => sum + high - low, 0)

/**
 * Reads the spans. Holds one batch of each partition at a time, however much there is.
 * @throws CommandError where records stay away, or another reading of the same group goes on
 */
export async function readSpans(options: ReadOptions): Promise<void> {
  if (countOf(options.spans) === 0) return
  await new Reading(options).run()
}

/** How far a partition has come. */
interface Progress {
  readonly span: Span
  next: number
  pass: number
}

const beginningOf = (spans: readonly Span[], passes: number): ReadonlyMap<string, Progress> =>
  new Map(
    spans.map((span) => {
      const pass = span.low < span.high ? 0 : passes
      return [partitionKey(span), { span, next: span.low, pass }]
    }),
  )

class Reading {
  readonly #options: ReadOptions
  readonly #patience: Patience
  readonly #reader: LogReader
  #spans: readonly Span[]
  #partitions: ReadonlyMap<string, Progress>
  readonly #over: Promise<void>
  #end: (error?: unknown) => void = () => undefined
  #ended = false
  /** Whether all partitions are this reader's, now and ever. */
  #whole = false
  #wasWhole = false
  /** Counts assignments and revocations, so that a look that took long knows whether it is still wanted. */
  #turn = 0
  /** Batches that came while not all partitions were this reader's, until the next assignment. */
  readonly #held: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  #busy = 0
  #read = 0

  constructor(options: ReadOptions) {
    this.#options = options
    this.#patience = { ...usualPatience, ...options.patience }
    const { log, groupId, spans } = options
    this.#reader = log.reader({ groupId, topics: [...new Set(spans.map(({ topic }) => topic))] })
    this.#spans = spans
    this.#partitions = beginningOf(spans, options.passes.length)
    this.#over = new Promise((resolve, reject) => {
      this.#end = (error) => {
        this.#ended = true
        clearTimeout(this.#timer)
        this.#release()
        if (error === undefined) resolve()
        else reject(error)
      }
    })
  }

  async run(): Promise<void> {
    this.#over.catch(() => undefined)
    try {
      await this.#reader.start({
        onAssigned: (assigned) => this.#assigned(assigned),
        onRevoked: () => {
          this.#turn += 1
          this.#whole = false
          this.#release()
        },
        onBatch: (batch) => this.#take(batch),
        onCrash: (error) => this.#end(error),
      })
      await this.#over
    } finally {
      this.#ended = true
      clearTimeout(this.#timer)
      await this.#reader.stop()
    }
  }

  async #assigned(assigned: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
    this.#turn += 1
    const turn = this.#turn
    const mine = new Set(assigned.map(partitionKey))
    if (!this.#wasWhole && this.#isWhole(mine)) {
      await this.#lookAgain(turn)
      if (turn !== this.#turn || this.#ended) return new Map()
    }
    this.#whole = this.#isWhole(mine)
    this.#wasWhole ||= this.#whole
    this.#release()
    if (this.#isRead()) this.#end()
    else this.#expect()
    return this.#positions(mine)
  }

  #isWhole(mine: ReadonlySet<string>): boolean {
    return [...this.#partitions.keys()].every((key) => mine.has(key))
  }

  #isRead(): boolean {
    const { length } = this.#options.passes
    return [...this.#partitions.values()].every(({ pass }) => pass >= length)
  }

  async #lookAgain(turn: number): Promise<void> {
    const { lookAgain, passes } = this.#options
    if (lookAgain === undefined) return
    try {
      const spans = await lookAgain()
      if (turn !== this.#turn) return
      this.#spans = spans
      this.#partitions = beginningOf(spans, passes.length)
    } catch (error) {
      this.#end(error)
    }
  }

  #positions(mine: ReadonlySet<string>): ReadonlyMap<string, number> {
    return new Map(
      [...this.#partitions]
        .filter(([key]) => mine.has(key))
        .map(([key, { span, next, pass }]) => [
          key,
          pass < this.#options.passes.length ? next : span.high,
        ]),
    )
  }

  async #take(batch: Batch): Promise<void> {
    if (!this.#whole && !this.#ended) {
      // Not taken: the next assignment begins again where this batch does.
      return new Promise<void>((resolve) => void this.#held.push(resolve))
    }
    const progress = this.#partitions.get(partitionKey(batch))
    if (progress === undefined || this.#ended) return
    this.#busy += 1
    try {
      await this.#pass(progress, batch)
    } catch (error) {
      this.#end(error)
    } finally {
      this.#busy -= 1
      if (!this.#ended) this.#expect()
    }
  }

  async #pass(progress: Progress, { records }: Batch): Promise<void> {
    const { passes, onProgress } = this.#options
    const { span, next } = progress
    const pass = passes[progress.pass]
    const last = records.at(-1)
    if (pass === undefined || last === undefined) return
    const wanted = records.filter(({ offset }) => offset >= next && offset < span.high)
    const answer = wanted.length === 0 ? 'more' : await pass(span, wanted)
    this.#read += wanted.length
    onProgress(this.#read)
    if (answer === 'enough') return this.#end()
    progress.next = Math.max(next, last.offset + 1)
    if (progress.next < span.high) return
    progress.pass += 1
    progress.next = span.low
    if (progress.pass < passes.length) this.#reader.seek(span, span.low)
    else if (this.#isRead()) this.#end()
  }

  #release(): void {
    for (const resolve of this.#held.splice(0)) resolve()
  }

  /** Ends the reading unless something happens in time. */
  #expect(): void {
    clearTimeout(this.#timer)
    const { idleMs, newcomerMs, firstMs } = this.#patience
    const waitMs = this.#whole ? idleMs : this.#wasWhole ? firstMs : newcomerMs
    this.#timer = setTimeout(() => {
      if (this.#busy > 0) this.#expect()
      else this.#end(new CommandError(this.#whole ? this.#idle() : this.#shared()))
    }, waitMs)
  }

  #idle(): string {
    const all = countOf(this.#spans) * this.#options.passes.length
    return `${this.#read} of ${all} records were read, then none came for ${this.#patience.idleMs / 1000} s: look at Kafka, and run it again`
  }

  #shared(): string {
    return `somebody else reads in the group ${this.#options.groupId}: let the other run end (one that was killed leaves within 10 s), and run it again`
  }
}
