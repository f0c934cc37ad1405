/**
 * One partition of a raw topic. Its records reach each partition of the internal log in raw order: one
 * append is in flight, and the next waits until it is acknowledged, however often it has to be tried.
 * The raw position moves only past what is in the log, or in the dead-letter topic.
 */
import { deadLetterOf, topics } from '@holdpoint/contracts'
import type { Batch, LogWriter, NewRecord, StoredRecord, TopicPartition } from '@holdpoint/log'
import { type AdmitDeps, admit, type Disposition, type Placed } from './admit.ts'
import { sleep, untilDone } from './backoff.ts'
import { deadLetter } from './dead-letter.ts'
import type { Fault } from './faults.ts'
import { decodeRecord } from './handle.ts'
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
  readonly onFailure: (what: string, error: unknown, attempts: number) => void
}

/** Work of this partition that is to be done, in order. */
interface Outcome {
  readonly placed: Placed[]
  readonly letters: NewRecord[]
}

/** How often a full waiting room is looked at again. */
const fullRoomMs = 50

export class RawPartition {
  readonly #at: TopicPartition
  readonly #deps: RawPartitionDeps
  readonly #stopping = new AbortController()
  /** In offset order. */
  #waiting: Waiting[] = []
  #next = 0
  #committed = 0
  #revoked = false
  /** Batches and attempts for waiting events take turns on this lane. */
  #lane: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  constructor(at: TopicPartition, deps: RawPartitionDeps) {
    this.#at = at
    this.#deps = deps
  }

  /** Takes a batch; resolves when it is in the log or given up by `stop`. Never rejects. */
  take(batch: Batch): Promise<void> {
    return this.#inLane(async () => {
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
    if (this.#stopping.signal.aborted) return this.#lane
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#lane
    this.#deps.room.leave(this.#waiting.length)
  }

  #inLane(work: () => Promise<void>): Promise<void> {
    this.#lane = this.#lane.then(async () => {
      if (this.#stopping.signal.aborted) return
      try {
        await work()
      } catch (error) {
        // Only a stop ends the work early; all else is tried again where it happens.
        if (!this.#stopping.signal.aborted) this.#deps.onFailure('batch', error, 1)
      }
    })
    return this.#lane
  }

  async #takeAll(records: readonly StoredRecord[], outcome: Outcome): Promise<void> {
    const { admission, metrics } = this.#deps
    const decoded = await this.#retry('decode', () =>
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
    metrics.received.add(records.length, { source: 'kafka' })
  }

  #admit(items: readonly { record: StoredRecord; raw: Waiting['raw'] }[]) {
    const { tenant, admission } = this.#deps
    const incoming = items.map(({ record, raw }) => ({
      raw,
      origin: { ...this.#at, offset: record.offset },
    }))
    return this.#retry('session index', async (): Promise<readonly Disposition[]> => {
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
      if (!(await sleep(waitMs, this.#stopping.signal))) return
    }
  }

  /** Gives an event without a known session a place to wait; where there is none, the partition waits. */
  async #wait(record: StoredRecord, raw: Waiting['raw'], outcome: Outcome): Promise<void> {
    const { room } = this.#deps
    while (!room.enter()) {
      // What is ready must not wait for those that are not: some of them may wait for a login in it.
      await this.#write(outcome)
      await this.#askAgain()
      if (!(await sleep(fullRoomMs, this.#stopping.signal))) return
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
    if (this.#stopping.signal.aborted) return
    this.#waiting = this.#waiting.filter((waiting) => !decided.has(waiting))
    room.leave(decided.size)
    this.#deps.metrics.waiting.set(room.count())
  }

  #setTimer(): void {
    clearTimeout(this.#timer)
    if (this.#waiting.length === 0 || this.#stopping.signal.aborted) return
    const earliest = Math.min(...this.#waiting.map(({ dueAt }) => dueAt))
    this.#timer = setTimeout(
      () =>
        void this.#inLane(async () => {
          await this.#askAgain()
          await this.#commit()
          this.#setTimer()
        }),
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
      await this.#retry('dead letter', () => writer.append(topic, letters))
      metrics.deadLetters.add(letters.length, { topic: this.#at.topic })
    }
    const placed = outcome.placed.splice(0)
    if (placed.length > 0) {
      const { clock, partitions, catalogue } = admission
      const records = withTicks(placed, clock, partitions, catalogue)
      const begun = performance.now()
      await this.#retry('append', () => writer.append(topics.internal, records))
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

  #retry<T>(what: string, work: () => Promise<T>): Promise<T> {
    return untilDone(work, this.#stopping.signal, (error, attempts) =>
      this.#deps.onFailure(what, error, attempts),
    )
  }
}
