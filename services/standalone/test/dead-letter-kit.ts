/** Ingest and engine on embedded parts, and the dead letters that they make. */
import { decodeLogRecord, localCatalogue, topics, topicTable } from '@holdpoint/contracts'
import { coreFold, createEngine, type Fold } from '@holdpoint/engine'
import { createIngest, createWaitingRoom, wallClock } from '@holdpoint/ingest'
import {
  embeddedLog,
  type Headers,
  type Log,
  type StoredRecord,
  type TopicPartition,
} from '@holdpoint/log'
import { defaultPolicy, type LogRecord } from '@holdpoint/risk'
import { createLogger, createRegistry } from '@holdpoint/runtime'
import { embeddedRecentCounts, embeddedSessionIndex, embeddedStore } from '@holdpoint/state'
import { deadLetterTopics } from '../src/dlq/letter.ts'
import type { Selection } from '../src/dlq/letters.ts'
import { type Group, listLetters } from '../src/dlq/list.ts'
import { type Outcome, type RedriveOptions, redrive } from '../src/dlq/redrive.ts'
import { findLetter, type ShownLetter } from '../src/dlq/show.ts'
import { statedOnly } from '../src/testing.ts'

const startProgress = () => ({ update: () => undefined, stop: () => undefined })

const logger = createLogger({ service: 'test', level: 'silent' })
const crash = (error: Error): never => {
  throw error
}

/** An event as a producer writes it, that has just occurred. */
export const event = (id: string, type: string, more: object = {}): string =>
  JSON.stringify({
    id,
    type,
    source: 'app/web',
    occurredAt: new Date().toISOString(),
    sessionId: 's-1',
    ...more,
  })

export const login = (id: string): string =>
  event(id, 'login', { subject: { id: 'alice' }, assurance: { amr: ['pwd'] } })

/** What was sent back, and what was left and why, by code. */
export const told = (outcomes: readonly Outcome[]): Readonly<Record<string, number>> =>
  Object.fromEntries(outcomes.map(({ code, left, count }) => [`${code} ${left ?? 'sent'}`, count]))

/** A record as `read` gives it, with its partition. */
export type Read = StoredRecord & Pick<TopicPartition, 'partition'>

export interface RunningEngine {
  stop(): Promise<void>
  /** Records folded with this outcome, as its metric counts them. */
  folded(outcome: 'applied' | 'repeat'): Promise<number>
}

export interface Kit {
  readonly log: Log
  /** Sends a record as a producer does. */
  produce(
    topic: string,
    value: string | Buffer | null,
    more?: { readonly partition?: number; readonly key?: Buffer; readonly headers?: Headers },
  ): Promise<void>
  /** All records of a topic, once there are `count`; fails after 5 s. */
  read(topic: string, count: number): Promise<readonly Read[]>
  /** The events of `holdpoint.events` with this id, once there are `count`. */
  events(id: string, count: number): Promise<readonly Extract<LogRecord, { kind: 'event' }>[]>
  list(selection?: Partial<Selection>): Promise<readonly Group[]>
  redrive(options?: Partial<RedriveOptions & Selection>): Promise<readonly Outcome[]>
  show(topic: string, partition: number, offset: number): Promise<ShownLetter>
  startIngest(): Promise<void>
  startEngine(fold?: Fold): Promise<RunningEngine>
  stop(): Promise<void>
}

export async function startKit(): Promise<Kit> {
  const log = embeddedLog({ drainMs: 200 })
  const admin = await log.admin()
  for (const { name, role, config } of topicTable) {
    const partitions = role === 'internal' ? 4 : 3
    await admin.create({ name, partitions, replicas: 1, config })
  }
  const writer = await log.writer()
  const store = embeddedStore({ generation: 1 })
  const stops: (() => Promise<void>)[] = []
  const catalogue = localCatalogue()

  const read = async (topic: string, count: number): Promise<readonly Read[]> => {
    const deadline = Date.now() + 5_000
    for (;;) {
      const found = await readAll(log, topic)
      if (found.length >= count) return found
      if (Date.now() > deadline) throw new Error(`${topic}: ${found.length} of ${count} in 5 s`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const events = async (id: string) =>
    (await readAll(log, topics.internal))
      .map(({ value }) => decodeLogRecord(value ?? Buffer.alloc(0), catalogue))
      .filter((record) => record.kind === 'event')
      .filter(({ event }) => event.id === id)

  return {
    log,
    read,
    produce: (topic, value, { partition = 0, key = null, headers = {} } = {}) =>
      writer.append(topic, [
        { partition, key, value: typeof value === 'string' ? Buffer.from(value) : value, headers },
      ]),
    async events(id, count) {
      for (let tries = 0; tries < 500; tries++) {
        const found = await events(id)
        if (found.length >= count) return found
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      throw new Error(`no ${count} events ${id} in 5 s`)
    },
    list: (selection = {}) =>
      listLetters({ log, startProgress, selection: { topics: deadLetterTopics, ...selection } }),
    show: (topic, partition, offset) => findLetter(log, { topic, partition, offset }, catalogue),
    redrive: ({ topics: some, code, since, only, ...options } = {}) =>
      redrive({
        log,
        selection: { topics: some ?? deadLetterTopics, code, since, only },
        startProgress,
        catalogue: async () => catalogue,
        now: Date.now,
        again: false,
        limit: 1_000_000,
        dryRun: false,
        ...options,
      }),
    async startIngest() {
      const ingest = createIngest({
        log,
        catalogue,
        index: embeddedSessionIndex(),
        recent: embeddedRecentCounts(),
        enrichment: statedOnly(),
        clock: wallClock(),
        config: {
          groupId: 'holdpoint-ingest',
          hashKey: 'a key for tests, of 32 characters or more',
          httpHost: '127.0.0.1',
          httpPort: 0,
          apiKeys: undefined,
          tenant: 'default',
          tenantEventsPerSecond: 100_000,
          tickMs: 60_000,
        },
        registry: createRegistry(),
        logger,
        crash,
        room: createWaitingRoom(100, [10, 10, 10]),
      })
      stops.push(() => ingest.stop())
      await ingest.start()
    },
    async startEngine(fold = coreFold) {
      const registry = createRegistry()
      const engine = createEngine({
        log,
        store,
        catalogue,
        policy: defaultPolicy,
        config: { generation: 1, groupId: 'holdpoint-engine' },
        registry,
        logger,
        crash,
        fold,
        stopMs: 1_000,
      })
      const stop = () => engine.stop()
      stops.push(stop)
      await engine.start()
      return {
        stop,
        async folded(outcome) {
          const lines = (await registry.render()).split('\n')
          const line = lines.find((one) => one.includes(`events_total{outcome="${outcome}"}`))
          return Number(line?.split(' ').at(-1) ?? 0)
        },
      }
    },
    async stop() {
      for (const stop of stops.reverse()) await stop()
      await log.close()
      await store.close()
    },
  }
}

let groups = 0

/** What a topic holds now, partition by partition. */
async function readAll(log: Log, topic: string): Promise<Read[]> {
  const admin = await log.admin()
  const bounds = await admin.bounds(topic)
  const total = bounds.reduce((sum, { low, high }) => sum + high - low, 0)
  const found: Read[] = []
  if (total === 0) return found
  const reader = log.reader({ groupId: `test-${groups++}`, topics: [topic] })
  await new Promise<void>((resolve, reject) => {
    void reader.start({
      onAssigned: async () => new Map(),
      onRevoked: () => undefined,
      onBatch: async ({ partition, records }) => {
        found.push(...records.map((record) => ({ ...record, partition })))
        if (found.length >= total) resolve()
      },
      onCrash: reject,
    })
  })
  await reader.stop()
  return found.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}
