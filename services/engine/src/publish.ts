/**
 * Publishes what was committed: one lane per (topic, partition), so that order is kept within it and
 * nobody waits behind another's trouble. What cannot be sent stays in the outbox and is tried for ever.
 */
import { setMaxListeners } from 'node:events'
import { LogWriteError, type LogWriter, type NewRecord } from '@holdpoint/log'
import type { Logger } from '@holdpoint/runtime'
import { type Brake, backOffMs, Gate, pause } from './gate.ts'
import type { EngineMetrics } from './metrics.ts'
import { type Item, Outbound } from './outbound.ts'

/** Where more wait than this, folding waits too. */
const waitingMax = 10_000
const sendRecordsMax = 500
const sendBytesMax = 512 * 1024

interface Lane {
  readonly topic: string
  readonly partition: number
  waiting: Item[]
  running: boolean
}

export interface PublisherDeps {
  readonly writer: LogWriter
  readonly metrics: EngineMetrics
  readonly logger: Logger
  /** ms since the epoch, for latency only. */
  readonly clock: () => number
}

export class Publisher implements Brake {
  /** Opens when fewer wait. */
  readonly room = new Gate()
  readonly #deps: PublisherDeps
  readonly #lanes = new Map<string, Lane>()
  readonly #closing = new AbortController()
  #waiting = 0

  constructor(deps: PublisherDeps) {
    this.#deps = deps
    // One listener for each lane that waits to try again.
    setMaxListeners(0, this.#closing.signal)
  }

  /**
   * Entries committed that the outbox must still hold, over all partitions: those not acknowledged by the
   * log, and those behind one of their partition that is not.
   */
  get waiting(): number {
    return this.#waiting
  }

  get full(): boolean {
    return this.#waiting > waitingMax
  }

  /** For the worker of one partition; `onAcknowledged` is called when its acknowledged prefix grew. */
  outbound(onAcknowledged: () => void): Outbound {
    return new Outbound(
      (items) => this.#enqueue(items),
      (n) => this.#settle(n),
      onAcknowledged,
    )
  }

  /** Gives up retrying: what is left stays in the outbox for the next owner. */
  close(): void {
    this.#closing.abort()
    this.room.open()
  }

  #enqueue(items: readonly Item[]): void {
    this.#waiting += items.length
    for (const item of items) {
      const { topic, partition } = item.entry
      const key = `${topic}:${partition}`
      let lane = this.#lanes.get(key)
      if (lane === undefined) {
        lane = { topic, partition, waiting: [], running: false }
        this.#lanes.set(key, lane)
      }
      lane.waiting.push(item)
      if (!lane.running) {
        lane.running = true
        // Begins in a microtask, so that a whole commit's entries go together.
        queueMicrotask(() => void this.#run(lane))
      }
    }
  }

  /** Sends until the lane is empty: what arrives during a send goes with the next. */
  async #run(lane: Lane): Promise<void> {
    for (let attempt = 0; !this.#closing.signal.aborted; ) {
      const items = take(lane)
      if (items.length === 0) break
      try {
        await this.#deps.writer.append(lane.topic, items.map(toRecord))
        attempt = 0
        this.#acknowledge(lane, items)
      } catch (error) {
        this.#failed(lane, items, error)
        await pause(backOffMs(attempt++), this.#closing.signal)
      }
    }
    lane.running = false
  }

  #acknowledge(lane: Lane, items: readonly Item[]): void {
    const { metrics, clock } = this.#deps
    const now = clock()
    for (const item of items) {
      if (item.state === 'sent') item.state = 'acknowledged'
      if (item.receivedAt > 0) {
        metrics.latency.observe((now - item.receivedAt) / 1000, { topic: lane.topic })
      }
    }
    metrics.published.add(items.length, { topic: lane.topic })
    for (const from of new Set(items.map((item) => item.from))) from.advance()
  }

  /** Whether it was written is not known, so all of it goes again, in the same order. */
  #failed(lane: Lane, items: readonly Item[], error: unknown): void {
    const { metrics, logger } = this.#deps
    const code = error instanceof LogWriteError ? error.code : 'unexpected'
    metrics.publishErrors.add(1, { topic: lane.topic })
    logger.error(
      { error, code, topic: lane.topic, partition: lane.partition, records: items.length },
      'publishing failed: it is tried again until the log takes it',
    )
    for (const item of items) if (item.state === 'sent') item.from.failed(item)
    lane.waiting = [...items, ...lane.waiting]
    for (const from of new Set(items.map((item) => item.from))) from.advance()
  }

  #settle(count: number): void {
    this.#waiting -= count
    if (!this.full) this.room.open()
  }
}

/** The next send of a lane: bounded, without what was cancelled meanwhile. */
function take(lane: Lane): readonly Item[] {
  const items: Item[] = []
  let bytes = 0
  let looked = 0
  for (const item of lane.waiting) {
    if (items.length === sendRecordsMax || bytes > sendBytesMax) break
    looked += 1
    if (item.state === 'cancelled') continue
    item.state = 'sent'
    bytes += item.entry.value?.length ?? 0
    items.push(item)
  }
  lane.waiting = lane.waiting.slice(looked)
  return items
}

const toRecord = ({ entry }: Item): NewRecord => ({
  partition: entry.partition,
  key: entry.key,
  value: entry.value,
  headers: entry.headers,
})
