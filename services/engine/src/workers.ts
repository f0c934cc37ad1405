/** The partitions that this member of the group has been given: a worker for each, until it is taken away. */
import { topics } from '@holdpoint/contracts'
import {
  type Batch,
  type Bounds,
  type LogAdmin,
  type LogReader,
  partitionKey,
  type TopicPartition,
} from '@holdpoint/log'
import { settled } from '@holdpoint/runtime'
import { pause } from './gate.ts'
import { PartitionWorker, type WorkerDeps } from './partition.ts'

/** How long an assignment waits for partitions to open before it lets the others read. */
const openWaitMs = 5_000

export interface WorkersDeps extends Omit<WorkerDeps, 'bounds' | 'seek'> {
  /** Decoded states to keep at most, over all partitions. */
  readonly statesMax: number
  readonly reader: LogReader
  readonly admin: LogAdmin
}

export class Workers {
  readonly #deps: WorkersDeps
  readonly #workers = new Map<number, PartitionWorker>()
  /** Workers that were given up and still finish what they had in hand. */
  readonly #leaving = new Map<number, Promise<void>>()
  readonly #committed = new Map<number, number>()
  readonly #stopping = new AbortController()
  #bounds: Promise<readonly Bounds[]> | null = null

  constructor(deps: WorkersDeps) {
    this.#deps = deps
  }

  get all(): readonly PartitionWorker[] {
    return [...this.#workers.values()]
  }

  /** Takes partitions over; answers with the positions of those that could be opened in time. */
  async assigned(assigned: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
    const statesEach = Math.floor(this.#deps.statesMax / Math.max(1, assigned.length))
    const opening = assigned.map(({ partition }) => this.#takeOver(partition, statesEach))
    const opened = new AbortController()
    const giveUp = AbortSignal.any([opened.signal, this.#stopping.signal])
    const all = Promise.all(opening).then(() => opened.abort())
    await Promise.race([all, pause(openWaitMs, giveUp)])
    const positions = new Map<string, number>()
    for (const at of assigned) {
      const worker = this.#workers.get(at.partition)
      // One that is still opening seeks by itself when its first batch does not fit.
      if (worker !== undefined && worker.phase !== 'opening') {
        positions.set(partitionKey(at), worker.position)
      }
    }
    return positions
  }

  /** Gives partitions up, with their gauges: whoever has them next has its own. */
  revoked(revoked: readonly TopicPartition[]): void {
    for (const { partition } of revoked) this.#giveUp(partition)
    this.#deps.metrics.lag.forget()
    this.#deps.metrics.stopped.forget()
    for (const worker of this.#workers.values()) worker.status.measure()
  }

  async offer(batch: Batch): Promise<void> {
    await this.#workers.get(batch.partition)?.offer(batch)
  }

  /** Sets the lag of every partition by the broker's own offsets, and tells the group how far each is. */
  async report(): Promise<void> {
    for (const worker of this.#workers.values()) this.#hint(worker)
    try {
      const bounds = await this.#readBounds()
      for (const worker of this.#workers.values()) {
        const high = bounds[worker.partition]?.high
        if (high !== undefined) worker.status.see(high)
      }
    } catch (error) {
      this.#deps.logger.debug({ error }, 'the lag cannot be read')
    }
  }

  /**
   * Finishes the commits under way and publishes until `publishBy`; whoever has not come to an end by
   * `endBy` is left to itself: what it committed is in the outbox, and the guard covers the rest.
   */
  async finish(publishBy: AbortSignal, endBy: AbortSignal): Promise<void> {
    this.#stopping.abort()
    const finished = this.all.map((worker) => worker.finish(publishBy))
    await settled(Promise.allSettled([...finished, ...this.#leaving.values()]), endBy)
    for (const worker of this.#workers.values()) this.#hint(worker)
    this.#workers.clear()
  }

  async #takeOver(partition: number, statesEach: number): Promise<void> {
    this.#giveUp(partition)
    await this.#leaving.get(partition)
    if (this.#stopping.signal.aborted) return
    const { reader } = this.#deps
    const at = { topic: topics.internal, partition }
    const worker = new PartitionWorker(partition, {
      ...this.#deps,
      statesMax: statesEach,
      bounds: () => this.#readBounds(),
      seek: (offset) => reader.seek(at, offset),
    })
    this.#workers.set(partition, worker)
    await worker.open()
  }

  #giveUp(partition: number): void {
    const worker = this.#workers.get(partition)
    if (worker === undefined) return
    this.#workers.delete(partition)
    this.#committed.delete(partition)
    const left = worker.close().finally(() => {
      if (this.#leaving.get(partition) === left) this.#leaving.delete(partition)
    })
    this.#leaving.set(partition, left)
  }

  /** One call for all partitions that ask in the same turn: each still reads after it asked. */
  #readBounds(): Promise<readonly Bounds[]> {
    this.#bounds ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#bounds = null
        this.#deps.admin.bounds(topics.internal).then(resolve, reject)
      })
    })
    return this.#bounds
  }

  /** For lag tools only: the store's position is the one that counts. */
  #hint({ partition, position, status }: PartitionWorker): void {
    if (status.stop !== null || this.#committed.get(partition) === position) return
    this.#committed.set(partition, position)
    const at = { topic: topics.internal, partition }
    this.#deps.reader.commit(at, position).catch((error: unknown) => {
      this.#committed.delete(partition)
      this.#deps.logger.debug({ error, partition }, 'the position was not written to the group')
    })
  }
}
