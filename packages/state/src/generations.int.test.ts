import { randomInt } from 'node:crypto'
import { emptyMeta } from '@holdpoint/risk'
import { Redis } from 'ioredis'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { formats0, formatsAfter0, olderRelease } from '../fixtures/format-0.ts'
import { type Carried, redisGenerations } from './generations.ts'
import type { Commit } from './ports.ts'
import { redisStore } from './redis-store.ts'
import { redisSessionIndex } from './session-index.ts'
import { hashed, profileOf, sessionOf } from './store.contract.ts'

const url = process.env['HOLDPOINT_REDIS_URL']
if (url === undefined) throw new Error('HOLDPOINT_REDIS_URL must name a Redis for these tests')

const admin = new Redis(url)
const from = randomInt(1_000_000, 2 ** 40)
const to = from + 1
const generations = redisGenerations({ url, formats: formatsAfter0 })
const before = redisStore({ url, generation: from, formats: formatsAfter0 })
const after = redisStore({ url, generation: to, formats: formatsAfter0 })
const oldIndex = redisSessionIndex({ url, generation: from, hashKey: 'k'.repeat(32) })
const newIndex = redisSessionIndex({ url, generation: to, hashKey: 'k'.repeat(32) })
const progress = () => undefined

const keysOf = async (generation: number): Promise<string[]> =>
  (await admin.keys(`*hp:${generation}:*`)).sort()
async function clear(): Promise<void> {
  const keys = [...(await keysOf(from)), ...(await keysOf(to))]
  if (keys.length > 0) await admin.del(...keys)
}

const meta = (generation: number, partition: number, appliedOffset: number) => ({
  ...emptyMeta(generation, partition),
  appliedOffset,
  lastTick: 9,
  origins: { 'session.ip:0': 3 },
  control: { applied: ['o-1'], observeAllSince: 0, observed: [{ tenant: 'acme', since: 7 }] },
  loads: [],
})
const commit = (partition: number, changes: Partial<Commit> = {}): Commit => ({
  expected: '',
  next: `c${partition}`,
  meta: meta(from, partition, 900),
  rebuildUntil: 0,
  profiles: [[hashed(`p${partition}`), profileOf('alice', 3)]],
  sessions: [[hashed(`s${partition}`), sessionOf('s-1', 700)]],
  stories: [],
  timers: [[hashed(`p${partition}`), 5]],
  outbox: [
    { offset: 900, index: 0, topic: 't', partition: 0, key: null, value: null, headers: {} },
  ],
  acknowledged: null,
  ...changes,
})
const carried = (partition: number, commitId = `c${partition}`): Carried => ({
  commitId,
  meta: meta(to, partition, 41),
  rebuildUntil: 50,
})
const wanted = (partition: number) => ({
  profiles: [hashed(`p${partition}`)],
  sessions: [hashed(`s${partition}`)],
})

beforeEach(async () => {
  await clear()
  for (const partition of [0, 1]) await before.commit(partition, commit(partition))
})
afterAll(async () => {
  await clear()
  await Promise.all([generations, before, after, oldIndex, newIndex].map((part) => part.close()))
  await admin.quit()
})

describe('carried to a new generation', () => {
  it('every partition holds what it held, at the position that was asked for, with an empty outbox', async () => {
    const old = await keysOf(from)
    const copied = await generations.carry(from, to, [carried(0), carried(1)], progress)
    expect(copied).toBe(6)
    for (const partition of [0, 1]) {
      const { commitId, ...opened } = await after.open(partition)
      expect(opened).toEqual({ meta: meta(to, partition, 41), rebuildUntil: 50, outbox: [] })
      const loaded = await after.load(partition, wanted(partition))
      expect(loaded.commitId).toBe(commitId)
      expect(loaded.profiles).toEqual((await before.load(partition, wanted(partition))).profiles)
      expect(loaded.sessions.get(hashed(`s${partition}`))).toEqual(sessionOf('s-1', 700))
      expect((await after.due(partition, 5, 9)).subjects).toEqual([hashed(`p${partition}`)])
      const first = commit(partition, { expected: commitId, meta: meta(to, partition, 42) })
      const outbox = [{ ...first.outbox[0]!, offset: 42 }]
      expect(await after.commit(partition, { ...first, outbox })).toBe('committed')
    }
    expect(await keysOf(from)).toEqual(old)
    expect((await before.open(0)).outbox).toHaveLength(1)
  })

  it('a state lives on for what was left of its life, and so does the session index', async () => {
    const key = `:0}:x:${hashed('s0')}`
    await admin.pexpire(`{hp:${from}${key}`, 60_000)
    await oldIndex.put('acme', 's-1', { id: 'alice', kind: 'human', iss: '' })
    const indexKey = (await keysOf(from)).find((name) => name.startsWith('hp:'))!
    await admin.pexpire(indexKey, 90_000)
    await generations.carry(from, to, [carried(0), carried(1)], progress)
    const lives = [`{hp:${to}${key}`, indexKey.replace(`hp:${from}`, `hp:${to}`)]
    for (const [i, most] of [60_000, 90_000].entries()) {
      const life = await admin.pttl(lives[i]!)
      expect(life).toBeGreaterThan(most - 20_000)
      expect(life).toBeLessThanOrEqual(most)
    }
    expect(await admin.pttl(`{hp:${to}:0}:t`)).toBe(-1)
    expect(await newIndex.get('acme', 's-1')).toEqual({ id: 'alice', kind: 'human', iss: '' })
  })

  it('states of the previous format are written forward', async () => {
    const older = olderRelease(redisStore({ url, generation: from, formats: formats0 }))
    await clear()
    await older.commit(0, commit(0))
    await older.close()
    const name = (generation: number) => `{hp:${generation}:0}:x:${hashed('s0')}`
    expect((await admin.getBuffer(name(from)))![0]).toBe(0)
    await generations.carry(from, to, [carried(0)], progress)
    expect((await admin.getBuffer(name(to)))![0]).toBe(1)
    const shipped = redisStore({ url, generation: to })
    expect((await shipped.load(0, wanted(0))).sessions).toEqual(
      new Map([[hashed('s0'), sessionOf('s-1', 700)]]),
    )
    await shipped.close()
  })

  it('a partition without a position is left out, with all it holds', async () => {
    await admin.del(`{hp:${from}:1}:m`)
    expect(await generations.carry(from, to, [carried(0)], progress)).toBe(3)
    expect((await keysOf(to)).every((key) => key.startsWith(`{hp:${to}:0}:`))).toBe(true)
  })
})

describe('until it is carried whole', () => {
  it('an engine of the new generation finds a state of the old one, and so it stops', async () => {
    let opened: ReturnType<typeof after.open> | undefined
    await generations.carry(from, to, [carried(0), carried(1)], () => {
      opened ??= after.open(1)
    })
    expect((await opened)?.meta?.generation).toBe(from)
    expect((await after.open(1)).meta?.generation).toBe(to)
  })

  it('a commit to the old generation ends it, and nothing of it is left', async () => {
    await oldIndex.put('acme', 's-1', { id: 'alice', kind: 'human', iss: '' })
    const changed = [carried(0), carried(1, 'another')]
    await expect(generations.carry(from, to, changed, progress)).rejects.toMatchObject({
      code: 'generation_changed',
      message: expect.stringContaining('stop all engines'),
    })
    expect(await keysOf(to)).toEqual([])
  })

  it('a state that cannot be read ends it, and nothing of it is left', async () => {
    await admin.set(`{hp:${from}:1}:s:${hashed('p1')}`, '\x07newer')
    const both = [carried(0), carried(1)]
    await expect(generations.carry(from, to, both, progress)).rejects.toMatchObject({
      code: 'state_too_new',
    })
    expect(await keysOf(to)).toEqual([])
  })

  it('it can be begun again, and what the first attempt left is gone', async () => {
    await generations.carry(from, to, [carried(0), carried(1)], progress)
    await admin.del(`{hp:${from}:0}:x:${hashed('s0')}`)
    await generations.carry(from, to, [carried(0), carried(1)], progress)
    expect((await after.load(0, wanted(0))).sessions.size).toBe(0)
    expect((await after.load(1, wanted(1))).sessions.size).toBe(1)
  })
})

it('tells what was carried whole, and where an engine has gone on', async () => {
  const of = async () =>
    (await generations.holdings(to, 3)).map(({ generation, untouched }) => [generation, untouched])
  let midway: ReturnType<typeof of> | undefined
  await generations.carry(from, to, [carried(0), carried(1)], () => {
    midway ??= of()
  })
  expect(await midway).toEqual([
    [from, true],
    [from, true],
    [null, false],
  ])
  const { commitId } = await after.open(1)
  await after.commit(1, commit(1, { expected: commitId, meta: meta(to, 1, 42), outbox: [] }))
  expect(await of()).toEqual([
    [to, true],
    [to, false],
    [null, false],
  ])
})

it('a generation that an engine has committed to is never written over', async () => {
  await generations.carry(from, to, [carried(0), carried(1)], progress)
  const { commitId } = await after.open(1)
  await after.commit(1, commit(1, { expected: commitId, meta: meta(to, 1, 42), outbox: [] }))
  const before = await keysOf(to)
  await expect(
    generations.carry(from, to, [carried(0), carried(1)], progress),
  ).rejects.toMatchObject({
    code: 'generation_in_use',
    message: expect.stringContaining(`${to + 1}`),
  })
  expect(await keysOf(to)).toEqual(before)
})

it('removes the generations that are named, and no other key', async () => {
  const foreign = [`app{hp:${from}:0}:m`, `hp:${from}`, `hp:${from}:other`]
  for (const key of foreign) await admin.set(key, 'x', 'EX', 60)
  await generations.carry(from, to, [carried(0), carried(1)], progress)
  const kept = await keysOf(to)
  expect(await generations.remove((generation) => generation === from, progress)).toBe(10)
  expect(await keysOf(to)).toEqual(kept)
  const left = await admin.exists(...foreign)
  await admin.del(...foreign)
  expect(left).toBe(3)
  expect(await keysOf(from)).toEqual([])
})
