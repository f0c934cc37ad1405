/** What is told of one partition while it is this owner's: its lag, its dead letters, why it is stopped. */
import type { Logger } from '@holdpoint/runtime'
import type { FoldedBatch } from './fold-batch.ts'
import { type EngineMetrics, measureBatch } from './metrics.ts'
import type { Stop } from './takeover.ts'

export class PartitionStatus {
  readonly #partition: string
  readonly #metrics: EngineMetrics
  readonly #logger: Logger
  /** The offset that is folded next; null once the partition is given up. */
  readonly #next: () => number | null
  #stop: Stop | null = null
  #high = 0
  /** False until the partition was opened once: before, nobody knows how far its fold is. */
  #known = false

  constructor(
    partition: number,
    metrics: EngineMetrics,
    logger: Logger,
    next: () => number | null,
  ) {
    this.#partition = String(partition)
    this.#metrics = metrics
    this.#logger = logger
    this.#next = next
  }

  /** Why it is stopped; null where it is not. */
  get stop(): Stop | null {
    return this.#stop
  }

  /** Where the log ends, as far as is known. */
  get high(): number {
    return this.#high
  }

  /** By what the partition was opened with, or a batch of it. */
  set high(high: number) {
    this.#high = high
    this.#known = true
  }

  /** By the broker's own offsets, read at any time. */
  see(high: number): void {
    this.#high = high
    this.measure()
  }

  stopped(stop: Stop): void {
    this.#stop = stop
    this.#logger.error({ code: stop.code }, `partition stopped, ${stop.code}: ${stop.message}`)
    this.measure()
  }

  committed(folded: FoldedBatch): void {
    measureBatch(this.#metrics, folded)
    for (const output of folded.outputs) {
      if (output.kind !== 'dead-letter') continue
      this.#logger.error({ offset: output.offset, ...output.fault }, 'a record is a dead letter')
    }
    this.measure()
  }

  measure(): void {
    const next = this.#next()
    if (next === null) return
    const partition = this.#partition
    if (this.#known) this.#metrics.lag.set(Math.max(0, this.#high - next), { partition })
    if (this.#stop !== null) this.#metrics.stopped.set(1, { partition, code: this.#stop.code })
  }
}
