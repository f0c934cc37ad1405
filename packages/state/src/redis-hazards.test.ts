import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type RedisConnection, redisConnection } from './redis-connection.ts'
import { type ScriptedRedis, scriptedRedis } from './testing/scripted-redis.ts'

/**
 * What ioredis does by default when an answer stays out. Here Redis is a script, since only its own count
 * tells whether a command was executed twice or late; `redis-faults.int.test.ts` has a real one.
 */
let redis: ScriptedRedis
let connection: RedisConnection

vi.setConfig({ testTimeout: 30_000 })

const kinds = ['redis', 'redis+cluster'] as const
const deadlineMs = 200
const ownDeadline = expect.stringContaining(`timed out after ${deadlineMs} ms`)
/** Within which a client connects again, on a machine with much to do. */
const againMs = 10_000

beforeEach(async () => {
  redis = await scriptedRedis()
})
afterEach(async () => {
  redis.mute(false)
  await connection.close()
  await redis.close()
})

async function connect(kind: (typeof kinds)[number], withinMs = deadlineMs): Promise<void> {
  const url = `${kind}://127.0.0.1:${redis.port}`
  connection = redisConnection({ url, deadlineMs: withinMs, onFault: () => undefined })
  await vi.waitFor(async () => expect(await increment()).toBeGreaterThan(0), againMs)
}

const increment = (): Promise<number> =>
  connection.run('increment', true, () => connection.client.incr('n'))

/** Waits until calls are answered again, and answers with how many were executed before the one that was. */
async function executedBefore(): Promise<number> {
  let before = 0
  await vi.waitFor(async () => {
    before = redis.executed.length
    await increment()
  }, againMs)
  return before
}

describe('hazard: commands wait in a queue while Redis is away', () => {
  it.each(kinds)(
    '%s: each is refused in time, and none is executed when Redis is back',
    async (kind) => {
      await connect(kind)
      const before = redis.executed.length
      redis.mute(true)
      redis.cut()
      // It connects again and gets no further than the handshake.
      await vi.waitFor(() => expect(connection.client.status).not.toBe('ready'), againMs)
      const began = performance.now()
      for (let n = 0; n < 20; n++) {
        await expect(increment()).rejects.toMatchObject({ transient: true })
      }
      expect(performance.now() - began).toBeLessThan(deadlineMs * 10)
      redis.mute(false)
      expect(await executedBefore()).toBe(before)
    },
  )
})

describe('hazard: an unanswered command is sent again', () => {
  it.each(kinds)('%s: its outcome is unknown, and it was executed once', async (kind) => {
    await connect(kind, 5_000)
    const before = redis.executed.length
    redis.mute(true)
    const outcome = increment().then(
      () => 'answered',
      (error: unknown) => error,
    )
    await vi.waitFor(() => expect(redis.executed).toHaveLength(before + 1), againMs)
    redis.mute(false)
    redis.cut()
    expect(await outcome).toMatchObject({ code: 'redis_unreachable', unknown: true })
    // Longer than any client waits before it repeats.
    await sleep(500)
    expect(await executedBefore()).toBe(before + 1)
  })
})

describe('hazard: a call has no deadline of its own', () => {
  it.each(kinds)('%s: one that is not answered ends in time, also the first', async (kind) => {
    await connect(kind)
    redis.mute(true)
    // Its own deadline, well before that of the command.
    const inTime = { code: 'redis_unreachable', unknown: true, message: ownDeadline }
    await expect(increment()).rejects.toMatchObject(inTime)
    await connection.close()
    connection = redisConnection({ url: `${kind}://127.0.0.1:${redis.port}`, deadlineMs })
    await expect(increment()).rejects.toMatchObject(inTime)
  })

  it.each(kinds)(
    '%s: and its connection is replaced, with whatever answer may still come',
    async (kind) => {
      await connect(kind)
      const before = redis.connections()
      redis.mute(true)
      await expect(increment()).rejects.toMatchObject({ code: 'redis_unreachable' })
      redis.mute(false)
      // Soon: the timeout of the socket would do it 1.3 s from here.
      await vi.waitFor(() => expect(redis.connections()).toBeGreaterThan(before), 1_000)
    },
  )
})

describe('hazard: a half-open connection looks alive for ever', () => {
  it('a command on it ends, and the socket is replaced', async () => {
    await connect('redis', 60_000)
    const before = redis.connections()
    redis.mute(true)
    // Not through `run`, whose own deadline would end both.
    await expect(connection.client.incr('n')).rejects.toThrow('Command timed out')
    redis.mute(false)
    await vi.waitFor(() => expect(redis.connections()).toBeGreaterThan(before), againMs)
  })

  it.each(kinds)('the bounds are set on every connection of %s', async (kind) => {
    await connect(kind)
    const bounds = {
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: 1_000,
      socketTimeout: 1_500,
      enableAutoPipelining: false,
    }
    expect(connection.masters()).toHaveLength(1)
    for (const node of connection.masters()) expect(node.options).toMatchObject(bounds)
  })
})

it('hazard: the old master comes back as a replica on the same connection', async () => {
  await connect('redis')
  const before = redis.connections()
  redis.refuse('incr', "READONLY You can't write against a read only replica.")
  await expect(increment()).rejects.toMatchObject({ code: 'redis_readonly', transient: true })
  await vi.waitFor(() => expect(redis.connections()).toBeGreaterThan(before), againMs)
})

describe('hazard: a cluster that a redirect catches while it disconnects never connects again', () => {
  interface Pool {
    findOrCreate(node: { host: string; port: number }): unknown
  }

  it('is connected anew when it hangs', async () => {
    await connect('redis+cluster')
    const cluster = connection.client as unknown as { readonly connectionPool: Pool }
    connection.client.disconnect(true)
    // As a MOVED does whose command was sent before.
    cluster.connectionPool.findOrCreate({ host: '127.0.0.1', port: redis.port + 1 })
    await sleep(300)
    expect(connection.client.status).toBe('disconnecting')
    await vi.waitFor(async () => expect(await increment()).toBeGreaterThan(0), againMs)
  })
})
