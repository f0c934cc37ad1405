import { randomInt } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Commit, StateStore } from './ports.ts'
import { recentCountsContract } from './recent-counts.contract.ts'
import { redisRecentCounts } from './recent-counts.ts'
import { redisStore } from './redis-store.ts'
import { sessionIndexContract } from './session-index.contract.ts'
import { redisSessionIndex } from './session-index.ts'
import { hashed, profileOf, sessionOf, storeContract } from './store.contract.ts'

const url = process.env['HOLDPOINT_REDIS_URL']
if (url === undefined) throw new Error('HOLDPOINT_REDIS_URL must name a Redis for these tests')

const admin = new Redis(url)
const newGeneration = (): number => randomInt(1_000_000, 2 ** 40)

const keysOf = (generation: number): Promise<string[]> => admin.keys(`*hp:${generation}:*`)

async function remove(generation: number): Promise<void> {
  const keys = await keysOf(generation)
  if (keys.length > 0) await admin.del(...keys)
}

type Dump = readonly (readonly [key: string, bytes: Buffer])[]

async function dumpOf(generation: number, partition: number): Promise<Dump> {
  const keys = await admin.keys(`{hp:${generation}:${partition}}:*`)
  return Promise.all(
    keys.map(async (key) => [key, (await admin.dumpBuffer(key)) as Buffer] as const),
  )
}

async function restore(generation: number, partition: number, dump: Dump): Promise<void> {
  const keys = await admin.keys(`{hp:${generation}:${partition}}:*`)
  if (keys.length > 0) await admin.del(...keys)
  for (const [key, bytes] of dump) await admin.restore(key, 0, bytes)
}

afterAll(() => admin.quit())

describe('the Redis store', () => {
  storeContract(async () => {
    const generation = newGeneration()
    const mine = redisStore({ url, generation })
    const theirs = redisStore({ url, generation })
    const marks: Dump[] = []
    const others: StateStore[] = []
    return {
      generation,
      mine,
      theirs,
      as(formats) {
        const other = redisStore({ url, generation, formats })
        others.push(other)
        return other
      },
      async mark(partition) {
        marks.push(await dumpOf(generation, partition))
      },
      rollback: (partition, k) => restore(generation, partition, marks[marks.length - k]!),
      wipe: () => remove(generation),
      async close() {
        await Promise.all([mine, theirs, ...others].map((store) => store.close()))
        await remove(generation)
      },
    }
  })
})

describe('the Redis session index', () => {
  const generation = newGeneration()
  const index = redisSessionIndex({ url, generation, hashKey: 'k'.repeat(32) })
  afterAll(async () => {
    await index.close()
    await remove(generation)
  })
  sessionIndexContract(async () => index)

  it('I13: its keys tell nobody who is watched, and end 9 days after their last use', async () => {
    await index.put('acme', 'secret-session', { id: 'alice', kind: 'human', iss: '' })
    const keys = await keysOf(generation)
    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys) {
      expect(key).toMatch(/^hp:\d+:ix:[A-Za-z0-9_-]{22}$/)
      expect(await admin.ttl(key)).toBe(9 * 86_400)
      await admin.expire(key, 60)
    }
    await index.get('acme', 'secret-session')
    const lives = await Promise.all(keys.map((key) => admin.ttl(key)))
    expect(lives.filter((seconds) => seconds > 60)).toEqual([9 * 86_400])
  })
})

describe('the Redis recent counts', () => {
  const generation = newGeneration()
  const counts = redisRecentCounts({ url, generation })
  afterAll(async () => {
    await counts.close()
    await remove(generation)
  })
  recentCountsContract(async () => counts)

  it('I11: a key goes when nothing was seen under it for two windows', async () => {
    const key = hashed('goes')
    await counts.count([{ key, member: 'a', at: 1_795_341_600_000, windowMs: 60_000 }])
    const left = await admin.pttl(`hp:${generation}:rc:${key}`)
    expect(left).toBeGreaterThan(60_000)
    expect(left).toBeLessThanOrEqual(120_000)
  })
})

describe('what is kept in Redis', () => {
  const generation = newGeneration()
  const store = redisStore({ url, generation })
  const tag = `{hp:${generation}:0}`
  const commit: Commit = {
    expected: '',
    next: 'a',
    meta: {
      generation,
      partition: 0,
      appliedOffset: 4,
      lastTick: 9,
      origins: { 'session.ip:0': 3 },
      control: { applied: ['o-1'], observeAllSince: 0, observed: [{ tenant: 'acme', since: 7 }] },
      loads: [],
    },
    rebuildUntil: 0,
    profiles: [
      [hashed('known'), profileOf('known', 3)],
      [hashed('passer-by'), profileOf('passer-by', 0)],
      [hashed('robot'), { ...profileOf('robot', 0), kind: 'workload' }],
    ],
    sessions: [[hashed('s-1'), sessionOf('s-1', 0)]],
    stories: [],
    timers: [[hashed('known'), 5]],
    outbox: [
      {
        offset: 4,
        index: 0,
        topic: 't',
        partition: 0,
        key: Buffer.from('k'),
        value: Buffer.from('v'),
        headers: {},
      },
    ],
    acknowledged: null,
  }
  beforeEach(async () => {
    await remove(generation)
    await store.commit(0, commit)
  })
  afterAll(async () => {
    await store.close()
    await remove(generation)
  })

  it('stands under the one hash tag of its partition', async () => {
    const keys = await keysOf(generation)
    expect(keys).toHaveLength(7)
    for (const key of keys) expect(key.startsWith(`${tag}:`)).toBe(true)
  })

  it('ends with its life and the retention of the log, but for the partition itself', async () => {
    const day = 86_400
    const lives = await Promise.all(
      [
        `s:${hashed('known')}`,
        `s:${hashed('passer-by')}`,
        `s:${hashed('robot')}`,
        `x:${hashed('s-1')}`,
        'm',
        'out',
        't',
      ].map((key) => admin.ttl(`${tag}:${key}`)),
    )
    expect(lives).toEqual([97 * day, 7 * day + 3_600, 9 * day, 9 * day, -1, -1, -1])
  })

  it('is refused where a newer release wrote it', async () => {
    await admin.setrange(`${tag}:x:${hashed('s-1')}`, 0, '\x02')
    await expect(store.load(0, { profiles: [], sessions: [hashed('s-1')] })).rejects.toMatchObject({
      code: 'state_too_new',
    })
    await admin.hset(`${tag}:m`, 'format', 2)
    await expect(store.open(0)).rejects.toMatchObject({ code: 'state_too_new' })
  })

  it('is refused where it is no state of ours', async () => {
    await admin.set(`${tag}:x:${hashed('s-1')}`, '\x01garbage')
    await expect(store.load(0, { profiles: [], sessions: [hashed('s-1')] })).rejects.toMatchObject({
      code: 'state_corrupt',
    })
    await admin.hdel(`${tag}:m`, 'applied')
    await expect(store.open(0)).rejects.toMatchObject({ code: 'state_corrupt' })
  })

  it('is measured for back-pressure', async () => {
    const { usedBytes, maxBytes } = await store.usage()
    expect(usedBytes).toBeGreaterThan(100_000)
    expect(maxBytes).toBeGreaterThanOrEqual(0)
  })

  it('survives a flush of the script cache', async () => {
    await admin.script('FLUSH')
    expect(await store.commit(0, { ...commit, expected: 'a', next: 'b', outbox: [] })).toBe(
      'committed',
    )
  })
})
