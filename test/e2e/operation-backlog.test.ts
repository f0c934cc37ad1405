/**
 * A backlog costs time, not memory: one three times as long has about the same peak. By default 100,000
 * records and 300,000; `HOLDPOINT_BACKLOG_EVENTS=1000000 npx vitest run --project int
 * test/e2e/operation-backlog.test.ts` takes that and three times as many. The figures are printed.
 */
import { encodeLogRecord, type SchemaCatalogue, topics } from '@holdpoint/contracts'
import type { Message } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventOf, partitionOfPerson } from '../load/records.mjs'
import { openScene, type Scene } from './operation-scene.ts'
import { peakMiB, type Running, until } from './operation-services.ts'
import { unique } from './platform.ts'
import { rawEvents } from './population.ts'

const least = Number(process.env['HOLDPOINT_BACKLOG_EVENTS'] ?? 100_000)
const sizes = [least, 3 * least] as const
/** As many in both, so that only the length differs; more than the caches hold, and none is seldom. */
const people = 30_000
const peakMaxMiB = 400
/**
 * Of the longer one, times the shorter one's: V8 uses what it was given before it cleans up, and so the
 * engine took 309 and 342 MiB.
 */
const peakGrowthMax = 1.3
const queuedMax = 20_000
const run = unique('backlog')

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
}, 120_000)
afterAll(() => scene?.close())

/** Records of the internal log in the order in which they came, everybody's login first. */
function* internalRecords(
  mark: string,
  count: number,
  catalogue: SchemaCatalogue,
): Generator<Message & { partition: number }> {
  for (let number = 0; number < count; number += 1) {
    const person = (number * 7_919) % people
    const does = number < people ? 'login' : 'read'
    const event = eventOf({ run: mark, number, person, t: Date.now(), does })
    yield {
      partition: partitionOfPerson(mark, person),
      key: null,
      value: encodeLogRecord({ kind: 'event', event, origin: null }, catalogue),
    }
  }
}

function* rawRecords(mark: string, count: number): Generator<Message> {
  for (const event of rawEvents({ seed: 1, mark, people, count })) {
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

interface Watched {
  readonly peak: number
  /** The most that was seen of it; NaN where the metric never was there. */
  readonly queued: number
  readonly seconds: number
}

/** Looks at a service until that many more are taken; answers with the most that it had of each. */
async function watched(
  service: Running,
  taken: () => Promise<number>,
  wanted: number,
): Promise<Watched> {
  const begun = performance.now()
  const seen: number[] = []
  await until(
    `${wanted} records are taken`,
    async () => {
      // Until it listens there is nothing to see.
      seen.push(await service.metric('holdpoint_engine_queued_records').catch(() => Number.NaN))
      return (await taken()) >= wanted
    },
    120_000 + 2 * wanted,
    250,
  )
  const seconds = (performance.now() - begun) / 1000
  const numbers = seen.filter((value) => !Number.isNaN(value))
  const queued = numbers.length === 0 ? Number.NaN : Math.max(...numbers)
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

/** In order, so that the group is free at once for the next. */
async function ended(service: Running): Promise<void> {
  service.signal('SIGTERM')
  await service.ended
}

const tell = (who: string, count: number, { peak, queued, seconds }: Watched) =>
  console.info(
    `${who}: ${count} in ${seconds.toFixed(1)} s, ${peak} MiB${Number.isNaN(queued) ? '' : `, ${queued} queued`}`,
  )

function expectFlat([shorter, longer]: readonly Watched[]): void {
  expect(longer?.peak).toBeLessThan(peakMaxMiB)
  expect(longer?.peak).toBeLessThan((shorter?.peak ?? 0) * peakGrowthMax)
}

describe(`a backlog of ${sizes.join(' or ')} records of ${people} people`, () => {
  it('in the internal log takes the engine no more than 400 MiB, however long it is', async () => {
    const all: Watched[] = []
    for (const count of sizes) {
      const before = await folded()
      await append(topics.internal, internalRecords(`${run}-${count}`, count, scene.catalogue))
      const engine = scene.engine()
      const one = await watched(engine, folded, before + count)
      all.push(one)
      tell('engine', count, one)
      // NaN fails both: an engine that does not tell has not been watched. 0 is fine: it kept up.
      expect(one.queued).toBeGreaterThanOrEqual(0)
      // One more batch for each partition may be in the hand of the reader.
      expect(one.queued).toBeLessThanOrEqual(queuedMax + 24 * 1_000)
      await ended(engine)
    }
    expectFlat(all)
  }, 1_200_000)

  it('in a raw topic takes ingest no more than 400 MiB, however long it is', async () => {
    const all: Watched[] = []
    for (const count of sizes) {
      const before = await ingested()
      await append(topics.any, rawRecords(`${run}-${count}`, count))
      const ingest = scene.ingest()
      const one = await watched(ingest, ingested, before + count)
      all.push(one)
      tell('ingest', count, one)
      await ended(ingest)
    }
    expectFlat(all)
  }, 1_200_000)
})
