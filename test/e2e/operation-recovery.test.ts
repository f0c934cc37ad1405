/** What the death of one of two engines costs. */
import { topics } from '@holdpoint/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectedDecisions, type Load, steadyLoad } from './operation-log.ts'
import { openScene, type Scene } from './operation-scene.ts'
import { type Running, until } from './operation-services.ts'
import { unique } from './platform.ts'
import { rawEvents } from './population.ts'

const boundMs = 20_000
const mark = unique('recovery')

let scene: Scene
let load: Load
let engines: [Running, Running]

const ready = (service: Running) => until('the service is ready', () => service.ready(), 40_000)

async function lag(): Promise<number> {
  const [highs, positions] = [await scene.platform.highs(), await scene.platform.positions()]
  return highs.reduce((sum, high, at) => sum + Math.max(0, high - (positions[at] ?? 0)), 0)
}

beforeAll(async () => {
  scene = await openScene()
  engines = [scene.engine(0), scene.engine(1)]
  await Promise.all([...engines, scene.ingest()].map(ready))
  const events = rawEvents({ seed: 11, mark, people: 300, count: 1_000_000 })
  load = steadyLoad(scene.producer, events, 400)
  await until('work is under way', () => load.sent() > 1_500)
}, 180_000)
afterAll(async () => {
  await load?.stop()
  await scene?.close()
})

describe('after kill -9 of one of two engines', () => {
  it.each([0, 1] as const)(
    'the other and its successor have no lag within 20 s (engine %i)',
    async (which) => {
      const begun = performance.now()
      await engines[which].kill()
      engines[which] = scene.engine(which)
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      const behind = await lag()
      // Its partitions are nobody's until its session has passed: the kill hurt.
      expect(behind).toBeGreaterThan(0)
      await scene.caughtUp(60_000)
      const ms = Math.round(performance.now() - begun)
      console.info(`no lag ${ms} ms after the kill of engine ${which} (${behind} behind after 2 s)`)
      expect(ms).toBeLessThan(boundMs)
      await Promise.all(engines.map(ready))
    },
    90_000,
  )

  it('nothing is lost and nothing is decided otherwise', async () => {
    await load.stop()
    await until('all is logged', async () => (await scene.logged()).size >= load.sent())
    await scene.caughtUp(20_000)
    await until('the outbox is empty', async () => (await scene.platform.outbox()) === 0)
    const expected = expectedDecisions(await scene.platform.read(topics.internal), scene.catalogue)
    expect(expected.length).toBeGreaterThan(20)
    expect([...new Set(await scene.published())]).toEqual(expected)
  }, 90_000)
})
