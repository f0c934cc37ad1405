import {
  createMetrics,
  type HealthChecks,
  type Logger,
  type MetricsRegistry,
  settled,
  stopDeadlineMs,
} from '@holdpoint/runtime'
import type { FastifyInstance } from 'fastify'
import { apiKeyAuthentication, openAuthentication } from './api-keys.ts'
import { checkExposure, type IngestConfig } from './config.ts'
import { createHasher } from './hash.ts'
import { createHttpApp } from './http.ts'
import { ingestMetrics } from './metrics.ts'
import { RawIntake, type RawIntakeDeps } from './raw-intake.ts'
import { warnAtStart } from './start-warnings.ts'
import { createTokenBuckets } from './token-buckets.ts'
import { createWaitingRoom, type WaitingRoom } from './waiting-room.ts'

export interface IngestDeps
  extends Omit<RawIntakeDeps, 'config' | 'hasher' | 'buckets' | 'room' | 'metrics' | 'onFailure'> {
  readonly config: Pick<
    IngestConfig,
    | 'groupId'
    | 'hashKey'
    | 'httpHost'
    | 'httpPort'
    | 'apiKeys'
    | 'tenant'
    | 'tenantEventsPerSecond'
    | 'tickMs'
  >
  readonly registry: MetricsRegistry
  readonly logger: Logger
  /** Another room than the usual one, for tests that cannot wait. */
  readonly room?: WaitingRoom
  /** Within which a stop ends whatever is away. Less in tests. */
  readonly stopMs?: number
}

export interface Ingest {
  /** Listens at once (503 until the log is reached) and resolves when it reads and ticks. */
  start(): Promise<void>
  /**
   * Leaves the group; what is in hand is finished, or left unacknowledged to the next owner. Ends in time
   * whatever is away.
   */
  stop(): Promise<void>
  readonly checks: HealthChecks
  readonly app: FastifyInstance
  /** `http://host:port` once it listens, else ''. */
  readonly url: string
}

/** Ingest: raw topics and `POST /v1/events` in, the internal log and its ticks out. */
export function createIngest(deps: IngestDeps): Ingest {
  checkExposure(deps.config)
  return new IngestService(deps)
}

class IngestService implements Ingest {
  readonly app: FastifyInstance
  readonly #deps: IngestDeps
  readonly #metrics
  readonly #raw: RawIntake
  #url = ''

  constructor(deps: IngestDeps) {
    this.#deps = deps
    const { config, room = createWaitingRoom() } = deps
    const metrics = createMetrics(deps.registry, ingestMetrics)
    const buckets = createTokenBuckets(config.tenantEventsPerSecond, () => performance.now())
    const onFailure = this.#onFailure
    this.#metrics = metrics
    const hasher = createHasher(config.hashKey)
    this.#raw = new RawIntake({ ...deps, hasher, buckets, room, metrics, onFailure })
    this.app = createHttpApp({
      authenticate: config.apiKeys
        ? apiKeyAuthentication(config.apiKeys)
        : openAuthentication(config.tenant),
      buckets,
      metrics,
      onFailure,
      intake: () => this.#raw.intake,
    })
  }

  get url(): string {
    return this.#url
  }

  readonly checks: HealthChecks = {
    live: {},
    startup: { log: () => this.#reached(this.#raw.missing) },
    ready: {
      log: async () => this.#reached(await this.#raw.silence()),
      reader: () => {
        const { partitions } = this.#raw
        return partitions === null
          ? { ok: false, detail: 'has not joined the consumer group yet' }
          : { ok: true, detail: `${partitions} raw partitions` }
      },
      index: async () => {
        await this.#deps.index.get(this.#deps.config.tenant, 'holdpoint-readiness')
        return { ok: true }
      },
      clock: () => ({ ok: true, detail: this.#deps.clock.kind }),
    },
  }

  async start(): Promise<void> {
    const { config, logger } = this.#deps
    warnAtStart(this.#deps, this.#metrics)
    this.#url = await this.app.listen({ host: config.httpHost, port: config.httpPort })
    logger.info({ http: this.#url }, 'takes events')
    await this.#raw.start()
  }

  async stop(): Promise<void> {
    const { stopMs = stopDeadlineMs - 1_000 } = this.#deps
    const endBy = AbortSignal.timeout(stopMs)
    this.#raw.abandon()
    await this.#finish('closing the HTTP server', this.app.close(), endBy, stopMs)
    if (!endBy.aborted) await this.#finish('leaving the log', this.#raw.stop(), endBy, stopMs)
  }

  /** One part of a stop; one that fails or takes too long is no reason to leave out the next, but is said. */
  async #finish(what: string, work: Promise<unknown>, endBy: AbortSignal, stopMs: number) {
    const { logger } = this.#deps
    work.catch((error: unknown) => logger.warn({ what, error }, 'failed while stopping'))
    if (await settled(work, endBy)) return
    logger.warn({ what, afterMs: stopMs }, 'cut off while stopping: it did not end in time')
  }

  #reached(missing: string | null) {
    return missing === null ? { ok: true } : { ok: false, detail: missing }
  }

  /** What is tried again is logged when it begins to fail, and then now and then. */
  readonly #onFailure = (what: string, error: unknown, attempts: number): void => {
    this.#metrics.failures.add(1, { what })
    if (attempts === 1 || attempts % 20 === 0) {
      this.#deps.logger.warn({ what, attempts, error }, 'failed, trying again')
    }
  }
}
