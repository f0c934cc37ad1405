import { randomInt } from 'node:crypto'
import { type AddressInfo, createServer, type Server, Socket } from 'node:net'
import { emptyMeta } from '@holdpoint/risk'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Commit } from './ports.ts'
import { redisStore } from './redis-store.ts'
import { hashed, profileOf } from './store.contract.ts'

const url = process.env['HOLDPOINT_REDIS_URL']
if (url === undefined) throw new Error('HOLDPOINT_REDIS_URL must name a Redis for these tests')

const admin = new Redis(url)
afterAll(() => admin.quit())

/** A way to Redis that can swallow answers, or be cut. */
async function proxyTo(target: string) {
  const { hostname, port } = new URL(target)
  const pairs = new Set<readonly [Socket, Socket]>()
  let muted = false
  const server: Server = createServer((near) => {
    const far = new Socket().connect(Number(port || 6379), hostname)
    const pair = [near, far] as const
    pairs.add(pair)
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => {
      if (!muted) near.write(bytes)
    })
    for (const socket of pair)
      socket
        .on('error', () => {})
        .on('close', () => {
          for (const each of pair) each.destroy()
          pairs.delete(pair)
        })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
  }
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mute: (on: boolean) => {
      muted = on
    },
    cut,
    async close() {
      server.close()
      cut()
    },
  }
}

describe('when Redis does not answer', () => {
  const deadlineMs = 200
  let generation: number
  let proxy: Awaited<ReturnType<typeof proxyTo>>
  let store: ReturnType<typeof redisStore>

  const commit = (expected: string, next: string): Commit => ({
    expected,
    next,
    meta: { ...emptyMeta(generation, 0), appliedOffset: 0 },
    rebuildUntil: 0,
    profiles: [[hashed('alice'), profileOf('alice', 1)]],
    sessions: [],
    stories: [],
    timers: [],
    outbox: [],
    acknowledged: null,
  })

  beforeEach(async () => {
    generation = randomInt(1_000_000, 2 ** 40)
    proxy = await proxyTo(url)
    store = redisStore({ url: proxy.url, generation, deadlineMs })
    await store.check()
  })
  afterEach(async () => {
    await store.close()
    await proxy.close()
    const keys = await admin.keys(`{hp:${generation}:*`)
    if (keys.length > 0) await admin.del(...keys)
  })

  const recovered = async () => {
    await expect
      .poll(() => store.open(0).then(({ commitId }) => commitId), { timeout: 5_000 })
      .toBeTypeOf('string')
    return (await store.open(0)).commitId
  }

  it('hazard: a commit that timed out may have been applied', async () => {
    await store.commit(0, commit('', 'a'))
    proxy.mute(true)
    const began = performance.now()
    await expect(store.commit(0, commit('a', 'b'))).rejects.toMatchObject({
      code: 'redis_unreachable',
      unknown: true,
      transient: true,
    })
    expect(performance.now() - began).toBeLessThan(deadlineMs * 3)
    // It was applied, and another owner goes on: a repeat would now be seen.
    const other = redisStore({ url, generation })
    expect((await other.open(0)).commitId).toBe('b')
    expect(await other.commit(0, commit('b', 'c'))).toBe('committed')
    proxy.mute(false)
    expect(await recovered()).toBe('c')
    await other.close()
  })

  it('hazard: a cut connection takes the answers of all commits in flight', async () => {
    await store.commit(0, commit('', 'a'))
    proxy.mute(true)
    const inFlight = [store.commit(0, commit('a', 'b')), store.commit(0, commit('b', 'c'))]
    const settled = Promise.allSettled(inFlight)
    await expect.poll(async () => admin.hget(`{hp:${generation}:0}:m`, 'commit')).toBe('c')
    proxy.cut()
    proxy.mute(false)
    for (const outcome of await settled)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { unknown: true } })
    expect(await recovered()).toBe('c')
  })

  it('hazard: calls pile up while Redis is away', async () => {
    await proxy.close()
    await expect.poll(() => store.open(0).then(String, String)).toContain('StateError')
    const began = performance.now()
    const calls = Array.from({ length: 2_000 }, () => store.open(0))
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { transient: true } })
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  it('an address where nobody listens is named in the error', async () => {
    const nobody = redisStore({ url: 'redis://127.0.0.1:1', generation, deadlineMs })
    await expect(nobody.check()).rejects.toMatchObject({
      code: 'redis_unreachable',
      message: expect.stringContaining('127.0.0.1:1'),
    })
    await nobody.close()
  })
})
