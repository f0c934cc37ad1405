/** An engine on embedded parts, and the ways to look at and to disturb what it does. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  decodeDecision,
  encodeDecision,
  encodeLogRecord,
  localCatalogue,
  partitionOf,
  recordKey,
  topics,
} from '@holdpoint/contracts'
import { type EmbeddedLog, embeddedLog, type NewRecord, type StoredRecord } from '@holdpoint/log'
import { type Decision, defaultPolicy, detectors, type LogRecord } from '@holdpoint/risk'
import {
  createLogger,
  createRegistry,
  type MetricsRegistry,
  type Service,
} from '@holdpoint/runtime'
import { type EmbeddedStore, embeddedStore } from '@holdpoint/state'
import { coreFold } from '../fold.ts'
import type { FoldContext } from '../handle.ts'
import { outputTopics } from '../outbox.ts'
import { refold } from '../refold.ts'
import { createEngine, type EngineDeps } from '../service.ts'
import { start } from './events.ts'

const catalogue = localCatalogue()
export const generation = 1

const context: FoldContext = {
  fold: coreFold,
  policy: defaultPolicy,
  encode: (decision) => encodeDecision(catalogue, decision),
}

export interface Published {
  readonly topic: string
  readonly record: StoredRecord
  readonly decision: Decision
}

/** What a test has otherwise than the bench. */
export type Changes = Partial<
  Pick<EngineDeps, 'log' | 'store' | 'catalogue' | 'fold' | 'clock' | 'stopMs' | 'reportMs'>
> & { readonly groupId?: string }

export interface Running extends Service {
  readonly registry: MetricsRegistry
  /** Takes the reader away as a crash would: nothing is finished or published any more. */
  crash(): Promise<void>
}

export interface Bench {
  readonly log: EmbeddedLog
  readonly store: EmbeddedStore
  append(records: readonly LogRecord[], headers?: Record<string, string>): Promise<void>
  appendRaw(record: Partial<NewRecord>): Promise<void>
  /** An engine that is not started yet. */
  create(changes?: Changes): Running
  run(changes?: Changes): Promise<Running>
  /** Every record of a topic, partition by partition. */
  read(topic: string): Promise<readonly (StoredRecord & { readonly partition: number })[]>
  published(topics?: readonly string[]): Promise<readonly Published[]>
  /** What a fold of the whole log without faults decides: decision id to bytes. */
  expected(): Promise<ReadonlyMap<string, string>>
  /** Resolves when everything appended was folded and what it decided was published and trimmed. */
  settled(): Promise<void>
  close(): Promise<void>
}

export async function createBench(partitions = 1): Promise<Bench> {
  const log = embeddedLog({ drainMs: 200 })
  const store = embeddedStore({ generation, detectors, keepCommits: 1_000, now: () => start })
  const admin = await log.admin()
  await admin.create({ name: topics.internal, partitions, replicas: 1, config: {} })
  for (const name of outputTopics) {
    await admin.create({ name, partitions: 3, replicas: 1, config: {} })
  }
  const writer = await log.writer()
  const running: Running[] = []

  async function read(topic: string) {
    const bounds = await admin.bounds(topic)
    const records: (StoredRecord & { partition: number })[] = []
    const total = bounds.reduce((sum, { low, high }) => sum + high - low, 0)
    const reader = log.reader({ groupId: `look-${Math.random()}`, topics: [topic] })
    await reader.start({
      onAssigned: async () => new Map(),
      onRevoked: () => {},
      onBatch: async (batch) => {
        for (const record of batch.records) records.push({ ...record, partition: batch.partition })
      },
      onCrash: () => {},
    })
    await until(() => records.length >= total)
    await reader.stop()
    return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  }

  const bench: Bench = {
    log,
    store,
    read,
    async append(records, headers = {}) {
      await writer.append(
        topics.internal,
        records.flatMap((record) => placed(record, partitions)).map((r) => ({ ...r, headers })),
      )
    },
    async appendRaw(record) {
      const key = Buffer.from('default|odd')
      await writer.append(topics.internal, [{ partition: 0, key, value: null, ...record }])
    },
    create({ groupId = 'holdpoint-engine', ...changes } = {}) {
      const registry = createRegistry()
      const readers: { stop(): Promise<void> }[] = []
      const inner = changes.log ?? log
      const engine = createEngine({
        catalogue,
        policy: defaultPolicy,
        config: { generation, groupId },
        registry,
        logger: createLogger({ service: 'engine', level: 'silent' }),
        clock: () => start,
        store,
        ...changes,
        log: {
          ...inner,
          reader: (options) => {
            const reader = inner.reader(options)
            readers.push(reader)
            return reader
          },
        },
      })
      const crash = async () => {
        for (const reader of readers) await reader.stop()
      }
      const service = { ...engine, registry, crash }
      running.push(service)
      return service
    },
    async run(changes) {
      const engine = bench.create(changes)
      await engine.start()
      return engine
    },
    async published(names = outputTopics.slice(0, 5)) {
      const all: Published[] = []
      for (const topic of names) {
        for (const record of await read(topic)) {
          all.push({ topic, record, decision: decodeDecision(catalogue, record.value!) })
        }
      }
      return all
    },
    async expected() {
      const decisions = new Map<string, string>()
      const records = await read(topics.internal)
      for (let partition = 0; partition < partitions; partition += 1) {
        const mine = records.filter((record) => record.partition === partition)
        for (const output of refold(context, { generation, partition }, mine, catalogue).outputs) {
          if (output.kind === 'decision') {
            decisions.set(output.decision.decisionId, output.value.toString('hex'))
          }
        }
      }
      return decisions
    },
    async settled() {
      const bounds = await admin.bounds(topics.internal)
      for (const [partition, { high }] of bounds.entries()) {
        await until(async () => {
          const { meta, outbox } = await store.open(partition)
          return (meta?.appliedOffset ?? -1) + 1 >= high && outbox.length === 0
        })
      }
    },
    async close() {
      await Promise.all(running.map((engine) => engine.stop()))
      await log.close()
    },
  }
  return bench
}

/** Where ingest would write it: an event by its key, a tick or an order to each partition. */
function placed(record: LogRecord, partitions: number): NewRecord[] {
  const value = encodeLogRecord(record)
  if (record.kind !== 'event') {
    return Array.from({ length: partitions }, (_, partition) => ({ partition, key: null, value }))
  }
  const name = recordKey(record.event.tenant, record.event.subject.id)
  return [{ partition: partitionOf(name, partitions), key: Buffer.from(name), value }]
}

/** Waits until it is so, and fails after 4 s. */
export async function until(reached: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 4_000
  while (!(await reached())) {
    if (Date.now() > deadline) throw new Error(`not reached within 4 s: ${reached}`)
    await sleep(2)
  }
}

/** Decision id to bytes; throws where one id has two forms. */
export function byId(published: readonly Published[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const { record, decision } of published) {
    const bytes = record.value!.toString('hex')
    const other = found.get(decision.decisionId)
    if (other !== undefined && other !== bytes)
      throw new Error(`two forms of ${decision.decisionId}`)
    found.set(decision.decisionId, bytes)
  }
  return found
}
