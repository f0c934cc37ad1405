/** No decision lost and none made twice, whatever becomes of the engine's process. */
import {
  decodeDecision,
  encodeDecision,
  registryCatalogue,
  type SchemaCatalogue,
  topics,
} from '@holdpoint/contracts'
import { coreFold, refold } from '@holdpoint/engine'
import type { StoredRecord } from '@holdpoint/log'
import { defaultPolicy } from '@holdpoint/risk'
import { redisStore } from '@holdpoint/state'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  everyDecisionTopic,
  holdpoint,
  plainKafka,
  plainProducer,
  readUntil,
  type Seen,
  startEngine,
  startIngest,
  unique,
  watch,
} from './platform.ts'
import { rawEvents } from './population.ts'

const events = 36_000
const people = 500
const kills = 5
const mark = unique('kill')

/** Every record of the internal log by partition, until it holds all events of this run. */
async function internalLog(): Promise<ReadonlyMap<number, readonly StoredRecord[]>> {
  const consumer = plainKafka().consumer({ groupId: unique('oracle'), maxWaitTimeInMs: 100 })
  const partitions = new Map<number, StoredRecord[]>()
  let mine = 0
  await consumer.connect()
  await consumer.subscribe({ topic: topics.internal, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${mine} of ${events} in the log`)), 120_000)
    void consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        const records = partitions.get(partition) ?? []
        partitions.set(partition, records)
        records.push({
          offset: Number(message.offset),
          timestamp: Number(message.timestamp),
          key: message.key,
          value: message.value,
          headers: {},
        })
        if (message.key?.toString().endsWith(mark)) mine += 1
        if (mine < events) return
        clearTimeout(timer)
        resolve()
      },
    })
  })
  await consumer.disconnect()
  return partitions
}

/** Folds the internal log without a store: what must have been decided about this run's people. */
async function oracle(catalogue: SchemaCatalogue): Promise<ReadonlyMap<string, string>> {
  const context = {
    fold: coreFold,
    policy: defaultPolicy,
    encode: (decision: Parameters<typeof encodeDecision>[1]) => encodeDecision(catalogue, decision),
  }
  const expected = new Map<string, string>()
  for (const [partition, records] of await internalLog()) {
    const { outputs } = refold(context, { generation: 1, partition }, records, catalogue)
    for (const output of outputs) {
      if (output.kind === 'dead-letter') throw new Error(`a dead letter: ${output.fault.message}`)
      if (output.kind === 'alert') continue
      const { decision, value } = output
      if (!decision.subject.id.endsWith(mark)) continue
      expected.set(decision.decisionId, value.toString('hex'))
    }
  }
  return expected
}

const mine = (seen: readonly Seen[]) => seen.filter(({ key }) => key.endsWith(mark))

/** The number of the event of this run that made for a decision; NaN where that was none. */
function eventNumber({ value }: Seen, catalogue: SchemaCatalogue): number {
  const { eventId } = decodeDecision(catalogue, value).cause
  return eventId.startsWith(`${mark}-`) ? Number(eventId.slice(mark.length + 1)) : Number.NaN
}

/** What the log holds, and what of it the state has: records of the internal log, by partition. */
async function positions() {
  const admin = plainKafka().admin()
  const store = redisStore({ url: process.env['HOLDPOINT_REDIS_URL'] ?? '', generation: 1 })
  await admin.connect()
  return {
    async logged(): Promise<readonly number[]> {
      const offsets = await admin.fetchTopicOffsets(topics.internal)
      return offsets.sort((a, b) => a.partition - b.partition).map(({ high }) => Number(high))
    },
    applied: (partitions: number): Promise<readonly number[]> =>
      Promise.all(
        Array.from({ length: partitions }, async (_, partition) => {
          const { meta } = await store.open(partition)
          return (meta?.appliedOffset ?? -1) + 1
        }),
      ),
    async close() {
      await admin.disconnect()
      await store.close()
    },
  }
}

describe('an engine that is killed five times', () => {
  const stops: (() => Promise<void>)[] = []
  beforeAll(async () => {
    await holdpoint('topics', 'apply')
    stops.push((await startIngest('wall')).stop)
  }, 120_000)
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop()
  })

  it('publishes exactly the decisions of an undisturbed fold, byte for byte', async () => {
    const catalogue = await registryCatalogue({ url: process.env['HOLDPOINT_REGISTRY_URL'] ?? '' })
    const producer = await plainProducer()
    stops.push(() => producer.disconnect())
    const decisions = await watch(everyDecisionTopic)
    stops.push(decisions.stop)
    const place = await positions()
    stops.push(place.close)
    const stream = [...rawEvents({ seed: 7, mark, people, count: events })]
    const share = Math.ceil(events / (kills + 1))
    const produce = async (of: number) => {
      for (const part of chunks(stream.slice(of * share, (of + 1) * share), 500)) {
        const messages = part.map((event) => ({
          key: event.subject.id,
          value: JSON.stringify(event),
        }))
        await producer.send({ topic: 'session.events', messages })
      }
    }
    const unfolded: number[] = []
    for (let kill = 0; kill < kills; kill += 1) {
      // What an engine without state finds in the log is history to it, so the first one starts before its
      // share is there. The others find theirs waiting, and die over it.
      if (kill > 0) await produce(kill)
      const engine = await startEngine()
      stops.push(engine.kill)
      if (kill === 0) await produce(kill)
      await decisions.until(
        (all) => all.slice(-1).some((last) => eventNumber(last, catalogue) >= kill * share),
        60_000,
      )
      const logged = await place.logged()
      await engine.kill()
      const applied = await place.applied(logged.length)
      unfolded.push(logged.reduce((sum, end, at) => sum + Math.max(0, end - (applied[at] ?? 0)), 0))
    }
    await produce(kills)
    const engine = await startEngine()
    stops.push(engine.stop)
    // It was killed over its work, not beside it.
    expect(Math.max(...unfolded), `unfolded at each kill: ${unfolded}`).toBeGreaterThan(0)

    const expected = await oracle(catalogue)
    expect(expected.size).toBeGreaterThan(300)
    const seen = await readUntil(
      everyDecisionTopic,
      (all) => new Set(mine(all).map(({ headers }) => headers['ce_id'])).size >= expected.size,
      60_000,
    )
    const published = new Map<string, Set<string>>()
    for (const { headers, value } of mine(seen)) {
      const id = headers['ce_id'] ?? ''
      published.set(id, (published.get(id) ?? new Set()).add(value.toString('hex')))
    }
    expect([...published.keys()].sort()).toEqual([...expected.keys()].sort())
    for (const [id, bytes] of published) expect([...bytes]).toEqual([expected.get(id)])
  }, 300_000)
})

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, n) => items.slice(n * size, (n + 1) * size))
}
