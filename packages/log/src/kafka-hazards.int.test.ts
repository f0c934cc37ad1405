/** What one real broker can show of the client's hazards; `kafka-*-hazards.test.ts` have the others. */
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { CompressionCodecs, CompressionTypes, Kafka, logLevel, type Message } from 'kafkajs'
import snappy from 'snappyjs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { kafkaLog } from './kafka-log.ts'
import {
  type Batch,
  type Log,
  partitionKey,
  type ReaderHandlers,
  type TopicPartition,
} from './ports.ts'

const brokers = (process.env['HOLDPOINT_KAFKA_BROKERS'] ?? '').split(',').filter(Boolean)
if (brokers.length === 0)
  throw new Error('HOLDPOINT_KAFKA_BROKERS is not set: give host:port of a broker')

/** A client that knows nothing of Holdpoint. */
const plain = (): Kafka => new Kafka({ brokers, logLevel: logLevel.NOTHING })
const drainMs = 200

let logs: Log[]
let log: Log
let topic: string
let groupId: string
let run = 0
let held: Promise<void>
let release: () => void

const open = (): Log => {
  const opened = kafkaLog({ brokers, clientId: 'hazards', drainMs })
  logs.push(opened)
  return opened
}

beforeEach(async () => {
  logs = []
  log = open()
  held = new Promise((resolve) => {
    release = resolve
  })
  run += 1
  topic = `hazards.${process.pid}.${Date.now()}.${run}`
  groupId = `group.${topic}`
  const admin = await log.admin()
  await admin.create({ name: topic, partitions: 4, replicas: 1, config: {} })
})
afterEach(async () => {
  release()
  await Promise.all(logs.map((one) => one.close()))
})

async function append(partition: number, ...values: string[]): Promise<void> {
  const writer = await log.writer()
  const records = values.map((value) => ({ partition, key: null, value: Buffer.from(value) }))
  await writer.append(topic, records)
}

/** A reader's handlers that keep what they were given. */
function see(over: Partial<ReaderHandlers> = {}) {
  const batches: Batch[] = []
  const assigned: (readonly TopicPartition[])[] = []
  const crashes: Error[] = []
  const handlers: ReaderHandlers = {
    onAssigned(partitions) {
      assigned.push(partitions)
      return over.onAssigned?.(partitions) ?? Promise.resolve(new Map())
    },
    onRevoked: () => undefined,
    async onBatch(batch) {
      batches.push(batch)
      await over.onBatch?.(batch)
    },
    onCrash: (error) => crashes.push(error),
  }
  const values = () => batches.flatMap(({ records }) => records.map((r) => String(r.value)))
  return { ...handlers, handlers, batches, assigned, crashes, values }
}

const reader = (on = log) => on.reader({ groupId, topics: [topic] })

/** A member that owns all four partitions, and holds the first batch of each until `release`. */
async function heldReader() {
  const seen = see({ onBatch: () => held })
  const one = reader()
  // Before it starts, so that one fetch brings all: kafkajs fetches again when all its handlers have ended.
  for (const partition of [0, 1, 2, 3]) await append(partition, `${partition}`)
  await one.start(seen.handlers)
  await vi.waitFor(() => expect(seen.batches).toHaveLength(4), 10_000)
  return { seen, one }
}

/** Less than the session's 10 s, after which the broker would go on without a member. */
const soonMs = 7_000

describe('hazard: a handler that holds while the group rebalances', () => {
  it('keeps nobody waiting, and is given nothing more until it ends', async () => {
    const { seen } = await heldReader()
    const other = see()
    const began = performance.now()
    await reader(open()).start(other.handlers)
    await vi.waitFor(() => expect(other.assigned.at(-1)).toHaveLength(2), soonMs)
    expect(performance.now() - began).toBeLessThan(soonMs)
    // Joined again with its handlers still running: what it kept comes again, but not yet.
    await vi.waitFor(() => expect(seen.assigned.at(-1)).toHaveLength(2), soonMs)
    await sleep(500)
    expect(seen.batches).toHaveLength(4)
    release()
    await vi.waitFor(() => expect(seen.batches).toHaveLength(6), soonMs)
    expect(other.values()).toHaveLength(2)
    expect(new Set([...seen.values().slice(4), ...other.values()]).size).toBe(4)
  })

  it('does not keep its member in the group once that stops', async () => {
    const { seen, one } = await heldReader()
    const other = see()
    await reader(open()).start(other.handlers)
    await vi.waitFor(() => expect(seen.assigned.at(-1)).toHaveLength(2), soonMs)
    const stopped = one.stop()
    await vi.waitFor(() => expect(other.assigned.at(-1)).toHaveLength(4), soonMs)
    release()
    await stopped
  })
})

it('hazard: an exception in a handler ends a real consumer', async () => {
  await append(0, 'one')
  let throws = 2
  const seen = see({
    onBatch: () => (throws-- > 0 ? Promise.reject(new TypeError('a fault')) : Promise.resolve()),
  })
  await reader().start(seen.handlers)
  await vi.waitFor(() => expect(seen.values()).toEqual(['one', 'one', 'one']), 10_000)
  await append(0, 'two')
  await vi.waitFor(() => expect(seen.values().at(-1)).toBe('two'), 10_000)
  expect(seen.crashes).toEqual([])
})

describe('hazard: the committed offset is not where the reader stands', () => {
  const committed = async (): Promise<string | undefined> => {
    const admin = plain().admin()
    await admin.connect()
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
    await admin.disconnect()
    return found?.partitions.find(({ partition }) => partition === 0)?.offset
  }

  it('what is read is committed by nobody but the handler', async () => {
    await append(0, 'a', 'b', 'c')
    const seen = see()
    const one = reader()
    await one.start(seen.handlers)
    await vi.waitFor(() => expect(seen.values()).toEqual(['a', 'b', 'c']), 10_000)
    await sleep(300)
    await one.stop()
    expect(await committed()).toBe('-1')
  })

  it('another member may have committed it: the position of the handler wins', async () => {
    await append(0, 'a', 'b', 'c')
    const admin = plain().admin()
    await admin.connect()
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '3' }] })
    await admin.disconnect()
    const positions = new Map([[partitionKey({ topic, partition: 0 }), 1]])
    const seen = see({ onAssigned: () => Promise.resolve(positions) })
    await reader().start(seen.handlers)
    await vi.waitFor(() => expect(seen.values()).toEqual(['b', 'c']), 10_000)
  })
})

it('hazard: an offset out of range would skip to the end', async () => {
  await append(0, 'a', 'b', 'c')
  const admin = plain().admin()
  await admin.connect()
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
  await admin.disconnect()
  const positions = new Map([[partitionKey({ topic, partition: 0 }), 1]])
  const seen = see({ onAssigned: () => Promise.resolve(positions) })
  await reader().start(seen.handlers)
  await vi.waitFor(() => expect(seen.values()).toEqual(['c']), 10_000)
})

it("hazard: transactions of others leave marks and aborted records in a reader's way", async () => {
  const kafka = plain()
  const producer = kafka.producer({
    transactionalId: topic,
    idempotent: true,
    maxInFlightRequests: 1,
  })
  await producer.connect()
  const seen = see()
  await reader().start(seen.handlers)
  for (const [value, commit] of [
    ['aborted', false],
    ['committed', true],
    ['aborted too', false],
  ] as const) {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ partition: 0, value }] })
    await (commit ? transaction.commit() : transaction.abort())
    // So that each is fetched alone: kafkajs itself goes past a batch without a record.
    await sleep(500)
  }
  await producer.disconnect()
  await append(0, 'plain')
  await vi.waitFor(() => expect(seen.values()).toEqual(['committed', 'plain']), 15_000)
  expect(seen.crashes).toEqual([])
})

/** One zstd frame with its content in a raw block (RFC 8878, section 3.1.1). */
const zstdOf = (bytes: Buffer): Buffer => {
  const head = (bytes.length << 3) | 1
  const block = [head & 0xff, (head >> 8) & 0xff, (head >> 16) & 0xff]
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, ...block]), bytes])
}

/** One LZ4 frame of independent blocks, with its content in one that is not compressed. */
const lz4Of = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32LE((bytes.length | 0x8000_0000) >>> 0)
  return Buffer.concat([Buffer.from('04224d18604082', 'hex'), length, bytes, Buffer.alloc(4)])
}

describe('hazard: a codec that kafkajs lacks stops the consumer for good', () => {
  const codecs = [
    ['gzip', CompressionTypes.GZIP, promisify(gzip)],
    ['snappy', CompressionTypes.Snappy, snappy.compress],
    ['lz4', CompressionTypes.LZ4, lz4Of],
    ['zstd', CompressionTypes.ZSTD, zstdOf],
  ] as const

  it.each(codecs)('%s is read', async (_, type, pack) => {
    const registry: Record<number, unknown> = CompressionCodecs
    const before = registry[type]
    registry[type] = () => ({
      compress: async ({ buffer }: { readonly buffer: Buffer }) => pack(buffer),
    })
    const producer = plain().producer()
    await producer.connect()
    const messages: Message[] = [{ partition: 0, value: 'packed '.repeat(20) }]
    await producer.send({ topic, compression: type, messages })
    await producer.disconnect()
    // As in a process of its own: what packed it is not what unpacks it.
    if (before === undefined) delete registry[type]
    else registry[type] = before
    const seen = see()
    await reader(open()).start(seen.handlers)
    await vi.waitFor(() => expect(seen.values()).toEqual(['packed '.repeat(20)]), 10_000)
    expect(seen.crashes).toEqual([])
  })
})

it('hazard: each idle connection spins a timer of 1 ms', async () => {
  await append(0, 'connects')
  const timers = vi.spyOn(globalThis, 'setTimeout')
  await sleep(500)
  const short = timers.mock.calls.filter(([, ms = 0]) => ms <= 10).length
  timers.mockRestore()
  expect(short).toBeLessThan(20)
})
