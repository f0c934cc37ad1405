/** The log side of ingest: raw topics in, the internal log and its ticks out. HTTP appends through it too. */
import { deadLetterOf, rawTopics, type SchemaCatalogue, topics } from '@holdpoint/contracts'
import {
  type Log,
  type LogAdmin,
  type LogReader,
  type LogWriter,
  partitionKey,
  type ReaderHandlers,
  type TopicPartition,
} from '@holdpoint/log'
import type { RecentCounts, SessionIndex } from '@holdpoint/state'
import type { AdmitDeps } from './admit.ts'
import { StoppedError, untilDone } from './backoff.ts'
import type { Clock } from './clock.ts'
import type { IngestConfig } from './config.ts'
import { ControlPartition } from './control-partition.ts'
import type { Enrichment } from './enrichment.ts'
import { createFacts } from './facts.ts'
import { findTopics } from './find-topics.ts'
import type { Hasher } from './hash.ts'
import type { OnFailure } from './lane.ts'
import type { IngestMetrics } from './metrics.ts'
import { RawPartition } from './raw-partition.ts'
import { createSubjects } from './subjects.ts'
import { startTicker, type Ticker } from './ticks.ts'
import type { TokenBuckets } from './token-buckets.ts'
import type { WaitingRoom } from './waiting-room.ts'

export interface RawIntakeDeps {
  readonly log: Log
  /** The schemas, or how to open them: tried again while the registry is away. */
  readonly catalogue: SchemaCatalogue | (() => Promise<SchemaCatalogue>)
  readonly index: SessionIndex
  /** Counts across subjects, shared by all ingests. */
  readonly recent: RecentCounts
  readonly enrichment: Enrichment
  readonly clock: Clock
  readonly hasher: Hasher
  readonly config: Pick<IngestConfig, 'groupId' | 'tenant' | 'tickMs'>
  readonly buckets: TokenBuckets
  readonly room: WaitingRoom
  /** How many sessions are remembered beside the index; fewer in tests. */
  readonly sessionsCached?: number
  readonly metrics: IngestMetrics
  readonly onFailure: OnFailure
  /** The reader is dead: the process is to be started anew. */
  readonly crash: (error: Error) => void
}

/** What an event needs on its way into the internal log. */
export interface Intake {
  readonly admission: AdmitDeps
  readonly writer: LogWriter
}

export class RawIntake {
  readonly #deps: RawIntakeDeps
  readonly #stopping = new AbortController()
  readonly #partitions = new Map<string, RawPartition | ControlPartition>()
  #intake: Intake | null = null
  #reader: LogReader | null = null
  #admin: LogAdmin | null = null
  #ticker: Ticker | null = null
  #joined = false
  #starting: Promise<void> = Promise.resolve()
  #missing: string | null = 'the log was not reached yet'

  constructor(deps: RawIntakeDeps) {
    this.#deps = deps
  }

  /** null until the log is reached, and once stopped. */
  get intake(): Intake | null {
    return this.#intake
  }

  /** Why the log is not reached yet; null when it is. */
  get missing(): string | null {
    return this.#missing
  }

  /** Why the log does not answer now; null when it does. */
  async silence(): Promise<string | null> {
    if (this.#admin === null) return this.#missing
    await this.#admin.brokers()
    return null
  }

  /** How many raw partitions are this member's; null before it has joined the group. */
  get partitions(): number | null {
    const raw = [...this.#partitions.values()].filter((one) => one instanceof RawPartition)
    return this.#joined ? raw.length : null
  }

  /** Resolves when it reads and ticks, or was stopped before: what is away is waited for. */
  start(): Promise<void> {
    this.#starting = untilDone(
      () => this.#connect(),
      this.#stopping.signal,
      this.#onConnectFailure,
    ).catch((error: unknown) => {
      if (!(error instanceof StoppedError)) throw error
    })
    return this.#starting
  }

  /** Ends the waiting of a start for what is away. */
  abandon(): void {
    this.#stopping.abort()
  }

  /** Leaves the group; what is in hand is finished, or left unacknowledged to the next owner. */
  async stop(): Promise<void> {
    this.abandon()
    await this.#starting.catch(() => undefined)
    await this.#ticker?.stop()
    await Promise.all([...this.#partitions.values()].map((p) => p.stop('leaving')))
    try {
      await this.#reader?.stop()
    } finally {
      await Promise.all([this.#intake?.writer.close(), this.#admin?.close()])
      this.#intake = null
    }
  }

  /** Finds the topics, then begins to read, to write and to tick. */
  async #connect(): Promise<void> {
    const { log, clock, index, recent, enrichment, hasher, config, sessionsCached } = this.#deps
    const { onFailure } = this.#deps
    const given = this.#deps.catalogue
    const catalogue = typeof given === 'function' ? await given() : given
    const admin = await log.admin()
    const { partitionsOf, writer } = await opened(log, admin)
    const partitions = partitionsOf.get(topics.internal) ?? 0
    const admission: AdmitDeps = {
      subjects: createSubjects(index, sessionsCached),
      facts: createFacts({ recent, enrichment, hasher, clock, onFailure }),
      hasher,
      enrichment,
      clock,
      catalogue,
      partitions,
    }
    const reader = log.reader({ groupId: config.groupId, topics: [...rawTopics, topics.control] })
    try {
      await reader.start(this.#handlers(reader, { admission, writer }, partitionsOf))
    } catch (error) {
      await Promise.allSettled([reader.stop(), writer.close(), admin.close()])
      throw error
    }
    this.#reader = reader
    this.#admin = admin
    this.#intake = { admission, writer }
    this.#missing = null
    if (clock.kind === 'wall') {
      const onFailure = (error: unknown) => this.#deps.onFailure('tick', error, 1)
      const { tickMs: everyMs } = config
      this.#ticker = startTicker({ everyMs, partitions, catalogue, writer, clock, onFailure })
    }
  }

  #handlers(
    reader: LogReader,
    intake: Intake,
    partitionsOf: ReadonlyMap<string, number>,
  ): ReaderHandlers {
    return {
      onAssigned: async (assigned) => {
        this.#joined = true
        for (const at of assigned) {
          void this.#partitions.get(partitionKey(at))?.stop('revoked')
          const letters = partitionsOf.get(deadLetterOf(at.topic)) ?? 1
          this.#partitions.set(partitionKey(at), this.#own(at, reader, intake, letters))
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
      onCrash: this.#deps.crash,
    }
  }

  #own(
    { topic, partition }: TopicPartition,
    reader: LogReader,
    intake: Intake,
    deadLetterPartitions: number,
  ): RawPartition | ControlPartition {
    const { config, buckets, room, metrics, onFailure } = this.#deps
    const commit = (where: TopicPartition, offset: number) => reader.commit(where, offset)
    if (topic === topics.control) {
      const deps = { ...intake, metrics, onFailure, commit, deadLetterPartitions }
      return new ControlPartition({ topic, partition }, deps)
    }
    const own = { tenant: config.tenant, buckets, room, metrics, onFailure, commit }
    return new RawPartition({ topic, partition }, { ...intake, ...own, deadLetterPartitions })
  }

  readonly #onConnectFailure = (error: unknown, attempts: number): void => {
    this.#missing = error instanceof Error ? error.message : String(error)
    this.#deps.onFailure('connect', error, attempts)
  }
}

async function opened(log: Log, admin: LogAdmin) {
  try {
    return { partitionsOf: await findTopics(admin), writer: await log.writer() }
  } catch (error) {
    await admin.close().catch(() => undefined)
    throw error
  }
}
