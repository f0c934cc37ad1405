import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createKafkaReader } from './kafka-reader.ts'
import type { Batch, LogReader } from './ports.ts'
import { fakeConsumer, payloadOf, rebalancing } from './testing/fake-consumer.ts'

/**
 * The reader on a consumer that calls it as kafkajs would: when a rebalance, a failed heartbeat or a crash
 * comes is for the test to say, which a broker does not let it. `kafka-hazards.int.test.ts` has what one
 * broker can show.
 */
let fake: ReturnType<typeof fakeConsumer>
let reader: LogReader
let batches: Batch[]
let crashes: Error[]
let revoked: number
let onBatch: (batch: Batch) => Promise<void>
let bounds: { low: number; high: number }
let release: () => void

const stallMs = 60
vi.setConfig({ testTimeout: 30_000 })

beforeEach(() => {
  fake = fakeConsumer()
  batches = []
  crashes = []
  revoked = 0
  bounds = { low: 0, high: 10 }
  onBatch = () => Promise.resolve()
})
afterEach(async () => {
  release?.()
  await reader.stop()
})

async function start(positions = new Map([['t:0', 10]]), onLog = () => {}): Promise<void> {
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
    stallMs,
    onLog,
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
}

const offsets = () => batches.map((b) => b.records.map((r) => r.offset))
/** From now on a handler holds its batch until `release`. */
const holdBatches = (): void => {
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  onBatch = () => held
}

it('hazard: kafkajs commits, resolves, creates topics and skips to the end by itself', async () => {
  await start()
  expect(fake.config()).toMatchObject({ autoCommit: false, eachBatchAutoResolve: false })
  expect(fake.consumer.subscribe).toHaveBeenCalledWith({ topics: ['t'], fromBeginning: true })
  expect(fake.made()).toMatchObject({ groupId: 'g', allowAutoTopicCreation: false })
})

describe('hazard: an exception in a handler stops the consumer for good', () => {
  it.each([TypeError, SyntaxError, RangeError, ReferenceError, Error])(
    '%o never reaches kafkajs, and the batch comes again',
    async (Fault) => {
      await start()
      await fake.joined(0)
      onBatch = () => Promise.reject(new Fault('of a handler'))
      const { payload, resolved } = payloadOf({ fetched: 10, offsets: [10] })
      await fake.give(payload)
      expect(resolved).toEqual([])
      expect(fake.seeks).toEqual(['0@10', '0@10'])
      expect(crashes).toEqual([])
    },
  )

  it('nor does one of the code around it', async () => {
    await start()
    await fake.joined(0)
    const { payload } = payloadOf({ fetched: 10, offsets: [10] })
    payload.isStale = () => {
      throw new ReferenceError('around the handler')
    }
    await fake.give(payload)
    expect(crashes).toEqual([])
  })
})

describe('hazard: resolveOffset throws a TypeError after a rebalance', () => {
  it('it is not called for a partition that was lost while the handler ran', async () => {
    await start()
    await fake.joined(0, 1)
    holdBatches()
    const { payload, resolved } = payloadOf({ fetched: 10, offsets: [10] })
    const given = fake.give(payload)
    await vi.waitFor(() => expect(batches).toHaveLength(1))
    await fake.joined(1)
    release()
    await given
    expect(resolved).toEqual([])
  })

  it('and where it throws all the same, the consumer lives', async () => {
    await start()
    await fake.joined(0)
    const { payload } = payloadOf({ fetched: 10, offsets: [10] })
    payload.resolveOffset = () => {
      throw new TypeError("Cannot read properties of undefined (reading '0')")
    }
    await fake.give(payload)
    expect(crashes).toEqual([])
  })
})

it('hazard: a consumer crashes without a restart while the process lives on', async () => {
  await start()
  await fake.joined(0)
  fake.emit('crash', { error: new Error('for a while'), restart: true })
  expect(crashes).toEqual([])
  expect(revoked).toBe(1)
  await fake.joined(0)
  fake.emit('crash', { error: new Error('for good'), restart: false })
  fake.emit('crash', { error: new Error('again'), restart: false })
  expect(crashes.map((e) => e.message)).toEqual(['for good'])
  expect(revoked).toBe(2)
})

describe('hazard: a rejoin while a handler runs', () => {
  it('the next batch of that partition waits for the handler, whose result is not resolved', async () => {
    const positions = new Map([['t:0', 10]])
    await start(positions)
    await fake.joined(0)
    holdBatches()
    const first = payloadOf({ fetched: 10, offsets: [10] })
    first.heartbeat.mockRejectedValue(rebalancing())
    await expect(fake.give(first.payload)).rejects.toThrow('rebalance')
    positions.set('t:0', 11)
    await fake.joined(0)
    onBatch = () => Promise.resolve()
    const second = payloadOf({ fetched: 11, offsets: [11] })
    const given = fake.give(second.payload)
    await sleep(30)
    expect(offsets()).toEqual([[10]])
    release()
    await given
    expect(offsets()).toEqual([[10], [11]])
    expect(first.resolved).toEqual([])
    expect(second.resolved).toEqual(['11'])
  })

  it('the end of the older handler does not move the position of the new assignment', async () => {
    await start()
    await fake.joined(0)
    holdBatches()
    const given = fake.give(payloadOf({ fetched: 10, offsets: [10, 11] }).payload)
    await vi.waitFor(() => expect(batches).toHaveLength(1))
    await fake.joined(0)
    onBatch = () => Promise.resolve()
    release()
    await given
    await fake.give(payloadOf({ fetched: 10, offsets: [10, 11] }).payload)
    expect(offsets()).toEqual([
      [10, 11],
      [10, 11],
    ])
  })
})

it('hazard: a commit for a partition that was lost is accepted', async () => {
  await start()
  await fake.joined(0, 1)
  await reader.commit({ topic: 't', partition: 0 }, 11)
  expect(fake.consumer.commitOffsets).toHaveBeenCalledTimes(1)
  await fake.joined(1)
  await reader.commit({ topic: 't', partition: 0 }, 12)
  expect(fake.consumer.commitOffsets).toHaveBeenCalledTimes(1)
})

it('hazard: a rebalance waits for the slowest handler', async () => {
  await start()
  await fake.joined(0)
  holdBatches()
  const { payload, heartbeat, resolved } = payloadOf({ fetched: 10, offsets: [10] })
  heartbeat.mockRejectedValue(rebalancing())
  await expect(fake.give(payload)).rejects.toThrow('rebalance')
  expect(resolved).toEqual([])
})

describe('hazard: a long batch outlives its session', () => {
  it('a handler is given at most 1,000 records, with a heartbeat after each part', async () => {
    await start()
    await fake.joined(0)
    const many = Array.from({ length: 2_500 }, (_, i) => 10 + i)
    const { payload, resolved, heartbeat } = payloadOf({ fetched: 10, offsets: many, high: 9_999 })
    await fake.give(payload)
    expect(batches.map((b) => b.records.length)).toEqual([1_000, 1_000, 500])
    expect(resolved).toEqual(['1009', '2009', '2509'])
    expect(heartbeat).toHaveBeenCalledTimes(3)
  })

  it('heartbeats go on while the handler holds', async () => {
    await start()
    await fake.joined(0)
    holdBatches()
    const { payload, heartbeat } = payloadOf({ fetched: 10, offsets: [10] })
    const given = fake.give(payload)
    await vi.waitFor(() => expect(heartbeat.mock.calls.length).toBeGreaterThanOrEqual(2), 10_000)
    release()
    await given
  })
})

describe('hazard: a consumer lives but reads no more', () => {
  it('it is reported as dead where the broker has more and nothing comes', async () => {
    bounds = { low: 0, high: 1_000 }
    await start()
    await fake.joined(0)
    await vi.waitFor(() => expect(crashes).toHaveLength(1), 10_000)
    expect(crashes[0]).toMatchObject({ code: 'reader_stalled' })
    expect(crashes[0]?.message).toContain('t:0 stands at 10 of 1000')
  })

  it('it is reported as dead where it never joins its group though Kafka answers', async () => {
    await start()
    await vi.waitFor(() => expect(crashes).toHaveLength(1), 10_000)
    expect(crashes[0]?.message).toContain('not joined')
  })

  it('it is left alone where it has read everything', async () => {
    await start()
    await fake.joined(0)
    await sleep(6 * stallMs)
    expect(crashes).toEqual([])
  })
})

it('hazard: a pause outlives the rebalance that should end it', async () => {
  await start()
  await fake.joined(0)
  holdBatches()
  const { payload, heartbeat } = payloadOf({ fetched: 10, offsets: [10] })
  const given = fake.give(payload)
  await sleep(300)
  release()
  await given
  await fake.joined(0)
  await fake.give(payloadOf({ fetched: 10, offsets: [10] }).payload)
  expect(heartbeat).toHaveBeenCalled()
  expect(batches).toHaveLength(2)
  expect(fake.consumer.pause).not.toHaveBeenCalled()
})

describe('hazard: an offset out of range is reset in silence', () => {
  it('past the end of the log the reader ends', async () => {
    bounds = { low: 0, high: 4 }
    await start()
    await fake.joined(0)
    await fake.give(payloadOf({ fetched: 0, offsets: [0, 1], high: 4 }).payload)
    expect(crashes[0]).toMatchObject({ code: 'log_truncated' })
    expect(crashes[0]?.message).toMatch(/t:0 ends at 4, before the awaited offset 10/)
    expect(batches).toEqual([])
  })

  it('before the start of the log it goes on at the lowest offset, and says so', async () => {
    bounds = { low: 14, high: 20 }
    const onLog = vi.fn()
    await start(undefined, onLog)
    await fake.joined(0)
    await fake.give(payloadOf({ fetched: 14, offsets: [14, 15], high: 20 }).payload)
    expect(offsets()).toEqual([[14, 15]])
    const lost = { topic: 't', partition: 0, position: 10, low: 14 }
    expect(onLog).toHaveBeenCalledWith('error', 'records are no longer in the log', lost)
  })
})

it('hazard: a blocked consumer never leaves its group', async () => {
  await start()
  await fake.joined(0)
  holdBatches()
  const given = fake.give(payloadOf({ fetched: 10, offsets: [10] }).payload)
  await vi.waitFor(() => expect(batches).toHaveLength(1))
  let stopped = false
  const stop = reader.stop().then(() => {
    stopped = true
  })
  // It leaves, with the handler still running; only then does it wait for that.
  await vi.waitFor(() => expect(fake.consumer.disconnect).toHaveBeenCalled())
  await given
  expect(revoked).toBe(1)
  expect(stopped).toBe(false)
  release()
  await stop
})
