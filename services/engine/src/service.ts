/** The engine: joins the group, keeps a worker for each partition it is given, and answers for their health. */
import { setMaxListeners } from 'node:events'
import { encodeDecision, type SchemaCatalogue, topics } from '@holdpoint/contracts'
import {
  type Batch,
  type Bounds,
  type Log,
  type LogAdmin,
  type LogReader,
  type LogWriter,
  partitionKey,
  type TopicPartition,
} from '@holdpoint/log'
import type { Policy } from '@holdpoint/risk'
import type { CheckResult, Logger, MetricsRegistry, Service } from '@holdpoint/runtime'
import type { StateStore } from '@holdpoint/state'
import { coreFold, type Fold } from './fold.ts'
import { pause } from './gate.ts'
import type { FoldContext } from './handle.ts'
import { Room } from './intake.ts'
import { createEngineMetrics, type EngineMetrics } from './metrics.ts'
import { outputTopics } from './outbox.ts'
import { PartitionWorker } from './partition.ts'
import { Publisher } from './publish.ts'

/** Records fetched and not yet folded, over all partitions. */
const queuedMax = 20_000
/** Decoded states kept over all partitions: about 5 KB each. */
const statesMax = 40_000
/** How long an assignment waits for partitions to open before it lets the others read. */
const openWaitMs = 5_000
/** How long a start waits for the first partitions; there may be none for this member. */
const joinWaitMs = 10_000
/** How often positions are written to the group and gauges are set. */
const reportMs = 5_000
/** Records that wait so long without a step being tried mean that the engine hangs. */
const stalledMs = 60_000
/** Of the 5 s that a stop may take, what publishing may use. */
const finishMs = 3_000

export interface EngineDeps {
  readonly log: Log
  readonly store: StateStore
  readonly catalogue: SchemaCatalogue
  readonly policy: Policy
  readonly config: { readonly generation: number; readonly groupId: string }
  readonly registry: MetricsRegistry
  readonly logger: Logger
  /** Called when the reader died: the process should end. */
  readonly crash?: (error: Error) => void
  /** The publisher's clock, ms since the epoch; the fold has none. */
  readonly clock?: () => number
  /** The core; another one in tests. */
  readonly fold?: Fold
}

/** Creates the engine. It closes what it opens on `log`, and neither `log` nor `store` themselves. */
export function createEngine(deps: EngineDeps): Service {
  const engine = new Engine(deps)
  return {
    start: () => engine.start(),
    stop: () => engine.stop(),
    checks: {
      live: { progress: () => engine.progress() },
      ready: {
        group: () => engine.joined(),
        store: () => engine.storeUsable(),
        partitions: () => engine.partitionsRunning(),
      },
      startup: { group: () => engine.joined() },
    },
  }
}

interface Parts {
  readonly reader: LogReader
  readonly writer: LogWriter
  readonly admin: LogAdmin
  readonly publisher: Publisher
  /** How many partitions each topic that is published to has. */
  readonly partitions: ReadonlyMap<string, number>
}

class Engine {
  readonly #deps: EngineDeps
  readonly #clock: () => number
  readonly #metrics: EngineMetrics
  readonly #context: FoldContext
  readonly #room = new Room(queuedMax)
  readonly #workers = new Map<number, PartitionWorker>()
  /** Workers that were given up and still finish what they had in hand. */
  readonly #leaving = new Map<number, Promise<void>>()
  readonly #committed = new Map<number, number>()
  readonly #stopping = new AbortController()
  /** Aborted once the first assignment is dealt with, or the engine stops. */
  readonly #settled = new AbortController()
  #parts: Parts | null = null
  #bounds: Promise<readonly Bounds[]> | null = null
  #reporter: NodeJS.Timeout | undefined
  #joined = false
  #crashed: Error | null = null

  constructor(deps: EngineDeps) {
    this.#deps = deps
    this.#clock = deps.clock ?? Date.now
    this.#metrics = createEngineMetrics(deps.registry)
    this.#context = {
      fold: deps.fold ?? coreFold,
      policy: deps.policy,
      encode: (decision) => encodeDecision(deps.catalogue, decision),
    }
  }

  /**
   * Resolves when the first partitions are taken over.
   * @throws where the store must not be used, or a topic or schema is missing: with the mend
   */
  async start(): Promise<void> {
    const { log, store, catalogue, config, logger } = this.#deps
    await store.check()
    for (const topic of decisionTopics) catalogue.writerId(topic)
    const admin = await log.admin()
    const partitions = await partitionCounts(admin)
    const writer = await log.writer()
    const metrics = this.#metrics
    const publisher = new Publisher({ writer, metrics, logger, clock: this.#clock })
    const reader = log.reader({ groupId: config.groupId, topics: [topics.internal] })
    this.#parts = { reader, writer, admin, publisher, partitions }
    this.#reporter = setInterval(() => this.#report(), reportMs)
    this.#reporter.unref()
    await reader.start({
      onAssigned: (assigned) => this.#assigned(assigned),
      onRevoked: (revoked) => {
        for (const { partition } of revoked) this.#giveUp(partition)
      },
      onBatch: (batch) => this.#batch(batch),
      onCrash: (error) => {
        this.#crashed = error
        logger.fatal({ error }, 'the reader died')
        this.#deps.crash?.(error)
      },
    })
    await pause(joinWaitMs, this.#settled.signal)
  }

  /** Finishes the commits in flight, publishes what they decided, leaves the group. */
  async stop(): Promise<void> {
    const parts = this.#parts
    if (parts === null) return
    this.#parts = null
    clearInterval(this.#reporter)
    this.#stopping.abort()
    this.#settled.abort()
    const deadline = AbortSignal.timeout(finishMs)
    // One listener for each partition.
    setMaxListeners(0, deadline)
    await Promise.all([...this.#workers.values()].map((worker) => worker.finish(deadline)))
    await Promise.all(this.#leaving.values())
    for (const [partition, worker] of this.#workers) this.#hint(parts, partition, worker)
    await parts.reader.stop()
    parts.publisher.close()
    await Promise.all([parts.writer.close(), parts.admin.close()])
    this.#workers.clear()
  }

  async #assigned(assigned: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
    this.#joined = true
    this.#metrics.lag.forget()
    this.#metrics.stopped.forget()
    const statesEach = Math.floor(statesMax / Math.max(1, assigned.length))
    const opening = assigned.map(({ partition }) => this.#takeOver(partition, statesEach))
    await Promise.race([Promise.all(opening), pause(openWaitMs, this.#stopping.signal)])
    this.#settled.abort()
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

  async #takeOver(partition: number, statesEach: number): Promise<void> {
    this.#giveUp(partition)
    await this.#leaving.get(partition)
    const parts = this.#parts
    if (parts === null) return
    const at = { topic: topics.internal, partition }
    const worker = new PartitionWorker(partition, {
      generation: this.#deps.config.generation,
      store: this.#deps.store,
      catalogue: this.#deps.catalogue,
      context: this.#context,
      publisher: parts.publisher,
      room: this.#room,
      partitions: parts.partitions,
      statesMax: statesEach,
      bounds: () => this.#readBounds(parts.admin),
      seek: (offset) => parts.reader.seek(at, offset),
      metrics: this.#metrics,
      logger: this.#deps.logger,
      clock: this.#clock,
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

  async #batch(batch: Batch): Promise<void> {
    await this.#workers.get(batch.partition)?.offer(batch)
  }

  /** One call for all partitions that ask in the same turn: each still reads after it asked. */
  #readBounds(admin: LogAdmin): Promise<readonly Bounds[]> {
    this.#bounds ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#bounds = null
        admin.bounds(topics.internal).then(resolve, reject)
      })
    })
    return this.#bounds
  }

  #report(): void {
    const parts = this.#parts
    if (parts === null) return
    this.#metrics.queued.set(this.#room.used)
    this.#metrics.outbox.set(parts.publisher.waiting)
    for (const [partition, worker] of this.#workers) this.#hint(parts, partition, worker)
  }

  /** Tells the group how far it is: for lag tools only, the store's position is the one that counts. */
  #hint({ reader }: Parts, partition: number, worker: PartitionWorker): void {
    const { position } = worker
    if (worker.stopped !== null || this.#committed.get(partition) === position) return
    this.#committed.set(partition, position)
    reader.commit({ topic: topics.internal, partition }, position).catch((error: unknown) => {
      this.#committed.delete(partition)
      this.#deps.logger.debug({ error, partition }, 'the position was not written to the group')
    })
  }

  progress(): CheckResult {
    if (this.#crashed !== null) return { ok: false, detail: this.#crashed.message }
    const hanging = [...this.#workers.values()].filter((w) => w.stalledMs() > stalledMs)
    const names = hanging.map((worker) => worker.partition).join(', ')
    return hanging.length === 0 ? { ok: true } : { ok: false, detail: `no progress on ${names}` }
  }

  joined(): CheckResult {
    return this.#joined ? { ok: true } : { ok: false, detail: 'the group is not joined yet' }
  }

  async storeUsable(): Promise<CheckResult> {
    await this.#deps.store.check()
    return { ok: true }
  }

  partitionsRunning(): CheckResult {
    const workers = [...this.#workers.values()]
    const stopped = workers.flatMap(({ partition, stopped }) =>
      stopped === null
        ? []
        : [`partition ${partition} is stopped, ${stopped.code}: ${stopped.message}`],
    )
    if (stopped.length > 0) return { ok: false, detail: stopped.join('; ') }
    const opening = workers.filter(({ phase }) => phase === 'opening').map((w) => w.partition)
    if (opening.length > 0) return { ok: false, detail: `opening ${opening.join(', ')}` }
    return { ok: true, detail: `${workers.length} partitions` }
  }
}

const decisionTopics = [
  topics.stepUpRequired,
  topics.stepUpResolved,
  topics.revoked,
  topics.riskChanged,
]

async function partitionCounts(admin: LogAdmin): Promise<ReadonlyMap<string, number>> {
  const states = await admin.describe([topics.internal, ...outputTopics])
  const missing = [...states].filter(([, state]) => state === null).map(([name]) => name)
  if (missing.length > 0) {
    throw new Error(
      `topics are missing: ${missing.join(', ')}. Create them with: holdpoint topics apply`,
    )
  }
  return new Map([...states].map(([name, state]) => [name, state?.partitions ?? 0]))
}
