/** No decision lost and none made twice, whatever becomes of the engine's process. */
import { encodeDecision, registryCatalogue, topics } from '@holdpoint/contracts'
import { coreFold, refold } from '@holdpoint/engine'
import type { StoredRecord } from '@holdpoint/log'
import { defaultPolicy } from '@holdpoint/risk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  decisionTopics,
  holdpoint,
  plainKafka,
  plainProducer,
  readUntil,
  type Seen,
  startEngine,
  startIngest,
  unique,
} from './platform.ts'
import { rawEvents } from './population.ts'

const events = 20_000
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
async function oracle(): Promise<ReadonlyMap<string, string>> {
  const catalogue = await registryCatalogue({ url: process.env['HOLDPOINT_REGISTRY_URL'] ?? '' })
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
      const { decision, value } = output
      if (!decision.subject.id.endsWith(mark)) continue
      expected.set(decision.decisionId, value.toString('hex'))
    }
  }
  return expected
}

const mine = (seen: readonly Seen[]) => seen.filter(({ key }) => key.endsWith(mark))

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
    const producer = await plainProducer()
    stops.push(() => producer.disconnect())
    const stream = [...rawEvents({ seed: 7, mark, people, count: events })]
    const share = Math.ceil(events / (kills + 1))
    for (let kill = 0; kill <= kills; kill += 1) {
      const engine = await startEngine()
      // The engine dies while it is busy with these.
      for (const part of chunks(stream.slice(kill * share, (kill + 1) * share), 500)) {
        const messages = part.map((event) => ({
          key: event.subject.id,
          value: JSON.stringify(event),
        }))
        await producer.send({ topic: 'session.events', messages })
      }
      if (kill < kills) await engine.kill()
      else stops.push(engine.stop)
    }

    const expected = await oracle()
    expect(expected.size).toBeGreaterThan(300)
    const seen = await readUntil(
      decisionTopics,
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
