import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Batch,
  type Log,
  LogWriteError,
  type LogWriter,
  type NewRecord,
  partitionKey,
  type ReaderHandlers,
  type StoredRecord,
  type TopicPartition,
} from './ports.ts'

export interface LogUnderTest {
  readonly log: Log
  /** The same log from another process, or after a restart. */
  reopen(): Promise<Log>
  /** Makes `low` the lowest offset, as retention would. */
  truncate(topic: string, partition: number, low: number): Promise<void>
  dispose(): Promise<void>
}

/** What a reader was given, kept for the eyes of a test. */
interface Seen extends ReaderHandlers {
  readonly batches: Batch[]
  readonly assigned: (readonly TopicPartition[])[]
  readonly revoked: (readonly TopicPartition[])[]
  readonly crashes: Error[]
  records(topic: string, partition?: number): StoredRecord[]
}

function see(over: Partial<ReaderHandlers> = {}): Seen {
  const batches: Batch[] = []
  const assigned: (readonly TopicPartition[])[] = []
  const revoked: (readonly TopicPartition[])[] = []
  const crashes: Error[] = []
  return {
    batches,
    assigned,
    revoked,
    crashes,
    records: (topic, partition) =>
      batches
        .filter((b) => b.topic === topic && (partition === undefined || b.partition === partition))
        .flatMap((b) => b.records),
    onAssigned(partitions) {
      assigned.push(partitions)
      return over.onAssigned?.(partitions) ?? Promise.resolve(new Map())
    },
    onRevoked(partitions) {
      revoked.push(partitions)
      over.onRevoked?.(partitions)
    },
    async onBatch(batch) {
      await over.onBatch?.(batch)
      batches.push(batch)
    },
    onCrash(error) {
      crashes.push(error)
    },
  }
}

const record = (partition: number, value: string): NewRecord => ({
  partition,
  key: Buffer.from('k'),
  value: Buffer.from(value),
})
const texts = (records: readonly StoredRecord[]): string[] => records.map((r) => String(r.value))
const count = (length: number, partition: number, from = 0): NewRecord[] =>
  Array.from({ length }, (_, i) => record(partition, `${i + from}`))
const until = (check: () => void, timeoutMs = 20_000) =>
  expect.poll(() => attempt(check), { timeout: timeoutMs, interval: 20 }).toBe('')
function attempt(check: () => void): string {
  try {
    check()
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export interface ContractTimes {
  /** So long it takes to believe that nothing comes. */
  readonly quietMs: number
  /** So long a handler holds a batch; more than a session's timeout where there is one. */
  readonly holdMs: number
}

/** The promises of the ports, for every log. */
export function logContract(
  name: string,
  times: ContractTimes,
  open: () => Promise<LogUnderTest>,
): void {
  describe(name, () => {
    let under: LogUnderTest
    let writer: LogWriter
    let topic: string
    let groupId: string
    let run = 0

    beforeEach(async () => {
      under = await open()
      run += 1
      topic = `contract.${process.pid}.${Date.now()}.${run}`
      groupId = `group.${topic}`
      const admin = await under.log.admin()
      await admin.create({ name: topic, partitions: 12, replicas: 1, config: {} })
      await admin.close()
      writer = await under.log.writer()
    })
    afterEach(() => under.dispose())

    const reader = (log: Log = under.log, topics: readonly string[] = [topic]) =>
      log.reader({ groupId, topics })

    it('keeps the order of each partition, with contiguous offsets from 0', async () => {
      await Promise.all([
        writer.append(topic, count(700, 3)),
        writer.append(topic, count(700, 3, 700)),
        writer.append(topic, count(50, 4)),
      ])
      const seen = see()
      await reader().start(seen)
      await until(() => expect(seen.records(topic)).toHaveLength(1450))
      expect(texts(seen.records(topic, 3))).toEqual(count(1400, 3).map((r) => String(r.value)))
      expect(seen.records(topic, 3).map((r) => r.offset)).toEqual(
        Array.from({ length: 1400 }, (_, i) => i),
      )
      expect(seen.records(topic, 4).map((r) => r.offset)).toEqual(
        Array.from({ length: 50 }, (_, i) => i),
      )
      expect(Math.max(...seen.batches.map((b) => b.records.length))).toBeLessThanOrEqual(1000)
      expect(seen.batches.at(-1)?.high).toBe(seen.batches.at(-1)?.partition === 3 ? 1400 : 50)
    })

    it('counts an acknowledged append at once in the bounds', async () => {
      const admin = await under.log.admin()
      await writer.append(topic, [...count(5, 0), ...count(2, 11)])
      const bounds = await admin.bounds(topic)
      expect(bounds).toHaveLength(12)
      expect(bounds[0]).toEqual({ low: 0, high: 5 })
      expect(bounds[1]).toEqual({ low: 0, high: 0 })
      expect(bounds[11]).toEqual({ low: 0, high: 2 })
      await admin.close()
    })

    it('gives key, value and headers back byte for byte, nulls too', async () => {
      const bytes = Buffer.from([0, 255, 1, 128])
      const headers = {
        a: 'text',
        'b.c': bytes,
        many: ['x', bytes],
        constructor: 'named like a property',
      }
      const before = Date.now() - 1_000
      await writer.append(topic, [
        { partition: 2, key: bytes, value: bytes, headers },
        { partition: 2, key: null, value: bytes },
        { partition: 2, key: bytes, value: null },
        { partition: 2, key: null, value: Buffer.alloc(0) },
      ])
      const seen = see()
      await reader().start(seen)
      await until(() => expect(seen.records(topic)).toHaveLength(4))
      const [full, noKey, noValue, empty] = seen.records(topic)
      expect(full?.key).toEqual(bytes)
      expect(full?.value).toEqual(bytes)
      expect({ ...full?.headers }).toEqual({
        a: Buffer.from('text'),
        'b.c': bytes,
        many: [Buffer.from('x'), bytes],
        constructor: Buffer.from('named like a property'),
      })
      expect(full?.timestamp).toBeGreaterThan(before)
      expect(full?.timestamp).toBeLessThan(Date.now() + 1_000)
      expect([noKey?.key, noKey?.value]).toEqual([null, bytes])
      expect([noValue?.key, noValue?.value]).toEqual([bytes, null])
      expect([empty?.key, empty?.value]).toEqual([null, Buffer.alloc(0)])
      expect(Object.keys(noKey?.headers ?? {})).toEqual([])
    })

    it('hands over nothing before onAssigned has resolved, and begins where it says', async () => {
      await writer.append(topic, [...count(10, 0), ...count(10, 1)])
      let release = (): void => undefined
      const gate = new Promise<void>((resolve) => {
        release = resolve
      })
      const seen = see({
        onAssigned: async () => {
          await gate
          return new Map([[partitionKey({ topic, partition: 0 }), 7]])
        },
      })
      await reader().start(seen)
      await sleep(times.quietMs)
      expect(seen.batches).toEqual([])
      release()
      await until(() => expect(seen.records(topic)).toHaveLength(13))
      expect(texts(seen.records(topic, 0))).toEqual(['7', '8', '9'])
      expect(texts(seen.records(topic, 1))).toHaveLength(10)
    })

    it('asks again when onAssigned rejects', async () => {
      await writer.append(topic, count(1, 0))
      let asked = 0
      const seen = see({
        onAssigned: () =>
          asked++ === 0 ? Promise.reject(new Error('store away')) : Promise.resolve(new Map()),
      })
      await reader().start(seen)
      await until(() => expect(seen.records(topic)).toHaveLength(1))
    })

    it('begins at the committed offset where onAssigned gives none, also after a restart', async () => {
      await writer.append(topic, count(10, 5))
      const first = see()
      const one = reader()
      await one.start(first)
      await until(() => expect(first.records(topic)).toHaveLength(10))
      await one.commit({ topic, partition: 5 }, 6)
      await one.stop()
      const second = see()
      await reader(await under.reopen()).start(second)
      await until(() => expect(texts(second.records(topic, 5))).toEqual(['6', '7', '8', '9']))
    })

    it('begins at the lowest offset where the committed one has left the log', async () => {
      await writer.append(topic, count(10, 5))
      const one = reader()
      await one.start(see())
      await one.commit({ topic, partition: 5 }, 2)
      await one.stop()
      await under.truncate(topic, 5, 4)
      const seen = see()
      await reader().start(seen)
      await until(() =>
        expect(texts(seen.records(topic, 5))).toEqual(['4', '5', '6', '7', '8', '9']),
      )
      const admin = await under.log.admin()
      expect((await admin.bounds(topic))[5]).toEqual({ low: 4, high: 10 })
      await admin.close()
    })

    it('begins at the lowest offset where the log ends before the committed one', async () => {
      await writer.append(topic, count(3, 5))
      const one = reader()
      await one.start(see())
      await one.commit({ topic, partition: 5 }, 50)
      await one.stop()
      const seen = see()
      await reader().start(seen)
      await until(() => expect(texts(seen.records(topic, 5))).toEqual(['0', '1', '2']))
      expect(seen.crashes).toEqual([])
    })

    it('goes on at the lowest offset where retention overtook the reader, and the gap shows', async () => {
      await writer.append(topic, count(10, 0))
      await under.truncate(topic, 0, 6)
      const seen = see({
        onAssigned: () => Promise.resolve(new Map([[partitionKey({ topic, partition: 0 }), 3]])),
      })
      await reader().start(seen)
      await until(() => expect(seen.records(topic, 0).map((r) => r.offset)).toEqual([6, 7, 8, 9]))
      expect(seen.crashes).toEqual([])
    })

    it('ends with log_truncated where the position is past the end of the log', async () => {
      await writer.append(topic, count(3, 0))
      const seen = see({
        onAssigned: () => Promise.resolve(new Map([[partitionKey({ topic, partition: 0 }), 50]])),
      })
      await reader().start(seen)
      await until(() =>
        expect(seen.crashes.map((e) => e.message).join()).toMatch(
          /ends at 3, before the awaited offset 50/,
        ),
      )
      expect(seen.records(topic, 0)).toEqual([])
    })

    it('reads again from where seek says, in mid-stream and from within the handler', async () => {
      await writer.append(topic, count(5, 0))
      const one = reader()
      let sought = false
      const seen = see({
        onBatch: () => {
          if (!sought) one.seek({ topic, partition: 0 }, 3)
          sought = true
          return Promise.resolve()
        },
      })
      await one.start(seen)
      await until(() =>
        expect(texts(seen.records(topic, 0))).toEqual(['0', '1', '2', '3', '4', '3', '4']),
      )
      one.seek({ topic, partition: 0 }, 4)
      await until(() => expect(texts(seen.records(topic, 0)).slice(7)).toEqual(['4']))
      await writer.append(topic, [record(0, 'new')])
      await until(() => expect(texts(seen.records(topic, 0)).slice(8)).toEqual(['new']))
      one.seek({ topic, partition: 99 }, 4)
    })

    it('stops delivery while the handler holds, and stays in the group', async () => {
      await writer.append(topic, count(1, 0))
      let release = (): void => undefined
      const gate = new Promise<void>((resolve) => {
        release = resolve
      })
      let entered = 0
      const seen = see({
        onBatch: () => {
          entered += 1
          return gate
        },
      })
      await reader().start(seen)
      await until(() => expect(entered).toBe(1))
      await writer.append(topic, count(20, 0, 1))
      await sleep(times.holdMs)
      expect(entered).toBe(1)
      expect(seen.assigned).toHaveLength(1)
      expect(seen.revoked).toEqual([])
      release()
      await until(() => expect(texts(seen.records(topic, 0))).toHaveLength(21))
    })

    it('shares the partitions between two readers, and gives all to the one that stays', async () => {
      const first = see()
      const second = see()
      const one = reader()
      const other = reader(await under.reopen())
      await one.start(first)
      expect(first.assigned.at(-1)).toHaveLength(12)
      await other.start(second)
      await until(() => {
        expect(first.assigned.at(-1)).toHaveLength(6)
        expect(second.assigned.at(-1)).toHaveLength(6)
      })
      expect(first.revoked.flat()).toHaveLength(12)
      await writer.append(
        topic,
        Array.from({ length: 12 }, (_, p) => record(p, `${p}`)),
      )
      await until(() =>
        expect([...first.records(topic), ...second.records(topic)]).toHaveLength(12),
      )
      expect(first.records(topic)).toHaveLength(6)
      await one.stop()
      await until(() => expect(second.assigned.at(-1)).toHaveLength(12))
      await until(() => {
        const values = texts(second.records(topic))
        expect(new Set(values).size).toBe(12)
      })
    })

    it('gives partitions of one number to one reader, whatever their topic', async () => {
      const admin = await under.log.admin()
      await admin.create({ name: `${topic}.b`, partitions: 5, replicas: 1, config: {} })
      await admin.close()
      const first = see()
      const second = see()
      await reader(under.log, [topic, `${topic}.b`]).start(first)
      await reader(await under.reopen(), [topic, `${topic}.b`]).start(second)
      await until(() => expect(first.assigned.at(-1)?.length).toBeLessThan(17))
      const numbers = (seen: Seen) => new Set(seen.assigned.at(-1)?.map((p) => p.partition))
      await until(() => expect(numbers(first).size + numbers(second).size).toBe(12))
    })

    it('tells a reader without a partition that it has joined, and gives it one that becomes free', async () => {
      const admin = await under.log.admin()
      await admin.create({ name: `${topic}.one`, partitions: 1, replicas: 1, config: {} })
      await admin.close()
      const seen = [see(), see()]
      const readers = [
        reader(under.log, [`${topic}.one`]),
        reader(await under.reopen(), [`${topic}.one`]),
      ]
      for (const [at, one] of readers.entries()) await one.start(seen[at] as Seen)
      await until(() =>
        expect(seen.map((s) => s.assigned.at(-1)?.length).toSorted()).toEqual([0, 1]),
      )
      const owner = seen.findIndex((s) => s.assigned.at(-1)?.length === 1)
      await readers[owner]?.stop()
      const other = seen[1 - owner] as Seen
      await until(() => expect(other.assigned.at(-1)).toHaveLength(1))
      expect(other.revoked.filter((lost) => lost.length === 0)).toEqual([])
    })

    it('gives the same batch again to a handler that threw, and lives on', async () => {
      await writer.append(topic, count(3, 0))
      let throws = 2
      const seen = see({
        onBatch: () =>
          throws-- > 0 ? Promise.reject(new TypeError('a fault')) : Promise.resolve(),
      })
      await reader().start(seen)
      await until(() => expect(texts(seen.records(topic, 0))).toEqual(['0', '1', '2']))
      await writer.append(topic, [record(0, 'later')])
      await until(() => expect(texts(seen.records(topic, 0))).toEqual(['0', '1', '2', 'later']))
      expect(seen.crashes).toEqual([])
    })

    it('stops only when no handler runs, which may still commit, and revokes last', async () => {
      await writer.append(topic, count(4, 0))
      const one = reader()
      const order: string[] = []
      const seen = see({
        onBatch: async () => {
          order.push('batch')
          await sleep(50)
          await one.commit({ topic, partition: 0 }, 4)
          order.push('committed')
        },
        onRevoked: () => order.push('revoked'),
      })
      await one.start(seen)
      await until(() => expect(order).toEqual(['batch']))
      await one.stop()
      order.push('stopped')
      expect(order).toEqual(['batch', 'committed', 'revoked', 'stopped'])
      await writer.append(topic, [record(0, 'unseen')])
      const next = see()
      await reader().start(next)
      await until(() => expect(texts(next.records(topic, 0))).toEqual(['unseen']))
      expect(seen.records(topic, 0)).toHaveLength(4)
    })

    it('brings 5,000 records over 12 partitions once each, from one append', async () => {
      const records = Array.from({ length: 5_000 }, (_, i) => record(i % 12, `${i}`))
      const seen = see()
      await reader().start(seen)
      await writer.append(topic, records)
      await until(() => expect(seen.records(topic)).toHaveLength(5_000))
      expect(new Set(texts(seen.records(topic))).size).toBe(5_000)
      for (let p = 0; p < 12; p++) {
        const numbers = texts(seen.records(topic, p)).map(Number)
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
      }
    })

    it('takes an append whose partition part is larger than one Kafka batch may be', async () => {
      const value = Buffer.alloc(60 * 1024, 1)
      await writer.append(
        topic,
        Array.from({ length: 40 }, () => ({ partition: 0, key: null, value })),
      )
      const admin = await under.log.admin()
      expect((await admin.bounds(topic))[0]?.high).toBe(40)
      await admin.close()
    })

    it('takes a record as large as its topic allows, and refuses one for a topic that does not', async () => {
      const admin = await under.log.admin()
      const config = { 'max.message.bytes': String(9 * 1024 * 1024) }
      await admin.create({ name: `${topic}.large`, partitions: 2, replicas: 1, config })
      await admin.close()
      const value = Buffer.alloc(8 * 1024 * 1024 + 100_000, 7)
      const large = { partition: 0, key: null, value }
      const refused = expect(writer.append(topic, [large])).rejects.toMatchObject({
        code: 'record_too_large',
        retriable: false,
      })
      // On the way at the same time, and none of them concerned by the refusal.
      await Promise.all([
        writer.append(`${topic}.large`, [record(0, 'before'), large, record(0, 'after')]),
        writer.append(topic, [record(3, 'beside')]),
        refused,
      ])
      const seen = see()
      await reader(under.log, [topic, `${topic}.large`]).start(seen)
      await until(() => expect(seen.records(`${topic}.large`)).toHaveLength(3))
      expect(seen.records(`${topic}.large`)[1]?.value?.equals(value)).toBe(true)
      await until(() => expect(texts(seen.records(topic))).toEqual(['beside']))
    })

    it('refuses an append to an unknown topic or partition, or of a record too large, by name', async () => {
      const refusal = (work: Promise<void>) =>
        work.then(
          () => undefined,
          (error: unknown) => error,
        )
      const unknown = await refusal(writer.append('no.such.topic', [record(0, 'x')]))
      expect(unknown).toBeInstanceOf(LogWriteError)
      expect(unknown).toMatchObject({
        code: 'topic_unknown',
        retriable: false,
        message: expect.stringContaining("'no.such.topic'"),
      })
      const partition = await refusal(writer.append(topic, [record(12, 'x')]))
      expect(partition).toMatchObject({
        code: 'partition_unknown',
        retriable: false,
        message: expect.stringContaining('12'),
      })
      const large = await refusal(
        writer.append(topic, [{ partition: 0, key: null, value: Buffer.alloc(1_100_000) }]),
      )
      expect(large).toMatchObject({ code: 'record_too_large', retriable: false })
      await writer.append(topic, [record(0, 'still alive')])
      await writer.append(topic, [])
    })

    it('refuses to read a topic that does not exist, by name', async () => {
      await expect(reader(under.log, ['no.such.topic']).start(see())).rejects.toMatchObject({
        code: 'topic_unknown',
        message: expect.stringContaining("'no.such.topic'"),
      })
    })

    it('describes, creates once and configures topics', async () => {
      const admin = await under.log.admin()
      const name = `${topic}.admin`
      const spec = { name, partitions: 3, replicas: 1, config: { 'retention.ms': '60000' } }
      await admin.create(spec)
      await admin.create({ ...spec, partitions: 9 })
      await admin.configure(name, { 'cleanup.policy': 'compact' })
      const states = await admin.describe([name, 'no.such.topic'])
      expect(states.get('no.such.topic')).toBeNull()
      expect(states.get(name)).toEqual({
        name,
        partitions: 3,
        config: { 'retention.ms': '60000', 'cleanup.policy': 'compact' },
      })
      await expect(admin.configure('no.such.topic', {})).rejects.toThrow("'no.such.topic'")
      await expect(admin.bounds('no.such.topic')).rejects.toThrow("'no.such.topic'")
      await admin.close()
    })

    it('counts the readers that are in a group, and none where nobody ever was', async () => {
      const admin = await under.log.admin()
      expect(await admin.members(groupId)).toBe(0)
      const seen = see()
      const one = reader()
      await one.start(seen)
      await until(() => expect(seen.assigned).not.toEqual([]))
      expect(await admin.members(groupId)).toBe(1)
      await one.stop()
      await expect.poll(() => admin.members(groupId), { timeout: 20_000 }).toBe(0)
      await admin.close()
    })

    it('appends nothing after close', async () => {
      await writer.close()
      await expect(writer.append(topic, [record(0, 'x')])).rejects.toMatchObject({
        code: 'writer_closed',
      })
    })
  })
}
