import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  decisionTopics,
  RegistryUnavailableError,
  registryCatalogue,
  type SchemaCatalogue,
} from '@holdpoint/contracts'
import {
  type Batch,
  kafkaLog,
  type Log,
  type LogReader,
  partitionKey,
  type StoredRecord,
  type TopicPartition,
} from '@holdpoint/log'
import { type Decision, type DecisionType, sessionLifeMs } from '@holdpoint/risk'
import { LRUCache } from 'lru-cache'
import { readDecision } from './decoder.ts'
import type { DecisionHandler, DecisionSource, SubscribeOptions, Subscription } from './options.ts'
import { Postures } from './postures.ts'

/** By how many decision ids repeats are known. */
const idsMax = 100_000
const registryRetryMs = 1_000

/**
 * Follows the decisions about sessions. Each instance sees every decision, drops repeats by
 * `decisionId`, keeps the posture of each session by the highest `sequence`, and rebuilds it from the
 * topics when it starts. Containment: a handler acts after the deed that an event reported.
 *
 * @example
 * const holdpoint = subscribe({
 *   brokers: ['127.0.0.1:9092'],
 *   registryUrl: 'http://127.0.0.1:8081/apis/ccompat/v7',
 *   onRevoked: ({ sessionId }) => sessions.destroy(sessionId),
 *   onStepUpRequired: ({ sessionId, stepUp }) => sessions.challenge(sessionId, stepUp?.acrValues),
 * })
 * await holdpoint.ready
 * if (holdpoint.posture('s-1', 'alice')?.status === 'revoked') {
 *   response.writeHead(401).end()
 * }
 */
export function subscribe(options: DecisionSource & SubscribeOptions): Subscription {
  const subscriber = new Subscriber(options)
  const ready = subscriber.start()
  // Whoever does not wait for it is told by onError; it must not end the process.
  ready.catch((error: Error) => subscriber.report(error))
  return {
    ready,
    posture: (sessionId, subjectId, { tenant = 'default', startedAt } = {}) =>
      subscriber.postures.of(tenant, subjectId, sessionId, startedAt),
    close: () => subscriber.close(),
  }
}

class Subscriber {
  readonly postures: Postures
  readonly #options: DecisionSource & SubscribeOptions
  readonly #handlers: Readonly<Record<DecisionType, DecisionHandler | undefined>>
  readonly #seen = new LRUCache<string, true>({ max: idsMax })
  /** High offsets at the start: what is below is the past. */
  readonly #highs = new Map<string, number>()
  readonly #positions = new Map<string, number>()
  readonly #closing = new AbortController()
  #caughtUp: { resolve(): void; reject(error: Error): void } | null = null
  #reader: LogReader | null = null
  #ownLog: Log | null = null
  #started: Promise<void> = Promise.resolve()

  constructor(options: DecisionSource & SubscribeOptions) {
    this.#options = options
    this.postures = new Postures(options.postureMax ?? 100_000)
    this.#handlers = {
      'session.stepup.required': options.onStepUpRequired,
      'session.stepup.resolved': options.onStepUpResolved,
      'session.revoked': options.onRevoked,
      'session.risk.changed': options.onRiskChanged,
    }
  }

  start(): Promise<void> {
    const caughtUp = new Promise<void>((resolve, reject) => {
      this.#caughtUp = { resolve, reject }
    })
    this.#started = this.#begin().catch((error: Error) => this.#caughtUp?.reject(error))
    return caughtUp
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#started
    await this.#reader?.stop()
    await this.#ownLog?.close()
    this.#caughtUp?.reject(new Error('the subscription was closed before it had caught up'))
  }

  report(error: Error): void {
    if (this.#closing.signal.aborted) return
    if (this.#options.onError === undefined) console.error('holdpoint:', error)
    else this.#options.onError(error)
  }

  async #begin(): Promise<void> {
    const { log, catalogue } = await this.#open()
    const admin = await log.admin()
    try {
      for (const topic of decisionTopics) {
        for (const [partition, { low, high }] of (await admin.bounds(topic)).entries()) {
          this.#highs.set(partitionKey({ topic, partition }), high)
          this.#positions.set(partitionKey({ topic, partition }), low)
        }
      }
    } finally {
      await admin.close()
    }
    if (this.#closing.signal.aborted) return
    const groupId = `${this.#options.groupId ?? 'holdpoint-sdk'}-${randomUUID()}`
    this.#reader = log.reader({ groupId, topics: decisionTopics })
    await this.#reader.start({
      onAssigned: async (assigned) => this.#positionsOf(assigned),
      onRevoked: () => {},
      onBatch: (batch) => this.#take(batch, catalogue),
      onCrash: (error) => {
        this.#caughtUp?.reject(error)
        this.report(error)
      },
    })
    this.#settle()
  }

  async #open(): Promise<{ readonly log: Log; readonly catalogue: SchemaCatalogue }> {
    const options = this.#options
    if ('log' in options) return options
    const { registryUrl, brokers, ssl, sasl } = options
    const catalogue = await registryCatalogue({ url: registryUrl, writes: [] })
    const log = kafkaLog({
      brokers,
      clientId: 'holdpoint-sdk',
      ...(ssl === undefined ? {} : { ssl }),
      ...(sasl === undefined ? {} : { sasl }),
    })
    this.#ownLog = log
    return { log, catalogue }
  }

  #positionsOf(assigned: readonly TopicPartition[]): ReadonlyMap<string, number> {
    const keys = assigned.map(partitionKey)
    return new Map(keys.map((key) => [key, this.#positions.get(key) ?? 0]))
  }

  async #take(batch: Batch, catalogue: SchemaCatalogue): Promise<void> {
    const key = partitionKey(batch)
    const high = this.#highs.get(key) ?? 0
    // Older decisions speak of nobody who is still there.
    const bornAfter = Date.now() - sessionLifeMs
    for (const record of batch.records) {
      if (this.#closing.signal.aborted) return
      if (record.timestamp >= bornAfter) {
        await this.#handle(record, record.offset >= high, catalogue)
      }
      this.#positions.set(key, record.offset + 1)
    }
    this.#settle()
  }

  async #handle(record: StoredRecord, live: boolean, catalogue: SchemaCatalogue): Promise<void> {
    const decision = await this.#read(record, catalogue)
    if (decision === null || this.#seen.has(decision.decisionId)) return
    this.#seen.set(decision.decisionId, true)
    const current = this.postures.apply(decision)
    if (!live && this.#options.replay !== true) return
    for (const handler of [this.#options.onDecision, this.#handlers[decision.type]]) {
      try {
        await handler?.(decision, { current })
      } catch (error) {
        this.report(error instanceof Error ? error : new Error(String(error)))
      }
    }
  }

  /** null for what is no decision: it is reported and passed over. */
  async #read({ value }: StoredRecord, catalogue: SchemaCatalogue): Promise<Decision | null> {
    if (value === null) return null
    while (!this.#closing.signal.aborted) {
      try {
        return await readDecision(catalogue, value)
      } catch (error) {
        this.report(error instanceof Error ? error : new Error(String(error)))
        if (!(error instanceof RegistryUnavailableError)) return null
        await sleep(registryRetryMs, undefined, { signal: this.#closing.signal }).catch(() => {})
      }
    }
    return null
  }

  #settle(): void {
    if (this.#caughtUp === null) return
    for (const [key, high] of this.#highs) {
      if ((this.#positions.get(key) ?? 0) < high) return
    }
    this.#caughtUp.resolve()
    this.#caughtUp = null
  }
}
