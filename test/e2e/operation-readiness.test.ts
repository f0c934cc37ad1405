/** The probes tell the truth: an orchestrator that believes them neither routes to the deaf nor restarts the patient. */
import { topics } from '@holdpoint/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openScene, type Scene } from './operation-scene.ts'
import { type Running, until } from './operation-services.ts'
import { unique } from './platform.ts'
import { rawEvents } from './population.ts'

let scene: Scene
let engine: Running
let ingest: Running

beforeAll(async () => {
  scene = await openScene()
}, 120_000)
afterAll(() => scene?.close())

type Probe = 'livez' | 'readyz' | 'startupz'

/** Status of each probe; 0 while nobody listens. */
async function statuses(service: Running): Promise<Readonly<Record<Probe, number>>> {
  const ask = (probe: Probe) =>
    service.probe(probe).then(
      ({ status }) => status,
      () => 0,
    )
  const [livez, readyz, startupz] = await Promise.all([
    ask('livez'),
    ask('readyz'),
    ask('startupz'),
  ])
  return { livez, readyz, startupz }
}

const shows = (service: Running, expected: Readonly<Record<Probe, number>>, withinMs = 20_000) =>
  until(
    JSON.stringify(expected),
    async () => JSON.stringify(await statuses(service)) === JSON.stringify(expected),
    withinMs,
  )

/** Names of the ready checks that fail. */
async function failing(service: Running): Promise<readonly string[]> {
  const { checks } = await service.probe('readyz')
  return Object.entries(checks).flatMap(([name, { ok }]) => (ok ? [] : [name]))
}

const starting = { livez: 200, readyz: 503, startupz: 503 }
const unready = { livez: 200, readyz: 503, startupz: 200 }
const ready = { livez: 200, readyz: 200, startupz: 200 }

describe('an engine', () => {
  it('that has not joined asks for patience, and names what is missing', async () => {
    scene.redis.pause()
    engine = scene.engine()
    await shows(engine, starting)
    await until('Redis is named', async () =>
      /Redis/.test((await engine.probe('startupz')).checks['group']?.detail ?? ''),
    )
    scene.redis.resume()
    await shows(engine, ready)
  })

  it('is not ready while Redis hangs, stays alive, and is ready again by itself', async () => {
    scene.redis.pause()
    await shows(engine, unready)
    expect(await failing(engine)).toContain('store')
    scene.redis.resume()
    await shows(engine, ready)
  })

  it('is not ready while Kafka hangs, stays alive, and is ready again by itself', async () => {
    scene.kafka.pause()
    await shows(engine, unready, 30_000)
    expect(await failing(engine)).toContain('log')
    // Longer than a session and a stall: patience must not turn into a restart.
    await new Promise((resolve) => setTimeout(resolve, 12_000))
    expect(await statuses(engine)).toEqual(unready)
    scene.kafka.resume()
    await shows(engine, ready, 40_000)
  }, 120_000)
})

describe('ingest', () => {
  it('that has not reached the log asks for patience', async () => {
    scene.kafka.pause()
    ingest = scene.ingest()
    await shows(ingest, starting)
    scene.kafka.resume()
    await shows(ingest, ready, 40_000)
  }, 90_000)

  it('is not ready while its index hangs, stays alive, and is ready again by itself', async () => {
    scene.redis.pause()
    await shows(ingest, unready)
    expect(await failing(ingest)).toEqual(['index'])
    scene.redis.resume()
    await shows(ingest, ready)
  })

  it('is not ready while Kafka hangs, stays alive, and is ready again by itself', async () => {
    scene.kafka.pause()
    await shows(ingest, unready, 30_000)
    expect(await failing(ingest)).toEqual(['log'])
    await new Promise((resolve) => setTimeout(resolve, 12_000))
    expect(await statuses(ingest)).toEqual(unready)
    scene.kafka.resume()
    await shows(ingest, ready, 40_000)
    await shows(engine, ready, 40_000)
  }, 120_000)
})

describe('a stopped partition', () => {
  it('makes its engine not ready by name and code, and not dead', async () => {
    const events = [...rawEvents({ seed: 2, mark: unique('probe'), people: 200, count: 400 })]
    const messages = events.map((event) => ({
      key: event.subject.id,
      value: JSON.stringify(event),
    }))
    await scene.producer.send({ topic: topics.any, messages: messages.slice(0, 200) })
    await until('all is logged', async () => (await scene.logged()).size >= 200)
    await scene.caughtUp(20_000)
    engine.signal('SIGTERM')
    await engine.ended
    // What nobody has folded yet is taken out of the log: proven loss.
    await scene.producer.send({ topic: topics.any, messages: messages.slice(200) })
    await until('all is logged', async () => (await scene.logged()).size >= 400)
    const admin = scene.platform.kafka.admin()
    await admin.connect()
    const [first] = (await admin.fetchTopicOffsets(topics.internal)).filter(
      ({ partition }) => partition === 0,
    )
    await admin.deleteTopicRecords({
      topic: topics.internal,
      partitions: [{ partition: 0, offset: first?.high ?? '' }],
    })
    await admin.disconnect()
    engine = scene.engine()
    await until('the partition is named', async () => {
      const checks = await engine.probe('readyz').then(
        (answer) => answer.checks,
        () => null,
      )
      return checks?.['partitions']?.detail?.includes('partition 0 is stopped, log_gap') ?? false
    })
    expect(await statuses(engine)).toEqual(unready)
    expect(await failing(engine)).toEqual(['partitions'])
    expect(await engine.metric('holdpoint_engine_partition_stopped')).toBe(1)
  }, 120_000)
})
