import { randomUUID } from 'node:crypto'
import { encodeRaw, localCatalogue, topics } from '@holdpoint/contracts'
import { kafkaLog } from '@holdpoint/log'
import { redisSessionIndex } from '@holdpoint/state'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hashKey, type Kit, logRecord, rawEvent, startKit } from '../test/kit.ts'
import { prefixedLog } from '../test/prefixed-log.ts'

let run: string
let kit: Kit
let index: ReturnType<typeof redisSessionIndex>

const startReal = (): Promise<Kit> =>
  startKit({
    log: prefixedLog(
      kafkaLog({
        brokers: (process.env['HOLDPOINT_KAFKA_BROKERS'] ?? '').split(','),
        clientId: `ingest-test-${run}`,
      }),
      `${run}.`,
    ),
    index,
    rawPartitions: 3,
    partitions: 4,
  })

beforeEach(async () => {
  run = `ingest-${randomUUID().slice(0, 8)}`
  const url = process.env['HOLDPOINT_REDIS_URL'] ?? ''
  // A key of its own for each run keeps its sessions apart from those of others.
  index = redisSessionIndex({ url, generation: 1, hashKey: `${hashKey}${run}` })
  kit = await startReal()
})
afterEach(async () => {
  await kit.stop()
  await index.close()
})

const avro = (over: Parameters<typeof rawEvent>[0]): Buffer =>
  encodeRaw(localCatalogue(), topics.any, rawEvent(over))

describe('on Kafka and Redis', () => {
  it('a poison record reaches the dead-letter topic byte for byte, and its partition moves on', async () => {
    const writer = await kit.log.writer()
    const bytes = Buffer.from([0x00, 0xff, 0x00, 0x80, 0x7b])
    const headers = { traceparent: '00-ab-cd-01', raw: Buffer.from([0xff, 0x00, 0xfe]) }
    await writer.append(topics.any, [
      { partition: 2, key: Buffer.from([0x80, 0x00]), value: bytes, headers },
      { partition: 2, key: null, value: null },
      { partition: 2, key: null, value: avro({ id: 'after' }) },
    ])
    const [poison, tombstone] = await kit.records(`${topics.any}.dlq`, 2)
    expect(poison).toMatchObject({ key: Buffer.from([0x80, 0x00]), value: bytes })
    expect(poison?.headers['raw']).toEqual(headers.raw)
    expect(String(poison?.headers['holdpoint.error.code'])).toBe('schema_unknown')
    expect(String(poison?.headers['holdpoint.error.partition'])).toBe('2')
    expect(String(poison?.headers['holdpoint.error.offset'])).toBe('0')
    expect(tombstone).toMatchObject({ key: null, value: null })
    expect(String(tombstone?.headers['holdpoint.error.code'])).toBe('null_value')
    expect((await kit.events(1)).map(({ id }) => id)).toEqual(['after'])
  })

  it('a poison record as large as a broker takes reaches the dead-letter topic byte for byte', async () => {
    const writer = await kit.log.writer()
    const value = Buffer.alloc(1_040_000, 'x')
    await writer.append(topics.any, [{ partition: 1, key: null, value }])
    await writer.append(topics.any, [{ partition: 1, key: null, value: avro({ id: 'after' }) }])
    const [poison] = await kit.records(`${topics.any}.dlq`, 1)
    expect(poison?.value?.equals(value)).toBe(true)
    expect(String(poison?.headers['holdpoint.error.code'])).toBe('too_large')
    expect((await kit.events(1)).map(({ id }) => id)).toEqual(['after'])
  })

  it('a record that the dead-letter topic does not take whole leaves a letter without its value', async () => {
    const admin = await kit.log.admin()
    await admin.configure(`${topics.any}.dlq`, { 'max.message.bytes': '100000' })
    const writer = await kit.log.writer()
    const key = Buffer.from('a key')
    await writer.append(topics.any, [{ partition: 1, key, value: Buffer.alloc(200_000, 'x') }])
    await writer.append(topics.any, [{ partition: 1, key: null, value: avro({ id: 'after' }) }])
    const [letter] = await kit.records(`${topics.any}.dlq`, 1)
    expect(letter).toMatchObject({ key, value: null })
    expect(String(letter?.headers['holdpoint.error.truncated'])).toBe('value')
    expect(String(letter?.headers['holdpoint.error.size'])).toBe('200000')
    expect((await kit.events(1)).map(({ id }) => id)).toEqual(['after'])
  })

  it('each event carries its origin, in raw order within each partition', async () => {
    const writer = await kit.log.writer()
    const records = Array.from({ length: 300 }, (_, n) => {
      const subject = { id: `u-${n % 10}`, kind: 'human' as const }
      const value = avro({ id: `e-${n}`, subject, sessionId: `s-${n % 10}` })
      return { partition: n % 3, key: null, value }
    })
    await writer.append(topics.any, records)
    await kit.events(300)
    const last = new Map<string, number>()
    for (const { value } of await kit.records(topics.internal, 300)) {
      const record = logRecord(value)
      if (record.kind !== 'event') continue
      const { topic, partition, offset } = record.origin ?? { topic: '', partition: -1, offset: -1 }
      expect(topic).toBe(topics.any)
      expect(record.event.id).toBe(`e-${offset * 3 + partition}`)
      const lane = `${record.event.subject.id} ${partition}`
      expect(offset).toBeGreaterThan(last.get(lane) ?? -1)
      last.set(lane, offset)
    }
    expect(last.size).toBe(30)
  })

  it('a new instance goes on where the last one stopped, and knows its sessions', async () => {
    await kit.produce(topics.any, avro({ id: 'login', type: 'login' }))
    await kit.events(1)
    await kit.stop()
    kit = await startReal()
    await kit.produce(topics.any, avro({ id: 'later', subject: undefined }))
    const events = await kit.events(2)
    expect(events.map(({ id, subject }) => [id, subject.id])).toEqual([
      ['login', 'alice'],
      ['later', 'alice'],
    ])
  })
})
