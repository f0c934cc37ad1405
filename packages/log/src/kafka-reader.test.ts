import type { EachBatchPayload } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createKafkaReader } from './kafka-reader.ts'
import type { Batch, LogReader } from './ports.ts'
import { fakeConsumer, payloadOf } from './testing/fake-consumer.ts'
import { UnreadableBatchError } from './unreadable-batch.ts'

describe('the Kafka reader', () => {
  let fake: ReturnType<typeof fakeConsumer>
  let reader: LogReader
  let positions: Map<string, number>
  let batches: Batch[]
  let crashes: Error[]
  let bounds: { low: number; high: number }

  beforeEach(async () => {
    fake = fakeConsumer()
    positions = new Map([['t:0', 10]])
    batches = []
    crashes = []
    bounds = { low: 0, high: 1_000 }
    reader = createKafkaReader({
      client: fake.client,
      admin: {
        bounds: () => Promise.resolve([bounds, bounds]),
        standingOf: (_, partitions) =>
          Promise.resolve(
            new Map(partitions.map((p) => [`t:${p.partition}`, { committed: -1, ...bounds }])),
          ),
      },
      groupId: 'g',
      topics: ['t'],
      drainMs: 50,
      stallMs: 30_000,
      onLog: () => undefined,
    })
    await reader.start({
      onAssigned: () => Promise.resolve(positions),
      onRevoked: () => undefined,
      onBatch: (batch) => {
        batches.push(batch)
        return Promise.resolve()
      },
      onCrash: (error) => void crashes.push(error),
    })
  })
  afterEach(() => reader.stop())

  const give = (payload: EachBatchPayload) => fake.give(payload)
  const offsets = () => batches.map((b) => b.records.map((r) => r.offset))
  const joined = (...partitions: number[]) => fake.joined(...partitions)

  it('seeks to the given position before it hands anything over', async () => {
    await joined(0)
    expect(fake.seeks).toEqual(['0@10'])
    const { payload, resolved } = payloadOf({ fetched: 10, offsets: [10, 11] })
    await give(payload)
    expect(offsets()).toEqual([[10, 11]])
    expect(resolved).toEqual(['11'])
  })

  it('drops a batch that was not fetched at the awaited offset, and seeks again', async () => {
    await joined(0)
    const { payload, resolved } = payloadOf({ fetched: 3, offsets: [3, 4, 10, 11] })
    await give(payload)
    expect(offsets()).toEqual([])
    expect(resolved).toEqual([])
    expect(fake.seeks).toEqual(['0@10', '0@10'])
  })

  it('hazard: kafkajs steps over batches without a record by itself', async () => {
    await joined(0)
    const further = () => payloadOf({ fetched: 14, offsets: [14] })
    await give(further().payload)
    expect(offsets()).toEqual([])
    await give(further().payload)
    expect(offsets()).toEqual([[14]])
  })

  it('resolves past the transaction marker that ends a batch', async () => {
    await joined(0)
    const { payload, resolved } = payloadOf({ fetched: 10, offsets: [10, 11], last: 12 })
    await give(payload)
    expect(resolved).toEqual(['12'])
    await give(payloadOf({ fetched: 13, offsets: [13] }).payload)
    expect(offsets()).toEqual([[10, 11], [13]])
  })

  it('hands over nothing of a partition that it lost', async () => {
    await joined(0, 1)
    await joined(1)
    await give(payloadOf({ fetched: 10, offsets: [10] }).payload)
    expect(batches).toEqual([])
  })

  it('refuses an offset beyond 2^53 by ending', async () => {
    await joined(0)
    const { payload } = payloadOf({ fetched: 10, offsets: [10] })
    ;(payload.batch.messages[0] as { offset: string }).offset = '9007199254740993'
    await give(payload)
    expect(crashes[0]?.message).toContain('9007199254740993')
    expect(batches).toEqual([])
  })

  it('says where an unreadable batch lies, and how to go past it', async () => {
    await joined(0, 1)
    bounds = { low: 0, high: 12 }
    const cause = new UnreadableBatchError('a record batch in zstd cannot be read', {
      first: 11,
      next: 15,
    })
    fake.emit('crash', { error: new Error('wrapped', { cause }), restart: false })
    await vi.waitFor(() => expect(crashes).toHaveLength(1))
    expect(crashes[0]?.message).toBe(
      "a record batch in zstd cannot be read, at offset 11 of t:0 (read up to 10) or t:1 (read up to 0); to go past it, stop the readers of group 'g' and set its offset there to 15: docs/how-to/pass-a-poison-batch.md",
    )
  })

  it('rules out partitions that an unreadable batch cannot lie in', async () => {
    positions = new Map([
      ['t:0', 10],
      ['t:1', 20],
    ])
    await joined(0, 1)
    const error = new UnreadableBatchError('unreadable', { first: 11, next: 15 })
    fake.emit('crash', { error, restart: false })
    await vi.waitFor(() => expect(crashes).toHaveLength(1))
    expect(crashes[0]?.message).toContain('at offset 11 of t:0 (read up to 10);')
  })
})
