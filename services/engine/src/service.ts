/** The engine: waits for what it needs, joins the group, and answers for the health of its partitions. */
import { setMaxListeners } from 'node:events'
import { encodeDecision, topics } from '@holdpoint/contracts'
import type { Log, LogReader } from '@holdpoint/log'
import type { Policy } from '@holdpoint/risk'
import {
  type CheckResult,
  type Logger,
  type MetricsRegistry,
  type Service,
  settled,
  stopDeadlineMs,
} from '@holdpoint/runtime'
import type { StateStore } from '@holdpoint/state'
import { type CatalogueSource, type Connected, connect, mustBeMended } from './connect.ts'
import { coreFold, type Fold } from './fold.ts'
import { backOffMs, pause } from './gate.ts'
import { Room } from './intake.ts'
import { createEngineMetrics, type EngineMetrics } from './metrics.ts'
import { Publisher } from './publish.ts'
import { StorePressure } from './store-pressure.ts'
import { Workers } from './workers.ts'

/** Records fetched and not yet folded, over all partitions. */
const queuedMax = 20_000
/** How long a start waits for the first partitions; there may be none for this member. */
const joinWaitMs = 10_000
/** How often positions are written to the group, the store's memory is read and gauges are set. */
const reportEveryMs = 5_000
/** Records that wait so long without a step being tried mean that the engine hangs. */
const stalledMs = 60_000

export interface EngineDeps {
  readonly log: Log
  readonly store: StateStore
  /** Opened anew while the registry is away, where it is a function. */
  readonly catalogue: CatalogueSource
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
  /** Within which a stop ends whatever is away; half of it may go to publishing. Less in tests. */
  readonly stopMs?: number
  /** Less in tests. */
  readonly reportMs?: number
  /** Decoded states kept over all partitions, about 5 KB each. Fewer in tests. */
  readonly statesMax?: number
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
        log: () => engine.logAnswers(),
        store: () => engine.storeUsable(),
        partitions: () => engine.partitionsRunning(),
      },
      startup: { group: () => engine.joined() },
    },
  }
}

interface Parts extends Connected {
  readonly reader: LogReader
  readonly publisher: Publisher
  readonly workers: Workers
}

class Engine {
  readonly #deps: EngineDeps
  readonly #clock: () => number
  readonly #metrics: EngineMetrics
  readonly #pressure: StorePressure
  readonly #room = new Room(queuedMax)
  readonly #stopping = new AbortController()
  /** Aborted once the first assignment is dealt with, or the engine stops. */
  readonly #settled = new AbortController()
  #parts: Parts | null = null
  #reporter: NodeJS.Timeout | undefined
  /** What the start waits for; null when the group is joined. */
  #missing: string | null = 'the group is not joined yet'
  #crashed: Error | null = null

  constructor(deps: EngineDeps) {
    this.#deps = deps
    this.#clock = deps.clock ?? Date.now
    this.#metrics = createEngineMetrics(deps.registry)
    this.#pressure = new StorePressure(deps.store, this.#metrics, deps.logger)
  }

  /**
   * Resolves when the first partitions are taken over, or the engine was stopped. What is away is waited
   * for, as `checks` tell.
   * @throws what an operator must mend: the store must not be used, or a topic or schema is missing
   */
  async start(): Promise<void> {
    const { logger, reportMs = reportEveryMs } = this.#deps
    for (let attempt = 0; !(await this.#join()); attempt += 1) {
      logger.warn({ attempt, missing: this.#missing }, 'cannot start yet: trying again')
      await pause(backOffMs(attempt), this.#stopping.signal)
    }
    if (this.#stopping.signal.aborted) return
    await this.#pressure.look()
    this.#reporter = setInterval(() => void this.#report(), reportMs)
    this.#reporter.unref()
    await pause(joinWaitMs, this.#settled.signal)
  }

  /**
   * Finishes the commits in flight, publishes what they decided, leaves the group. Ends in time whatever
   * is away: what was not published stays in the outbox for the next owner.
   */
  async stop(): Promise<void> {
    const { stopMs = stopDeadlineMs - 1_000 } = this.#deps
    this.#stopping.abort()
    this.#settled.abort()
    clearInterval(this.#reporter)
    const parts = this.#parts
    if (parts === null) return
    this.#parts = null
    const publishBy = AbortSignal.timeout(stopMs / 2)
    const endBy = AbortSignal.timeout(stopMs)
    // One listener for each partition.
    setMaxListeners(0, publishBy)
    await parts.workers.finish(publishBy, endBy)
    parts.publisher.close()
    await settled(closeAll(parts), endBy)
  }

  /** One try at everything up to the group; false where it should be tried again. */
  async #join(): Promise<boolean> {
    if (this.#stopping.signal.aborted) return true
    try {
      const connected = await connect(this.#deps, this.#stopping.signal)
      const parts = this.#partsOf(connected)
      this.#parts = parts
      await this.#read(parts)
      return true
    } catch (error) {
      const parts = this.#parts
      this.#parts = null
      if (parts !== null) await closeAll(parts)
      if (this.#stopping.signal.aborted) return true
      if (mustBeMended(error)) throw error
      this.#missing = error instanceof Error ? error.message : String(error)
      return false
    }
  }

  #partsOf(connected: Connected): Parts {
    const { log, store, config, policy, logger, fold = coreFold, statesMax = 24_000 } = this.#deps
    const { catalogue, writer, admin, partitions } = connected
    const metrics = this.#metrics
    const clock = this.#clock
    const reader = log.reader({ groupId: config.groupId, topics: [topics.internal] })
    const publisher = new Publisher({ writer, metrics, logger, clock })
    const workers = new Workers({
      generation: config.generation,
      store,
      catalogue,
      context: { fold, policy, encode: (decision) => encodeDecision(catalogue, decision) },
      partitions,
      metrics,
      logger,
      clock,
      publisher,
      brakes: [publisher, this.#pressure],
      room: this.#room,
      statesMax,
      reader,
      admin,
    })
    return { ...connected, reader, publisher, workers }
  }

  #read({ reader, workers }: Parts): Promise<void> {
    return reader.start({
      onAssigned: async (assigned) => {
        this.#missing = null
        const positions = await workers.assigned(assigned)
        this.#settled.abort()
        return positions
      },
      onRevoked: (revoked) => workers.revoked(revoked),
      onBatch: (batch) => workers.offer(batch),
      onCrash: (error) => {
        this.#crashed = error
        this.#deps.logger.fatal({ error }, 'the reader died')
        this.#deps.crash?.(error)
      },
    })
  }

  async #report(): Promise<void> {
    const parts = this.#parts
    if (parts === null) return
    this.#metrics.queued.set(this.#room.used)
    this.#metrics.outbox.set(parts.publisher.waiting)
    await Promise.all([this.#pressure.look(), parts.workers.report()])
  }

  progress(): CheckResult {
    if (this.#crashed !== null) return { ok: false, detail: this.#crashed.message }
    const hanging = this.#workers().filter((worker) => worker.stalledMs() > stalledMs)
    const names = hanging.map((worker) => worker.partition).join(', ')
    return hanging.length === 0 ? { ok: true } : { ok: false, detail: `no progress on ${names}` }
  }

  joined(): CheckResult {
    return this.#missing === null ? { ok: true } : { ok: false, detail: this.#missing }
  }

  /** Also where a reader is patient: what is decided cannot be published. */
  async logAnswers(): Promise<CheckResult> {
    if (this.#parts === null) return this.joined()
    await this.#parts.admin.brokers()
    return { ok: true }
  }

  async storeUsable(): Promise<CheckResult> {
    await this.#deps.store.check()
    const { complaint } = this.#pressure
    return complaint === null ? { ok: true } : { ok: false, detail: complaint }
  }

  partitionsRunning(): CheckResult {
    const workers = this.#workers()
    const stopped = workers.flatMap(({ partition, status: { stop } }) =>
      stop === null ? [] : [`partition ${partition} is stopped, ${stop.code}: ${stop.message}`],
    )
    if (stopped.length > 0) return { ok: false, detail: stopped.join('; ') }
    const opening = workers.filter(({ phase }) => phase === 'opening').map((w) => w.partition)
    if (opening.length > 0) return { ok: false, detail: `opening ${opening.join(', ')}` }
    return { ok: true, detail: `${workers.length} partitions` }
  }

  #workers() {
    return this.#parts?.workers.all ?? []
  }
}

/** Never rejects: whoever closes has nothing left to lose. */
async function closeAll({ reader, writer, admin }: Parts): Promise<void> {
  await Promise.allSettled([reader.stop()])
  await Promise.allSettled([writer.close(), admin.close()])
}
