/** A Redis that fills up slows everything down and loses nothing. */
import { topics } from '@holdpoint/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisCommand } from '../../infra/stack/redis-command.mjs'
import { expectedDecisions, type Load, steadyLoad } from './operation-log.ts'
import { openScene, type Scene } from './operation-scene.ts'
import { type Running, until } from './operation-services.ts'
import { unique } from './platform.ts'
import { rawEvents } from './population.ts'

const maxBytes = 64 * 1024 * 1024
const mark = unique('full')

let scene: Scene
let engine: Running
let ingest: Running
let load: Load

const redis = (...command: string[]) => {
  const port = Number(new URL(scene.addresses.HOLDPOINT_REDIS_URL).port)
  return redisCommand({ title: 'Redis', port }, ...command)
}

const usedShare = async () => {
  const info = await redis('INFO', 'memory')
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]) / maxBytes
}

let junk = 0
/** Fills Redis with what nobody needs, up to a share of its limit. */
async function fillTo(share: number): Promise<void> {
  while ((await usedShare()) < share) {
    const missing = Math.max(64, Math.floor((share - (await usedShare())) * maxBytes))
    await redis('SETRANGE', `junk:${junk++}`, String(Math.min(missing, 4 << 20)), 'x')
  }
}
const clear = async () => {
  await redis('UNLINK', ...Array.from({ length: junk }, (_, n) => `junk:${n}`))
  junk = 0
}

const lag = () => engine.metric('holdpoint_engine_lag_records')
const store = async () => (await engine.probe('readyz')).checks['store']
const ready = (service: Running) => until('the service is ready', () => service.ready(), 40_000)

beforeAll(async () => {
  scene = await openScene({ redisMaxMemory: String(maxBytes) })
  engine = scene.engine()
  ingest = scene.ingest()
  await Promise.all([engine, ingest].map(ready))
  const events = rawEvents({ seed: 13, mark, people: 300, count: 1_000_000 })
  load = steadyLoad(scene.producer, events, 200)
  await until('everybody has logged in', () => load.sent() > 600)
}, 180_000)
afterAll(async () => {
  await load?.stop()
  await scene?.close()
})

describe('a Redis that fills up', () => {
  it('at 75 % is told of, and folding goes on', async () => {
    await fillTo(0.8)
    await until('it is said', () => /"the store is (7[5-9]|8\d) % full/.test(engine.log()), 15_000)
    expect((await engine.probe('readyz')).status).toBe(200)
    await scene.caughtUp(10_000)
  })

  it('at 92 % makes folding wait: the lag grows, readiness says so, nothing fails', async () => {
    await fillTo(0.94)
    await until('folding waits', async () => (await store())?.ok === false, 15_000)
    expect((await store())?.detail).toMatch(/the store is 9\d % full, folding waits/)
    expect((await engine.probe('livez')).status).toBe(200)
    const before = await lag()
    await until('the lag grows', async () => (await lag()) > before + 500, 15_000)
    expect(await engine.metric('holdpoint_engine_reopens_total')).toBeNaN()
    expect(await engine.metric('holdpoint_engine_partition_stopped')).toBeNaN()
  })

  it('and has room again, lets folding go on by itself', async () => {
    await clear()
    await ready(engine)
    await scene.caughtUp(20_000)
  })

  it('within a moment, before anybody saw it, refuses commits: they are made once it has room', async () => {
    // Its own junk: SETRANGE past the limit is refused as well, so the limit comes down instead.
    await redis('CONFIG', 'SET', 'maxmemory', '1mb')
    await until(
      'commits are refused',
      async () => (await engine.metric('holdpoint_engine_reopens_total')) > 0,
      20_000,
    )
    await until('folding waits', async () => (await store())?.ok === false, 15_000)
    expect((await engine.probe('livez')).status).toBe(200)
    await redis('CONFIG', 'SET', 'maxmemory', String(maxBytes))
    await Promise.all([engine, ingest].map(ready))
    await scene.caughtUp(20_000)
  })

  it('loses nothing and decides nothing otherwise', async () => {
    await load.stop()
    await until('all is logged', async () => (await scene.logged()).size >= load.sent())
    await scene.caughtUp(20_000)
    await until('the outbox is empty', async () => (await scene.platform.outbox()) === 0)
    const expected = expectedDecisions(await scene.platform.read(topics.internal), scene.catalogue)
    expect(expected.length).toBeGreaterThan(20)
    expect([...new Set(await scene.published())]).toEqual(expected)
    for (const service of [engine, ingest]) expect(service.log()).not.toContain('"level":"fatal"')
  }, 90_000)
})
