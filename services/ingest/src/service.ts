import { deadLetterOf, rawTopics, type SchemaCatalogue, topics } from '@holdpoint/contracts'
import {
  type Log,
  type LogReader,
  type LogWriter,
  partitionKey,
  type ReaderHandlers,
} from '@holdpoint/log'
import {
  createMetrics,
  type HealthChecks,
  type Logger,
  type MetricsRegistry,
} from '@holdpoint/runtime'
import type { SessionIndex } from '@holdpoint/state'
import type { FastifyInstance } from 'fastify'
import type { AdmitDeps } from './admit.ts'
import { apiKeyAuthentication, openAuthentication } from './api-keys.ts'
import { StoppedError, untilDone } from './backoff.ts'
import type { Clock } from './clock.ts'
import { checkExposure, type IngestConfig } from './config.ts'
import type { Enrichment } from './enrichment.ts'
import { findTopics } from './find-topics.ts'
import { createHasher } from './hash.ts'
import { createHttpApp } from './http.ts'
import { ingestMetrics } from './metrics.ts'
import { RawPartition } from './raw-partition.ts'
import { warnAtStart } from './start-warnings.ts'
import { createSubjects } from './subjects.ts'
import { startTicker, type Ticker } from './ticks.ts'
import { createTokenBuckets } from './token-buckets.ts'
import { createWaitingRoom, type WaitingRoom } from './waiting-room.ts'

export interface IngestDeps {
  readonly log: Log
  /** The schemas, or how to open them: tried again while the registry is away. */
  readonly catalogue: SchemaCatalogue | (() => Promise<SchemaCatalogue>)
  readonly index: SessionIndex
  readonly enrichment: Enrichment
  readonly clock: Clock
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
  /** The reader is dead: the process is to be started anew. */
  readonly crash: (error: Error) => void
  /** Another room than the usual one, for tests that cannot wait. */
  readonly room?: WaitingRoom
}

export interface Ingest {
  /** Listens at once (503 until the log is reached) and resolves when it reads and ticks. */
  start(): Promise<void>
  /** Leaves the group; what is in hand is finished, or left unacknowledged to the next owner. */
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
  readonly #buckets
  readonly #room: WaitingRoom
  readonly #stopping = new AbortController()
  readonly #partitions = new Map<string, RawPartition>()
  #intake: { readonly admission: AdmitDeps; readonly writer: LogWriter } | null = null
  #reader: LogReader | null = null
  #ticker: Ticker | null = null
  #url = ''
  #joined = false
  #starting: Promise<void> = Promise.resolve()
  /** Why the log is not reached yet; null when it is. */
  #missing: string | null = 'the log was not reached yet'

  constructor(deps: IngestDeps) {
    this.#deps = deps
    this.#metrics = createMetrics(deps.registry, ingestMetrics)
    this.#buckets = createTokenBuckets(deps.config.tenantEventsPerSecond, () => performance.now())
    this.#room = deps.room ?? createWaitingRoom()
    this.app = createHttpApp({
      authenticate: deps.config.apiKeys
        ? apiKeyAuthentication(deps.config.apiKeys)
        : openAuthentication(deps.config.tenant),
      buckets: this.#buckets,
      metrics: this.#metrics,
      onFailure: this.#onFailure,
      intake: () => this.#intake,
    })
  }

  get url(): string {
    return this.#url
  }

  readonly checks: HealthChecks = {
    live: {},
    startup: { log: () => this.#ready() },
    ready: {
      log: () => this.#ready(),
      reader: () =>
        this.#joined
          ? { ok: true, detail: `${this.#partitions.size} raw partitions` }
          : { ok: false, detail: 'has not joined the consumer group yet' },
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
    this.#starting = untilDone(
      () => this.#connect(),
      this.#stopping.signal,
      this.#onConnectFailure,
    ).catch((error: unknown) => {
      if (!(error instanceof StoppedError)) throw error
    })
    await this.#starting
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.app.close()
    await this.#starting.catch(() => undefined)
    await this.#ticker?.stop()
    await Promise.all([...this.#partitions.values()].map((p) => p.stop('leaving')))
    await this.#reader?.stop()
    await this.#intake?.writer.close()
    this.#intake = null
  }

  /** Finds the topics, then begins to read, to write and to tick. */
  async #connect(): Promise<void> {
    const { log, clock, index, enrichment, config } = this.#deps
    const given = this.#deps.catalogue
    const catalogue = typeof given === 'function' ? await given() : given
    const partitionsOf = await findTopics(log)
    const partitions = partitionsOf.get(topics.internal) ?? 0
    const writer = await log.writer()
    const admission: AdmitDeps = {
      subjects: createSubjects(index),
      hasher: createHasher(config.hashKey),
      enrichment,
      clock,
      catalogue,
      partitions,
    }
    const reader = log.reader({ groupId: config.groupId, topics: rawTopics })
    try {
      await reader.start(this.#handlers(reader, admission, writer, partitionsOf))
    } catch (error) {
      await Promise.allSettled([reader.stop(), writer.close()])
      throw error
    }
    this.#reader = reader
    this.#intake = { admission, writer }
    this.#missing = null
    if (clock.kind === 'wall') {
      const onFailure = (error: unknown) => this.#onFailure('tick', error, 1)
      const { tickMs: everyMs } = config
      this.#ticker = startTicker({ everyMs, partitions, catalogue, writer, clock, onFailure })
    }
  }

  #handlers(
    reader: LogReader,
    admission: AdmitDeps,
    writer: LogWriter,
    partitionsOf: ReadonlyMap<string, number>,
  ): ReaderHandlers {
    const { config, crash } = this.#deps
    return {
      onAssigned: async (assigned) => {
        this.#joined = true
        for (const at of assigned) {
          const { topic, partition } = at
          const raw = new RawPartition(
            { topic, partition },
            {
              admission,
              writer,
              tenant: config.tenant,
              buckets: this.#buckets,
              room: this.#room,
              metrics: this.#metrics,
              deadLetterPartitions: partitionsOf.get(deadLetterOf(topic)) ?? 1,
              commit: (where, offset) => reader.commit(where, offset),
              onFailure: this.#onFailure,
            },
          )
          void this.#partitions.get(partitionKey(at))?.stop('revoked')
          this.#partitions.set(partitionKey(at), raw)
        }
        return new Map()
      },
      onRevoked: (revoked) => {
        for (const at of revoked) {
          void this.#partitions.get(partitionKey(at))?.stop('revoked')
          this.#partitions.delete(partitionKey(at))
        }
      },
      onBatch: async (batch) => {
        await this.#partitions.get(partitionKey(batch))?.take(batch)
      },
      onCrash: crash,
    }
  }

  #ready() {
    return this.#missing === null ? { ok: true } : { ok: false, detail: this.#missing }
  }

  /** What is tried again is logged when it begins to fail, and then now and then. */
  readonly #onFailure = (what: string, error: unknown, attempts: number): void => {
    this.#metrics.failures.add(1, { what })
    if (attempts === 1 || attempts % 20 === 0) {
      this.#deps.logger.warn({ what, attempts, error }, 'failed, trying again')
    }
  }

  readonly #onConnectFailure = (error: unknown, attempts: number): void => {
    this.#missing = error instanceof Error ? error.message : String(error)
    this.#onFailure('connect', error, attempts)
  }
}
