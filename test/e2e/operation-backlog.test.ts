/**
 * A day's backlog costs time, not memory. `HOLDPOINT_BACKLOG_EVENTS=1000000 npx vitest run --project int
 * test/e2e/operation-backlog.test.ts` takes a larger one; the figures are printed.
 */
import { encodeLogRecord, type SchemaCatalogue, topics } from '@holdpoint/contracts'
import type { Message } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventOf, partitionOfPerson } from '../load/records.mjs'
import { openScene, type Scene } from './operation-scene.ts'
import { peakMiB, type Running, until } from './operation-services.ts'
import { unique } from './platform.ts'
import { rawEvents } from './population.ts'

const events = Number(process.env['HOLDPOINT_BACKLOG_EVENTS'] ?? 200_000)
/** Everybody is new to the caches several times over, and none is seldom. */
const people = Math.min(100_000, Math.ceil(events / 4))
const peakMaxMiB = 400
const queuedMax = 20_000
const run = unique('backlog')

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
}, 120_000)
afterAll(() => scene?.close())

/** Records of the internal log in the order in which they came, everybody's login first. */
function* internalRecords(catalogue: SchemaCatalogue): Generator<Message & { partition: number }> {
  for (let number = 0; number < events; number += 1) {
    const person = (number * 7_919) % people
    const does = number < people ? 'login' : 'read'
    const event = eventOf({ run, number, person, t: Date.now(), does })
    yield {
      partition: partitionOfPerson(run, person),
      key: null,
      value: encodeLogRecord({ kind: 'event', event, origin: null }, catalogue),
    }
  }
}

function* rawRecords(): Generator<Message> {
  for (const event of rawEvents({ seed: 1, mark: run, people, count: events })) {
    yield { key: event.subject.id, value: JSON.stringify(event) }
  }
}

async function append(topic: string, messages: Iterable<Message>): Promise<void> {
  let part: Message[] = []
  const send = async () => {
    await scene.producer.send({ topic, messages: part })
    part = []
  }
  for (const message of messages) {
    part.push(message)
    if (part.length === 2_000) await send()
  }
  if (part.length > 0) await send()
}

/** Looks at a service until it has taken all; answers with the most that it had of each. */
async function watched(service: Running, taken: () => Promise<number>, count: number) {
  const begun = performance.now()
  let queued = 0
  await until(
    `${count} records are taken`,
    async () => {
      const now = await service.metric('holdpoint_engine_queued_records').catch(() => 0)
      queued = Math.max(queued, Number.isNaN(now) ? 0 : now)
      return (await taken()) >= count
    },
    120_000 + 2 * count,
    500,
  )
  const seconds = (performance.now() - begun) / 1000
  return { peak: Math.round(peakMiB(service)), queued, seconds }
}

const total = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0)

/** By the store: a counter misses what was committed although its answer was lost. */
const folded = async () => total(await scene.platform.positions())

/** Records of the raw topic that ingest needs no more. */
async function ingested(): Promise<number> {
  const admin = scene.platform.kafka.admin()
  await admin.connect()
  const groupId = 'holdpoint-ingest'
  // The first question may find Kafka still opening its groups.
  const offsets = await admin.fetchOffsets({ groupId, topics: [topics.any] }).catch(() => [])
  await admin.disconnect()
  return total((offsets[0]?.partitions ?? []).map(({ offset }) => Math.max(0, Number(offset))))
}

describe(`a backlog of ${events} records of ${people} people`, () => {
  it('in the internal log takes the engine no more than 400 MiB', async () => {
    await append(topics.internal, internalRecords(scene.catalogue))
    const engine = scene.engine()
    const { peak, queued, seconds } = await watched(engine, folded, events)
    console.info(`engine: ${events} in ${seconds.toFixed(1)} s, ${peak} MiB, ${queued} queued`)
    expect(peak).toBeLessThan(peakMaxMiB)
    // One more batch for each partition may be in the hand of the reader.
    expect(queued).toBeLessThanOrEqual(queuedMax + 24 * 1_000)
    await engine.kill()
  }, 1_200_000)

  it('in a raw topic takes ingest no more than 400 MiB', async () => {
    await append(topics.any, rawRecords())
    const ingest = scene.ingest()
    const { peak, seconds } = await watched(ingest, ingested, events)
    console.info(`ingest: ${events} in ${seconds.toFixed(1)} s, ${peak} MiB`)
    expect(peak).toBeLessThan(peakMaxMiB)
    await ingest.kill()
  }, 1_200_000)
})
