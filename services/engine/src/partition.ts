/**
 * One partition's owner: takes it over, takes records in order, leaves. What the commit protocol
 * promises is kept here and in `committer.ts`: docs/explanation/commit-protocol.md.
 */
import type { Batch, Bounds } from '@holdpoint/log'
import { type Logger, settled } from '@holdpoint/runtime'
import { Committer, type CommitterDeps } from './committer.ts'
import { type Brake, backOffMs, pause } from './gate.ts'
import { IdleTrim } from './idle-trim.ts'
import { Intake, type Room } from './intake.ts'
import type { EngineMetrics } from './metrics.ts'
import type { Outbound } from './outbound.ts'
import { PartitionStatus } from './partition-status.ts'
import type { Publisher } from './publish.ts'
import { inconsistent, judge, lastingFault, Refusals, type Stop } from './takeover.ts'

/** How long a hand-over waits for a send that is under way. */
const haltMs = 2_000
/** After so many batches in a row that begin elsewhere, the broker's offsets are looked at again. */
const misfitsMax = 3

export interface WorkerDeps extends CommitterDeps {
  readonly publisher: Publisher
  /** What folding waits for. */
  readonly brakes: readonly Brake[]
  readonly room: Room
  /** Bounds of the internal log's partitions, read after the call. */
  readonly bounds: () => Promise<readonly Bounds[]>
  /** Makes the reader go on at this offset. */
  readonly seek: (offset: number) => void
  readonly metrics: EngineMetrics
}

type Phase = 'opening' | 'running' | 'finishing' | 'stopped' | 'closed'

export class PartitionWorker {
  readonly partition: number
  readonly status: PartitionStatus
  readonly #deps: WorkerDeps
  readonly #logger: Logger
  readonly #intake: Intake
  readonly #committer: Committer
  readonly #outbound: Outbound
  readonly #idleTrim: IdleTrim
  readonly #leaving = new AbortController()
  #phase: Phase = 'opening'
  #opened: Promise<void> = Promise.resolve()
  #draining: Promise<void> | null = null
  #failures = 0
  #misfits = 0
  readonly #refusals = new Refusals()
  #steppedAt = 0

  constructor(partition: number, deps: WorkerDeps) {
    this.partition = partition
    this.#deps = deps
    this.#logger = deps.logger.child({ partition })
    this.#intake = new Intake(deps.room, deps.catalogue)
    this.#outbound = deps.publisher.outbound(() => this.#idleTrim.soon())
    const own = { ...deps, logger: this.#logger }
    this.#committer = new Committer(partition, own, this.#outbound, {
      mayPublish: () => this.#phase === 'running' || this.#phase === 'finishing',
      onCommitted: (folded) => this.status.committed(folded),
    })
    this.#idleTrim = new IdleTrim(
      () => this.#phase === 'running' && (this.#draining === null || this.#brake() !== undefined),
      () => this.#committer.trim(),
    )
    this.status = new PartitionStatus(partition, deps.metrics, this.#logger, () =>
      this.#leaving.signal.aborted ? null : this.#committer.position,
    )
  }

  /** Where to read from. Of a stopped partition nothing more is read than what comes anew. */
  get position(): number {
    return this.#phase === 'stopped' ? this.status.high : this.#committer.position
  }

  get phase(): Phase {
    return this.#phase
  }

  /** How long records have waited without a step being tried, ms; 0 where none should be. */
  stalledMs(): number {
    const due = this.#phase === 'running' && this.#intake.queued > 0
    return due && this.#brake() === undefined ? this.#deps.clock() - this.#steppedAt : 0
  }

  /** Takes the partition over. Resolves when it runs, is stopped or was closed meanwhile. */
  open(): Promise<void> {
    this.#opened = this.#takeOver()
    return this.#opened
  }

  /** Queues a batch; holding the promise is the back-pressure. Never rejects. */
  async offer(batch: Batch): Promise<void> {
    await settled(this.#opened, this.#leaving.signal)
    await this.#deps.room.wait(() => this.#phase !== 'running')
    if (this.#phase !== 'running') return
    this.status.high = batch.high
    if (!this.#intake.fits(batch)) return this.#misfit(batch)
    this.#misfits = 0
    if (this.#intake.queued === 0) this.#steppedAt = this.#deps.clock()
    this.#intake.push(batch)
    this.#draining ??= this.#drain()
  }

  /** Gives the partition up: finishes the commit and, until `sentBy`, the sends under way; begins nothing. */
  async close(sentBy = AbortSignal.timeout(haltMs)): Promise<void> {
    this.#leave('closed')
    await this.#opened
    await this.#draining
    await this.#outbound.halt(sentBy)
    await this.#committer.trim()
  }

  /** As `close`, but publishes what was committed first, until the deadline. Also while it is being opened. */
  async finish(deadline: AbortSignal): Promise<void> {
    if (this.#phase === 'running' || this.#phase === 'opening') this.#leave('finishing')
    if (this.#draining !== null) await settled(this.#draining, deadline)
    if (this.#phase === 'finishing') await this.#outbound.drained(deadline)
    await this.close(deadline)
  }

  #leave(phase: 'finishing' | 'closed'): void {
    this.#phase = phase
    this.#leaving.abort()
    this.#intake.reset(-1)
    this.#deps.room.wake()
    for (const brake of this.#deps.brakes) brake.room.open()
  }

  /** Opens the store and judges it against the broker, until it can be said how to go on. */
  async #takeOver(): Promise<void> {
    this.#phase = 'opening'
    this.#intake.reset(-1)
    await this.#outbound.halt(AbortSignal.timeout(haltMs))
    for (let attempt = 0; this.#phase === 'opening'; attempt += 1) {
      try {
        if (await this.#tryTakeOver()) return
      } catch (error) {
        if (this.#stopsFor(error)) return
        this.#logger.warn({ error, attempt }, 'the partition cannot be opened yet: trying again')
      }
      await pause(backOffMs(attempt), this.#leaving.signal)
    }
  }

  /** False where somebody else committed between the reads. */
  async #tryTakeOver(): Promise<boolean> {
    const { store, context, generation, metrics } = this.#deps
    const opened = await store.open(this.partition)
    const bounds = (await this.#deps.bounds())[this.partition]
    if (bounds === undefined) throw new Error(`the log has no partition ${this.partition}`)
    if (this.#phase !== 'opening') return true
    const empty = context.fold.emptyMeta(generation, this.partition)
    const verdict = judge(opened, bounds, empty)
    this.status.high = bounds.high
    if (verdict.kind === 'stop') {
      this.#committer.adopt(opened, opened.meta ?? empty, 0)
      this.#stopWith(verdict.stop)
      return true
    }
    this.#committer.adopt(opened, verdict.meta, verdict.rebuildUntil)
    // So that records which come later are never taken for the remains of lost state.
    if (verdict.fresh && !(await this.#committer.begin())) return false
    if (verdict.rebuildUntil > 0) {
      const { position: from } = this
      const begun = opened.meta !== null
      if (!begun) metrics.rebuilds.add(1)
      this.#logger.warn({ from, until: verdict.rebuildUntil, begun }, 'rebuilding lost state')
    }
    if (this.#phase !== 'opening') return true
    this.#outbound.resume(opened.outbox)
    this.#intake.reset(this.position)
    this.#phase = 'running'
    this.status.measure()
    return true
  }

  /** A batch that begins elsewhere is dropped; the reader is sent back, with back-off. */
  async #misfit({ records }: Batch): Promise<void> {
    if (records.length === 0) return
    this.#misfits += 1
    const expected = this.#intake.next
    this.#logger.warn({ expected, found: records[0]?.offset }, 'a batch begins elsewhere: seeking')
    if (this.#misfits > 1) await pause(backOffMs(this.#misfits), this.#leaving.signal)
    if (this.#misfits % misfitsMax === 0) await this.#stopAtProvenGap()
    if (this.#phase === 'running') this.#deps.seek(this.#intake.next)
  }

  /** Only the broker's offsets prove that the next record is gone. */
  async #stopAtProvenGap(): Promise<void> {
    try {
      const bounds = (await this.#deps.bounds())[this.partition]
      if (bounds === undefined || this.#phase !== 'running') return
      const { meta } = this.#committer
      const verdict = judge({ commitId: '', meta, rebuildUntil: 0, outbox: [] }, bounds, meta)
      if (verdict.kind === 'stop') this.#stopWith(verdict.stop)
    } catch (error) {
      this.#logger.warn({ error }, 'the bounds of the log cannot be read')
    }
  }

  async #drain(): Promise<void> {
    while (this.#phase === 'running' && this.#intake.queued > 0) {
      const brake = this.#brake()
      if (brake !== undefined) {
        await brake.room.wait()
        continue
      }
      this.#steppedAt = this.#deps.clock()
      try {
        if (await this.#committer.apply(this.#intake.take())) this.#failures = 0
        else if (this.#refusals.unexplained(this.position))
          this.#stopWith(inconsistent(this.#deps.generation, this.partition))
        else await this.#again('stale')
      } catch (error) {
        if (this.#stopsFor(error)) break
        this.#logger.warn({ error }, 'a batch was not committed, or nobody knows: reading anew')
        await this.#again('error')
      }
    }
    this.#draining = null
    this.#idleTrim.soon()
  }

  /** What was not surely committed is never repeated: everything is read again, and folded again. */
  async #again(cause: 'stale' | 'error'): Promise<void> {
    if (this.#phase !== 'running') return
    this.#deps.metrics.reopens.add(1, { cause })
    this.#failures += 1
    this.#opened = this.#takeOverAfter(this.#failures > 1 ? backOffMs(this.#failures) : 0)
    await this.#opened
    if (this.#phase === 'running') this.#deps.seek(this.position)
  }

  async #takeOverAfter(delayMs: number): Promise<void> {
    this.#intake.reset(-1)
    if (delayMs > 0) await pause(delayMs, this.#leaving.signal)
    if (this.#phase === 'running') await this.#takeOver()
  }

  /** Stops the partition for faults of the state itself: those do not pass. */
  #stopsFor(error: unknown): boolean {
    const fault = lastingFault(error)
    if (fault !== null) this.#stopWith(fault)
    return fault !== null
  }

  #stopWith(stop: Stop): void {
    if (this.#leaving.signal.aborted) return
    this.#phase = 'stopped'
    this.#intake.reset(-1)
    this.#deps.room.wake()
    this.status.stopped(stop)
  }

  #brake(): Brake | undefined {
    return this.#deps.brakes.find(({ full }) => full)
  }
}
