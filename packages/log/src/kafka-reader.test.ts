import type { Consumer, ConsumerRunConfig, EachBatchPayload, Kafka } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createKafkaReader } from './kafka-reader.ts'
import type { Batch, LogReader } from './ports.ts'
import { UnreadableBatchError } from './unreadable-batch.ts'

const events = { GROUP_JOIN: 'join', REBALANCING: 'rebalancing', FETCH: 'fetch', CRASH: 'crash' }

/** A consumer that does what the test says, as kafkajs would call its handlers. */
function fakeConsumer() {
  const listeners = new Map<string, (event: unknown) => void>()
  const seeks: string[] = []
  let config: ConsumerRunConfig = {}
  const consumer = {
    events,
    on: (name: string, listener: (event: unknown) => void) => listeners.set(name, listener),
    connect: () => Promise.resolve(),
    subscribe: vi.fn(() => Promise.resolve()),
    disconnect: () => Promise.resolve(),
    commitOffsets: () => Promise.resolve(),
    seek: ({ partition, offset }: { partition: number; offset: string }) =>
      seeks.push(`${partition}@${offset}`),
    run: (given: ConsumerRunConfig) => {
      config = given
      return Promise.resolve()
    },
  }
  return {
    consumer,
    seeks,
    config: () => config,
    emit: (name: string, payload: unknown) => listeners.get(name)?.({ payload }),
    join: (...partitions: number[]) =>
      listeners.get('join')?.({ payload: { memberAssignment: { t: partitions } } }),
    client: (): Pick<Kafka, 'consumer'> => ({ consumer: () => consumer as unknown as Consumer }),
  }
}

interface Fetched {
  readonly partition?: number
  readonly fetched: number
  readonly offsets: readonly number[]
  readonly last?: number
  readonly high?: number
}

function payloadOf({ partition = 0, fetched, offsets, last, high = 1_000 }: Fetched) {
  const resolved: string[] = []
  const heartbeat = vi.fn(() => Promise.resolve())
  const payload = {
    batch: {
      topic: 't',
      partition,
      fetchedOffset: String(fetched),
      highWatermark: String(high),
      messages: offsets.map((offset) => ({
        offset: String(offset),
        timestamp: '1',
        key: null,
        value: null,
      })),
      lastOffset: () => String(last ?? offsets.at(-1)),
    },
    heartbeat,
    resolveOffset: (offset: string) => resolved.push(offset),
    isStale: () => false,
  }
  return { payload: payload as unknown as EachBatchPayload, resolved, heartbeat }
}

const rebalancing = () =>
  Object.assign(new Error('rebalance'), {
    name: 'KafkaJSProtocolError',
    type: 'REBALANCE_IN_PROGRESS',
  })

describe('the Kafka reader', () => {
  let fake: ReturnType<typeof fakeConsumer>
  let reader: LogReader
  let positions: Map<string, number>
  let batches: Batch[]
  let crashes: Error[]
  let revoked: number
  let onBatch: (batch: Batch) => Promise<void>
  let bounds: { low: number; high: number }

  beforeEach(async () => {
    fake = fakeConsumer()
    positions = new Map([['t:0', 10]])
    batches = []
    crashes = []
    revoked = 0
    bounds = { low: 0, high: 1_000 }
    onBatch = () => Promise.resolve()
    reader = createKafkaReader({
      client: fake.client,
      admin: {
        bounds: () => Promise.resolve([bounds, bounds]),
        startOf: (_, partitions) =>
          Promise.resolve(new Map(partitions.map((p) => [`t:${p.partition}`, 0]))),
      },
      groupId: 'g',
      topics: ['t'],
      drainMs: 50,
      stallMs: 30_000,
      onLog: () => undefined,
    })
    await reader.start({
      onAssigned: () => Promise.resolve(positions),
      onRevoked: () => {
        revoked += 1
      },
      onBatch: (batch) => {
        batches.push(batch)
        return onBatch(batch)
      },
      onCrash: (error) => void crashes.push(error),
    })
  })
  afterEach(() => reader.stop())

  const give = (payload: EachBatchPayload): Promise<void> =>
    fake.config().eachBatch?.(payload) ?? Promise.resolve()
  const offsets = () => batches.map((b) => b.records.map((r) => r.offset))
  const joined = async (...partitions: number[]) => {
    fake.join(...partitions)
    await new Promise((resolve) => setImmediate(resolve))
  }

  it('leaves nothing to kafkajs: no auto commit, no auto resolve, from the beginning', () => {
    expect(fake.config()).toMatchObject({ autoCommit: false, eachBatchAutoResolve: false })
    expect(fake.consumer.subscribe).toHaveBeenCalledWith({ topics: ['t'], fromBeginning: true })
  })

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

  it('steps over what is no record for it only when a second fetch from there shows the same', async () => {
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

  it('returns to kafkajs at once when a heartbeat fails, though the handler still holds', async () => {
    await joined(0)
    let release = (): void => undefined
    onBatch = () =>
      new Promise((resolve) => {
        release = resolve
      })
    const { payload, heartbeat, resolved } = payloadOf({ fetched: 10, offsets: [10] })
    heartbeat.mockRejectedValue(rebalancing())
    await expect(give(payload)).rejects.toThrow('rebalance')
    expect(resolved).toEqual([])
    release()
  })

  it('does not call the handler again for a partition while it holds one, also after a rebalance', async () => {
    await joined(0)
    let release = (): void => undefined
    onBatch = () =>
      new Promise((resolve) => {
        release = resolve
      })
    const first = payloadOf({ fetched: 10, offsets: [10] })
    first.heartbeat.mockRejectedValue(rebalancing())
    await expect(give(first.payload)).rejects.toThrow('rebalance')
    positions.set('t:0', 11)
    await joined(0)
    const second = payloadOf({ fetched: 11, offsets: [11] })
    const given = give(second.payload)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(offsets()).toEqual([[10]])
    onBatch = () => Promise.resolve()
    release()
    await given
    expect(offsets()).toEqual([[10], [11]])
    expect(second.resolved).toEqual(['11'])
  })

  it('heartbeats while the handler holds', async () => {
    await joined(0)
    onBatch = () => new Promise((resolve) => setTimeout(resolve, 500))
    const { payload, heartbeat } = payloadOf({ fetched: 10, offsets: [10] })
    await give(payload)
    expect(heartbeat.mock.calls.length).toBeGreaterThanOrEqual(2)
  })

  it('hands over at most 1,000 records at once', async () => {
    await joined(0)
    const many = Array.from({ length: 2_500 }, (_, i) => 10 + i)
    const { payload, resolved } = payloadOf({ fetched: 10, offsets: many, high: 9_999 })
    await give(payload)
    expect(batches.map((b) => b.records.length)).toEqual([1_000, 1_000, 500])
    expect(resolved).toEqual(['1009', '2009', '2509'])
  })

  it('lets no error but kafkajs own leave its handler', async () => {
    await joined(0)
    onBatch = () => Promise.reject(new TypeError('of a handler'))
    await give(payloadOf({ fetched: 10, offsets: [10] }).payload)
    const broken = payloadOf({ fetched: 10, offsets: [10] }).payload
    onBatch = () => Promise.resolve()
    broken.resolveOffset = () => {
      throw new TypeError('of kafkajs after a rebalance')
    }
    await give(broken)
    expect(crashes).toEqual([])
  })

  it('refuses an offset beyond 2^53 by ending', async () => {
    await joined(0)
    const { payload } = payloadOf({ fetched: 10, offsets: [10] })
    ;(payload.batch.messages[0] as { offset: string }).offset = '9007199254740993'
    await give(payload)
    expect(crashes[0]?.message).toContain('9007199254740993')
    expect(batches).toEqual([])
  })

  it('reports a crash that kafkajs will not restart, once, and revokes', async () => {
    await joined(0)
    fake.emit('crash', { error: new Error('for a while'), restart: true })
    expect(crashes).toEqual([])
    expect(revoked).toBe(1)
    await joined(0)
    fake.emit('crash', { error: new Error('for good'), restart: false })
    fake.emit('crash', { error: new Error('again'), restart: false })
    expect(crashes.map((e) => e.message)).toEqual(['for good'])
    expect(revoked).toBe(2)
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

  it('ends where the log ends before the awaited offset', async () => {
    bounds = { low: 0, high: 4 }
    await joined(0)
    await give(payloadOf({ fetched: 0, offsets: [0, 1], high: 4 }).payload)
    expect(crashes[0]?.message).toMatch(/t:0 ends at 4, before the awaited offset 10/)
  })

  it('stops within its time though a handler holds, and resolves when that ends', async () => {
    await joined(0)
    let release = (): void => undefined
    onBatch = () =>
      new Promise((resolve) => {
        release = resolve
      })
    const given = give(payloadOf({ fetched: 10, offsets: [10] }).payload)
    await new Promise((resolve) => setImmediate(resolve))
    let stopped = false
    const stop = reader.stop().then(() => {
      stopped = true
    })
    await vi.waitFor(() => expect(revoked).toBe(1))
    await given
    expect(stopped).toBe(false)
    release()
    await stop
  })
})
