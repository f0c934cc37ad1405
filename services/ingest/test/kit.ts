/** Ingest on the embedded log, with places and networks that tests can know by heart. */
import {
  decodeLogRecord,
  localCatalogue,
  type RawEvent,
  topics,
  topicTable,
} from '@holdpoint/contracts'
import {
  embeddedLog,
  type Log,
  LogWriteError,
  type LogWriter,
  type NewRecord,
  type StoredRecord,
} from '@holdpoint/log'
import type { LogRecord, SessionEvent } from '@holdpoint/risk'
import { createLogger, createRegistry, type Logger } from '@holdpoint/runtime'
import {
  embeddedRecentCounts,
  embeddedSessionIndex,
  type RecentCounts,
  type SessionIndex,
} from '@holdpoint/state'
import { createClients } from '../src/clients.ts'
import { type Clock, wallClock } from '../src/clock.ts'
import { joinEnrichment } from '../src/enrichment.ts'
import { createNetworks } from '../src/networks.ts'
import { createIngest, type Ingest, type IngestDeps } from '../src/service.ts'
import { createWaitingRoom } from '../src/waiting-room.ts'

export const now = Date.parse('2026-11-22T10:00:00.000Z')
export const hashKey = 'a key for tests, of 32 characters or more'

/** 81.2.69.142 is in London, 1.1.1.1 has no coordinates, all else is unknown. */
export const enrichment = joinEnrichment({
  places: {
    edition: 20261101,
    lookup({ text }) {
      if (text === '1.1.1.1') return { country: '', city: '', point: null }
      if (text !== '81.2.69.142') return null
      return {
        country: 'GB',
        city: 'London',
        point: { latitude: 51.5074, longitude: -0.1278, radiusKm: 20 },
      }
    },
  },
  networks: createNetworks(null, { cidrs: { corporate: ['198.51.100.0/24'] }, asns: {} }),
  clients: createClients(),
})

/** A valid event in the JSON form. */
export const wireEvent = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: 'e-1',
  type: 'action',
  source: 'app/web',
  occurredAt: new Date(now).toISOString(),
  subject: { id: 'alice' },
  sessionId: 's-1',
  action: { name: 'page.view' },
  ...over,
})

/** A valid event as contracts hand it over. */
export const rawEvent = (over: Partial<RawEvent> = {}): RawEvent => ({
  id: 'e-1',
  type: 'action',
  source: 'app/web',
  specversion: '1.0',
  tenant: 'default',
  occurredAt: now,
  subject: { id: 'alice', kind: 'human' },
  sessionId: 's-1',
  actor: [],
  outcome: 'success',
  privileges: [],
  ...over,
})

/** Makes appends fail: `lost` before they are written, `unheard` after. */
export interface Faults {
  failures: { topic: string; how: 'lost' | 'unheard' }[]
  /** Every attempt, failed or not. */
  readonly attempts: { topic: string; records: readonly NewRecord[] }[]
}

function faulty(log: Log, faults: Faults): Log {
  return {
    ...log,
    async writer(): Promise<LogWriter> {
      const writer = await log.writer()
      return {
        async append(topic, records) {
          faults.attempts.push({ topic, records })
          const at = faults.failures.findIndex((failure) => failure.topic === topic)
          const [failure] = at < 0 ? [] : faults.failures.splice(at, 1)
          if (failure?.how !== 'lost') await writer.append(topic, records)
          if (failure) throw new LogWriteError('test', 'the log does not answer', true)
        },
        close: () => writer.close(),
      }
    },
  }
}

export interface Answer {
  readonly status: number
  readonly body: {
    readonly accepted?: number
    readonly type?: string
    readonly errors?: readonly { pointer: string; code: string; detail: string }[]
  }
}

export interface Kit {
  readonly ingest: Ingest
  readonly log: Log
  readonly index: SessionIndex
  readonly faults: Faults
  /** Sends bytes as a foreign producer does. */
  produce(topic: string, ...values: (Buffer | string | null)[]): Promise<void>
  /** Posts JSON (or the text itself) to /v1/events. */
  post(body: unknown, headers?: Record<string, string>): Promise<Answer>
  /** Value of a counter or gauge, over its series with these labels. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>
  /** All records of a topic, once there are `count`. */
  records(topic: string, count: number): Promise<readonly StoredRecord[]>
  /** The events of the internal log, once there are `count`. */
  events(count: number): Promise<readonly SessionEvent[]>
  stop(): Promise<void>
}

export async function startKit(
  options: {
    readonly clock?: Clock
    readonly delaysMs?: readonly number[]
    readonly roomSize?: number
    readonly config?: Partial<IngestDeps['config']>
    readonly partitions?: number
    /** Instead of the embedded log. */
    readonly log?: Log
    readonly rawPartitions?: number
    /** Configuration of the raw topics. */
    readonly rawConfig?: Readonly<Record<string, string>>
    readonly index?: SessionIndex
    readonly recent?: RecentCounts
    /** Instead of one that is silent. */
    readonly logger?: Logger
    readonly stopMs?: number
  } = {},
): Promise<Kit> {
  const log = options.log ?? embeddedLog()
  const partitions = options.partitions ?? 4
  const admin = await log.admin()
  for (const { name, role, config } of topicTable.filter((def) => def.role !== 'decision')) {
    const count = role === 'internal' ? partitions : (options.rawPartitions ?? 1)
    const letters = { 'max.message.bytes': config['max.message.bytes'] ?? '' }
    const own = role === 'dead-letter' ? letters : role === 'raw' ? (options.rawConfig ?? {}) : {}
    await admin.create({ name, partitions: count, replicas: 1, config: own })
  }
  const index = options.index ?? embeddedSessionIndex()
  const registry = createRegistry()
  const faults: Faults = { failures: [], attempts: [] }
  const ingest = createIngest({
    log: faulty(log, faults),
    catalogue: localCatalogue(),
    index,
    recent: options.recent ?? embeddedRecentCounts(),
    enrichment,
    clock: options.clock ?? wallClock(() => now),
    config: {
      groupId: 'holdpoint-ingest',
      hashKey,
      httpHost: '127.0.0.1',
      httpPort: 0,
      apiKeys: undefined,
      tenant: 'default',
      tenantEventsPerSecond: 100_000,
      tickMs: 60_000,
      ...options.config,
    },
    registry,
    logger: options.logger ?? createLogger({ service: 'test', level: 'silent' }),
    ...(options.stopMs === undefined ? {} : { stopMs: options.stopMs }),
    crash: (error) => {
      throw error
    },
    room: createWaitingRoom(options.roomSize, options.delaysMs ?? [10, 10, 10]),
  })
  await ingest.start()
  const writer = await log.writer()
  const kit: Kit = {
    ingest,
    log,
    index,
    faults,
    produce: (topic, ...values) =>
      writer.append(
        topic,
        values.map((value) => ({
          partition: 0,
          key: Buffer.from('k'),
          value: typeof value === 'string' ? Buffer.from(value) : value,
        })),
      ),
    async post(body, headers = {}) {
      const response = await ingest.app.inject({
        method: 'POST',
        url: '/v1/events',
        headers: { 'content-type': 'application/json', ...headers },
        payload: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: response.statusCode, body: response.json() }
    },
    async metric(name, labels = {}) {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
      const lines = (await registry.render()).split('\n').filter((line) => line.startsWith(name))
      return lines
        .filter((line) => wanted.every((part) => line.includes(part)))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    },
    records: (topic, count) => readTopic(log, topic, count),
    async events(count) {
      for (let tries = 0; tries < 2000; tries++) {
        const events = (await readTopic(log, topics.internal, 0)).flatMap(eventOf)
        if (events.length >= count) return events
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      throw new Error(`no ${count} events within 20 s`)
    },
    async stop() {
      await ingest.stop()
      await log.close()
    },
  }
  return kit
}

const eventOf = ({ value }: StoredRecord): SessionEvent[] => {
  const record = logRecord(value)
  return record.kind === 'event' ? [record.event] : []
}

export const logRecord = (value: Buffer | null): LogRecord => {
  if (value === null) throw new Error('a record of the internal log has a value')
  return decodeLogRecord(value, localCatalogue()) as LogRecord
}

let groups = 0

/** Reads a topic from its beginning until `count` records are there and none is left, for 20 s at most. */
async function readTopic(log: Log, topic: string, count: number) {
  const found: StoredRecord[] = []
  const reader = log.reader({ groupId: `test-${groups++}`, topics: [topic] })
  await reader.start({
    onAssigned: async () => new Map(),
    onRevoked: () => undefined,
    onBatch: async ({ records }) => void found.push(...records),
    onCrash: (error) => {
      throw error
    },
  })
  const admin = await log.admin()
  const high = async (): Promise<number> =>
    (await admin.bounds(topic)).reduce((sum, bounds) => sum + bounds.high - bounds.low, 0)
  for (let tries = 0; tries < 2000; tries++) {
    if (found.length >= count && found.length >= (await high())) break
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await reader.stop()
  if (found.length < count) throw new Error(`${topic}: ${found.length} of ${count} records in 20 s`)
  return found
}
