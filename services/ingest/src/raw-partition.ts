/**
 * One partition of a raw topic. Its records reach each partition of the internal log in raw order: one
 * append is in flight, and the next waits until it is acknowledged, however often it has to be tried.
 * The raw position moves only past what is in the log, or in the dead-letter topic.
 */
import { deadLetterOf, topics } from '@holdpoint/contracts'
import type { Batch, LogWriter, NewRecord, StoredRecord, TopicPartition } from '@holdpoint/log'
import { type AdmitDeps, admit, type Disposition, type Placed } from './admit.ts'
import { appendLetters, type DeadLetter, deadLetter, isTooLarge } from './dead-letter.ts'
import type { Fault } from './faults.ts'
import { decodeRecord, traceparentOf } from './handle.ts'
import { Lane, type OnFailure } from './lane.ts'
import type { IngestMetrics } from './metrics.ts'
import { withTicks } from './ticks.ts'
import type { TokenBuckets } from './token-buckets.ts'
import type { Waiting, WaitingRoom } from './waiting-room.ts'

export interface RawPartitionDeps {
  readonly admission: AdmitDeps
  readonly writer: LogWriter
  /** Records the next raw offset to read. */
  readonly commit: (at: TopicPartition, offset: number) => Promise<void>
  /** Tenant of all that comes by Kafka. */
  readonly tenant: string
  readonly buckets: TokenBuckets
  readonly room: WaitingRoom
  /** Of the dead-letter topic. */
  readonly deadLetterPartitions: number
  readonly metrics: IngestMetrics
  readonly onFailure: OnFailure
}

/** Work of this partition that is to be done, in order. */
interface Outcome {
  readonly placed: Placed[]
  readonly letters: DeadLetter[]
}

/** How often a full waiting room is looked at again. */
const fullRoomMs = 50

export class RawPartition {
  readonly #at: TopicPartition
  readonly #deps: RawPartitionDeps
  /** Batches and attempts for waiting events take turns on it. */
  readonly #lane: Lane
  /** In offset order. */
  #waiting: Waiting[] = []
  #next = 0
  #committed = 0
  #revoked = false
  #timer: NodeJS.Timeout | undefined

  constructor(at: TopicPartition, deps: RawPartitionDeps) {
    this.#at = at
    this.#deps = deps
    this.#lane = new Lane(deps.onFailure)
  }

  /**
   * Takes a batch; resolves when it is in the log or given up by `stop`. Rejects on a fault of the code
   * alone, after which the batch is to come again.
   */
  take(batch: Batch): Promise<void> {
    return this.#lane.run(async () => {
      const outcome: Outcome = { placed: [], letters: [] }
      await this.#takeAll(batch.records, outcome)
      await this.#write(outcome)
      const last = batch.records.at(-1)
      if (last !== undefined) this.#next = last.offset + 1
      await this.#commit()
    })
  }

  /**
   * Ends all waiting. What was not acknowledged will be read again by the partition's next owner; what
   * is acknowledged while this waits is committed still, unless the partition is another's already.
   */
  async stop(reason: 'leaving' | 'revoked'): Promise<void> {
    this.#revoked ||= reason === 'revoked'
    clearTimeout(this.#timer)
    await this.#lane.stop()
    const { room, metrics } = this.#deps
    room.leave(this.#waiting.splice(0).length)
    metrics.waiting.set(room.count())
  }

  async #takeAll(records: readonly StoredRecord[], outcome: Outcome): Promise<void> {
    const { admission, metrics } = this.#deps
    metrics.received.add(records.length, { source: 'kafka' })
    const decoded = await this.#lane.untilDone('decode', () =>
      Promise.all(records.map((r) => decodeRecord(admission.catalogue, this.#at.topic, r))),
    )
    const valid: { record: StoredRecord; raw: Waiting['raw'] }[] = []
    for (const [i, result] of decoded.entries()) {
      const record = records[i] as StoredRecord
      if (result.ok) valid.push({ record, raw: result.raw })
      else this.#refuse(record, result.faults, 1, outcome)
    }
    await this.#withinRate(valid.length)
    const dispositions = await this.#admit(valid)
    for (const [i, disposition] of dispositions.entries()) {
      const { record, raw } = valid[i] as (typeof valid)[number]
      if (disposition.kind === 'ok') outcome.placed.push(disposition.placed)
      else if (disposition.kind === 'dead-letter')
        this.#refuse(record, [disposition.fault], 1, outcome)
      else await this.#wait(record, raw, outcome)
    }
  }

  #admit(items: readonly { record: StoredRecord; raw: Waiting['raw'] }[]) {
    const { tenant, admission } = this.#deps
    const incoming = items.map(({ record, raw }) => ({
      raw,
      origin: { ...this.#at, offset: record.offset },
      traceparent: traceparentOf(record.headers['traceparent']),
    }))
    return this.#lane.untilDone('session index', async (): Promise<readonly Disposition[]> => {
      const { dispositions, remember } = await admit(tenant, incoming, admission)
      await remember()
      return dispositions
    })
  }

  async #withinRate(count: number): Promise<void> {
    const { buckets, tenant } = this.#deps
    for (
      let waitMs = buckets.take(tenant, count);
      waitMs > 0;
      waitMs = buckets.take(tenant, count)
    ) {
      await this.#lane.pause(waitMs)
    }
  }

  /** Gives an event without a known session a place to wait; where there is none, the partition waits. */
  async #wait(record: StoredRecord, raw: Waiting['raw'], outcome: Outcome): Promise<void> {
    const { room } = this.#deps
    // It waits already where its batch came again after a fault.
    if (this.#waiting.some((waiting) => waiting.record.offset === record.offset)) return
    while (!room.enter()) {
      // What is ready must not wait for those that are not: some of them may wait for a login in it.
      await this.#write(outcome)
      await this.#askAgain()
      await this.#lane.pause(fullRoomMs)
    }
    this.#waiting.push({ record, raw, attempts: 1, dueAt: Date.now() + (room.delaysMs[0] ?? 0) })
    this.#deps.metrics.waiting.set(room.count())
    this.#setTimer()
  }

  /** Asks for the sessions of the events that are due, and lets go of those that are decided. */
  async #askAgain(): Promise<void> {
    const { room } = this.#deps
    const now = Date.now()
    const due = this.#waiting.filter(({ dueAt }) => dueAt <= now)
    if (due.length === 0) return
    const outcome: Outcome = { placed: [], letters: [] }
    const decided = new Set<Waiting>()
    const dispositions = await this.#admit(due)
    for (const [i, disposition] of dispositions.entries()) {
      const waiting = due[i] as Waiting
      waiting.attempts++
      const delayMs = room.delaysMs[waiting.attempts - 1]
      if (disposition.kind === 'retry' && delayMs !== undefined) {
        waiting.dueAt = now + delayMs
        continue
      }
      decided.add(waiting)
      if (disposition.kind === 'ok') outcome.placed.push(disposition.placed)
      else this.#refuse(waiting.record, [disposition.fault], waiting.attempts, outcome)
    }
    await this.#write(outcome)
    if (this.#lane.stopping) return
    this.#waiting = this.#waiting.filter((waiting) => !decided.has(waiting))
    room.leave(decided.size)
    this.#deps.metrics.waiting.set(room.count())
  }

  #setTimer(): void {
    clearTimeout(this.#timer)
    if (this.#waiting.length === 0 || this.#lane.stopping) return
    const earliest = Math.min(...this.#waiting.map(({ dueAt }) => dueAt))
    this.#timer = setTimeout(
      () =>
        this.#lane
          .run(async () => {
            await this.#askAgain()
            await this.#commit()
            this.#setTimer()
          })
          .catch(() => undefined),
      Math.max(0, earliest - Date.now()),
    )
  }

  #refuse(
    record: StoredRecord,
    faults: readonly Fault[],
    attempts: number,
    outcome: Outcome,
  ): void {
    const { deadLetterPartitions, metrics } = this.#deps
    outcome.letters.push(deadLetter(this.#at, record, faults, attempts, deadLetterPartitions))
    metrics.refused.add(1, { source: 'kafka', code: faults[0]?.code ?? 'unknown' })
  }

  /** Appends what is ready, dead letters first, and empties the outcome. */
  async #write(outcome: Outcome): Promise<void> {
    const { writer, metrics, admission } = this.#deps
    const letters = outcome.letters.splice(0)
    if (letters.length > 0) {
      const topic = deadLetterOf(this.#at.topic)
      const append = (some: readonly NewRecord[]) =>
        this.#lane.untilDone('dead letter', () => writer.append(topic, some), isTooLarge)
      await appendLetters(letters, append)
      metrics.deadLetters.add(letters.length, { topic: this.#at.topic })
    }
    const placed = outcome.placed.splice(0)
    if (placed.length > 0) {
      const { clock, partitions, catalogue } = admission
      const records = withTicks(placed, clock, partitions, catalogue)
      const begun = performance.now()
      await this.#lane.untilDone('append', () => writer.append(topics.internal, records))
      metrics.appendSeconds.observe((performance.now() - begun) / 1000)
      metrics.accepted.add(placed.length, { source: 'kafka' })
    }
  }

  async #commit(): Promise<void> {
    const position = this.#waiting[0]?.record.offset ?? this.#next
    if (position <= this.#committed || this.#revoked) return
    try {
      await this.#deps.commit(this.#at, position)
      this.#committed = position
    } catch (error) {
      // The next commit carries this one; until then a restart reads some records again, as repeats.
      this.#deps.onFailure('commit', error, 1)
    }
  }
}
