import { encodeRaw, localCatalogue, topics } from '@holdpoint/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { badInput } from '../test/bad-input.ts'
import { type Kit, logRecord, now, rawEvent, startKit, wireEvent } from '../test/kit.ts'
import { recordedClock } from './clock.ts'

let kit: Kit
afterEach(() => kit.stop())

const json = (over: Record<string, unknown> = {}): string => JSON.stringify(wireEvent(over))
const avro = (over: Parameters<typeof rawEvent>[0] = {}): Buffer =>
  encodeRaw(localCatalogue(), topics.any, rawEvent(over))

const committed = async (topic: string): Promise<number | undefined> => {
  let position: number | undefined
  const reader = kit.log.reader({ groupId: 'holdpoint-ingest', topics: [topic] })
  await kit.ingest.stop()
  await reader.start({
    onAssigned: async () => new Map(),
    onRevoked: () => undefined,
    onBatch: async ({ records }) => {
      position ??= records[0]?.offset
    },
    onCrash: () => undefined,
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  await reader.stop()
  return position
}

/** Bytes that no JSON producer can send. */
const badBytes = [
  {
    name: 'a null value',
    value: null,
    code: 'null_value',
    message: 'expected an event: a record without value is none',
  },
  {
    name: 'Avro without the magic byte',
    value: avro().subarray(5),
    code: 'no_magic_byte',
    message:
      'expected Avro in the Confluent wire format (a zero byte, then the schema id): write it with a registry serializer',
  },
  {
    name: 'an unknown schema id',
    value: Buffer.concat([Buffer.from([0, 0, 0, 0, 99]), avro().subarray(5)]),
    code: 'schema_unknown',
    message: 'the registry has no schema with id 99: register it, then send again',
  },
  {
    name: 'Avro cut short',
    value: avro().subarray(0, 20),
    code: 'not_avro',
    message: 'the record does not fit its schema: a text is longer than the record',
  },
]

describe('raw topics', () => {
  it.each(badBytes)('send $name to the dead-letter topic byte for byte, and go on', async (bad) => {
    kit = await startKit()
    await kit.produce(topics.any, bad.value, avro({ id: 'after' }))
    const [letter] = await kit.records(`${topics.any}.dlq`, 1)
    expect(letter?.value).toEqual(bad.value)
    expect(letter?.key).toEqual(Buffer.from('k'))
    expect(String(letter?.headers['holdpoint.error.code'])).toBe(bad.code)
    expect(String(letter?.headers['holdpoint.error.message'])).toBe(bad.message)
    expect((await kit.events(1)).map(({ id }) => id)).toEqual(['after'])
  })

  it.each(badInput)('send $name to the dead-letter topic, with the message', async (bad) => {
    kit = await startKit()
    await kit.produce(topics.any, bad.text, json({ id: 'after' }))
    const [letter] = await kit.records(`${topics.any}.dlq`, 1)
    expect(letter?.value).toEqual(Buffer.from(bad.text))
    const headers = Object.fromEntries(
      Object.entries(letter?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    )
    expect(headers).toMatchObject({
      'holdpoint.error.topic': topics.any,
      'holdpoint.error.partition': '0',
      'holdpoint.error.offset': '0',
      'holdpoint.error.code': bad.code,
      'holdpoint.error.attempts': '1',
    })
    const place = bad.path === '' ? '' : `${bad.path}: `
    expect(headers['holdpoint.error.message']).toBe(`${place}${bad.byKafka ?? bad.message}`)
    expect((await kit.events(1)).map(({ id }) => id)).toEqual(['after'])
  })

  it('keep the headers of a dead letter, whatever bytes they hold', async () => {
    kit = await startKit()
    const writer = await kit.log.writer()
    const raw = Buffer.from([0xff, 0x00, 0xfe])
    const headers = { traceparent: '00-ab-cd-01', raw, twice: ['a', raw] }
    await writer.append(topics.login, [{ partition: 0, key: null, value: null, headers }])
    const [letter] = await kit.records(`${topics.login}.dlq`, 1)
    expect(letter?.headers['raw']).toEqual(raw)
    expect([letter?.headers['twice']].flat().map((one) => Buffer.from(one ?? ''))).toEqual([
      Buffer.from('a'),
      raw,
    ])
    expect(String(letter?.headers['traceparent'])).toBe(headers.traceparent)
    expect(letter?.key).toBeNull()
  })

  it.each([65 * 1024 + 1, 900_000, 1_040_000, 8 * 1024 * 1024])(
    'send a poison record of %i bytes to the dead-letter topic byte for byte, and go on',
    async (bytes) => {
      kit = await startKit({ rawConfig: { 'max.message.bytes': String(9 * 1024 * 1024) } })
      const value = Buffer.alloc(bytes, 'x')
      await kit.produce(topics.any, 'small', value, avro({ id: 'after' }))
      const [small, large] = await kit.records(`${topics.any}.dlq`, 2)
      expect(small?.value).toEqual(Buffer.from('small'))
      expect(large?.value?.equals(value)).toBe(true)
      expect(String(large?.headers['holdpoint.error.code'])).toBe('too_large')
      expect(large?.headers['holdpoint.error.truncated']).toBeUndefined()
      expect((await kit.events(1)).map(({ id }) => id)).toEqual(['after'])
    },
  )

  it('go on past a record that the dead-letter topic does not take whole', async () => {
    kit = await startKit()
    const dlq = `${topics.any}.dlq`
    await (await kit.log.admin()).configure(dlq, { 'max.message.bytes': '2000' })
    const writer = await kit.log.writer()
    const key = Buffer.from('a key')
    const poison = (value: string, header: string) => ({
      partition: 0,
      key,
      value: Buffer.from(value),
      headers: { header },
    })
    await writer.append(topics.any, [
      poison('whole', 'h'),
      poison('v'.repeat(2_000), 'h'),
      poison('no JSON', 'h'.repeat(2_000)),
      { partition: 0, key: null, value: avro({ id: 'after' }) },
    ])
    const [whole, withoutValue, bare] = await kit.records(dlq, 3)
    const textOf = (letter: typeof bare, name: string) => {
      const value = letter?.headers[name]
      return value === undefined ? undefined : String(value)
    }
    expect(whole).toMatchObject({ key, value: Buffer.from('whole') })
    expect(textOf(whole, 'holdpoint.error.truncated')).toBeUndefined()
    expect(withoutValue).toMatchObject({ key, value: null })
    expect(textOf(withoutValue, 'header')).toBe('h')
    expect(textOf(withoutValue, 'holdpoint.error.truncated')).toBe('value')
    expect(textOf(withoutValue, 'holdpoint.error.size')).toBe('2000')
    expect(textOf(withoutValue, 'holdpoint.error.offset')).toBe('1')
    expect(bare).toMatchObject({ key: null, value: null })
    expect(textOf(bare, 'header')).toBeUndefined()
    expect(textOf(bare, 'holdpoint.error.truncated')).toBe('key,value,headers')
    expect(textOf(bare, 'holdpoint.error.size')).toBe('7')
    expect(textOf(bare, 'holdpoint.error.code')).toBe('no_magic_byte')
    expect((await kit.events(1)).map(({ id }) => id)).toEqual(['after'])
  })

  it('hand a trace on with the event, and nothing else by its name', async () => {
    kit = await startKit({ partitions: 1 })
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const writer = await kit.log.writer()
    const headers = [{ traceparent }, { traceparent: 'x'.repeat(100) }, {}]
    await writer.append(
      topics.any,
      headers.map((one, n) => ({
        partition: 0,
        key: null,
        value: avro({ id: `e-${n}` }),
        headers: one,
      })),
    )
    const records = await kit.records(topics.internal, 3)
    expect(records.map((record) => Object.entries(record.headers))).toEqual([
      [['traceparent', Buffer.from(traceparent)]],
      [],
      [],
    ])
  })

  it('count what is read, accepted and refused', async () => {
    kit = await startKit({ delaysMs: [10_000] })
    const orphan = avro({ id: 'orphan', subject: undefined, sessionId: 's-9' })
    await kit.produce(topics.any, 'no JSON', avro(), orphan)
    await kit.events(1)
    const source = { source: 'kafka' }
    expect(await kit.metric('holdpoint_ingest_received_events_total', source)).toBe(3)
    expect(await kit.metric('holdpoint_ingest_accepted_events_total', source)).toBe(1)
    expect(await kit.metric('holdpoint_ingest_refused_events_total', source)).toBe(1)
    expect(await kit.metric('holdpoint_ingest_waiting_events')).toBe(1)
    await kit.ingest.stop()
    expect(await kit.metric('holdpoint_ingest_waiting_events')).toBe(0)
  })

  it('keep their order per subject, and stamp each event with its origin', async () => {
    kit = await startKit()
    const values = Array.from({ length: 300 }, (_, n) =>
      avro({ id: `e-${n}`, subject: { id: `u-${n % 7}`, kind: 'human' }, sessionId: `s-${n % 7}` }),
    )
    await kit.produce(topics.any, ...values)
    await kit.events(300)
    const last = new Map<string, number>()
    for (const { value } of await kit.records(topics.internal, 300)) {
      const record = logRecord(value)
      if (record.kind !== 'event') continue
      expect(record.origin).toMatchObject({ topic: topics.any, partition: 0 })
      const offset = record.origin?.offset ?? -1
      expect(record.event.id).toBe(`e-${offset}`)
      expect(offset).toBeGreaterThan(last.get(record.event.subject.id) ?? -1)
      last.set(record.event.subject.id, offset)
    }
    expect(last.size).toBe(7)
  })

  it.each(['lost', 'unheard'] as const)(
    'stop at an append that is %s and resume with nothing skipped or reordered',
    async (how) => {
      kit = await startKit({ partitions: 1 })
      kit.faults.failures.push({ topic: topics.internal, how }, { topic: topics.internal, how })
      await kit.produce(topics.any, ...[0, 1, 2].map((n) => avro({ id: `e-${n}` })))
      await kit.events(3)
      await kit.produce(topics.any, avro({ id: 'e-3' }))
      const expected = ['e-0', 'e-1', 'e-2']
      const repeats = how === 'unheard' ? [...expected, ...expected] : []
      const all = [...repeats, ...expected, 'e-3']
      expect((await kit.events(all.length)).map(({ id }) => id)).toEqual(all)
    },
  )

  it('never move past a dead letter that was not acknowledged', async () => {
    kit = await startKit()
    const dlq = `${topics.any}.dlq`
    kit.faults.failures.push({ topic: dlq, how: 'lost' })
    await kit.produce(topics.any, 'not json', avro())
    expect(await kit.records(dlq, 1)).toHaveLength(1)
    await kit.events(1)
    expect(kit.faults.attempts.map(({ topic }) => topic)).toEqual([dlq, dlq, topics.internal])
  })
})

describe('sessions', () => {
  it('are indexed before their login is in the log', async () => {
    kit = await startKit()
    const put = kit.index.put.bind(kit.index)
    let appendedAtPut = -1
    kit.index.put = async (...args) => {
      appendedAtPut = kit.faults.attempts.length
      await put(...args)
    }
    await kit.produce(topics.any, avro({ type: 'login' }))
    await kit.events(1)
    expect(appendedAtPut).toBe(0)
    expect(await kit.index.get('default', 's-1')).toEqual({ id: 'alice', kind: 'human', iss: '' })
  })

  it('give an event without a subject its own, whose origin is left out', async () => {
    kit = await startKit({ partitions: 1 })
    await kit.produce(
      topics.any,
      avro({ id: 'l', type: 'login' }),
      avro({ id: 'x', subject: undefined }),
    )
    await kit.events(2)
    const records = (await kit.records(topics.internal, 2)).map(({ value }) => logRecord(value))
    expect(
      records.map((r) => r.kind === 'event' && [r.event.subject.id, r.origin?.offset]),
    ).toEqual([
      ['alice', 0],
      ['alice', undefined],
    ])
  })

  it('key an event that claims another subject to the one that logged in', async () => {
    kit = await startKit()
    await kit.produce(
      topics.any,
      avro({ id: 'l', type: 'login' }),
      avro({ id: 'x', subject: { id: 'mallory', kind: 'human' } }),
    )
    const claimed = (await kit.events(2)).find(({ id }) => id === 'x')
    expect(claimed).toMatchObject({ claimedSubject: true, subject: { id: 'alice' } })
  })

  it('are not given to whoever fails to log in', async () => {
    kit = await startKit()
    await kit.produce(topics.any, avro({ type: 'login', outcome: 'failure' }))
    await kit.events(1)
    expect(await kit.index.get('default', 's-1')).toBeNull()
  })

  it('are waited for, while others go on, and the raw position waits with them', async () => {
    kit = await startKit({ delaysMs: [60, 10_000, 10_000] })
    await kit.produce(
      topics.any,
      avro({ id: 'orphan', subject: undefined, sessionId: 's-9' }),
      avro({ id: 'next' }),
    )
    expect((await kit.events(1)).map(({ id }) => id)).toEqual(['next'])
    await kit.produce(
      topics.login,
      encodeRaw(
        localCatalogue(),
        topics.login,
        rawEvent({
          id: 'l',
          type: 'login',
          sessionId: 's-9',
          subject: { id: 'bob', kind: 'human' },
        }),
      ),
    )
    const events = await kit.events(3)
    expect(events.find(({ id }) => id === 'orphan')?.subject.id).toBe('bob')
  })

  it('hold the raw position at the oldest event that waits', async () => {
    kit = await startKit({ delaysMs: [10_000, 10_000, 10_000] })
    await kit.produce(
      topics.any,
      avro({ id: 'a' }),
      avro({ id: 'orphan', subject: undefined, sessionId: 's-9' }),
      avro({ id: 'b' }),
    )
    await kit.events(2)
    expect(await committed(topics.any)).toBe(1)
  })

  it('that stay unknown end in the dead-letter topic after the last attempt', async () => {
    kit = await startKit({ delaysMs: [5, 5, 5] })
    await kit.produce(topics.any, avro({ subject: undefined, sessionId: 's-9' }))
    const [letter] = await kit.records(`${topics.any}.dlq`, 1)
    expect(String(letter?.headers['holdpoint.error.code'])).toBe('unknown_session')
    expect(String(letter?.headers['holdpoint.error.attempts'])).toBe('4')
  })

  it('make the partition wait when the room is full, and lose nothing', async () => {
    kit = await startKit({ roomSize: 2, delaysMs: [20, 20, 20] })
    const orphans = [1, 2, 3, 4, 5].map((n) =>
      avro({ id: `o-${n}`, subject: undefined, sessionId: 's-9' }),
    )
    await kit.produce(topics.any, ...orphans, avro({ id: 'after' }))
    expect(await kit.records(`${topics.any}.dlq`, 5)).toHaveLength(5)
    expect((await kit.events(1)).map(({ id }) => id)).toEqual(['after'])
    // The last event got its turn only when places had become free.
    expect(kit.faults.attempts.map(({ topic }) => topic).indexOf(topics.internal)).toBeGreaterThan(
      0,
    )
  })
})

describe('a stop while the room is full', () => {
  it('leaves the event that finds no place to the next owner', async () => {
    kit = await startKit({ roomSize: 1, delaysMs: [10_000] })
    const orphan = (id: string) => json({ id, subject: undefined, sessionId: 's-9' })
    await kit.produce(topics.any, json({ id: 'first' }), orphan('takes the place'))
    await kit.events(1)
    await kit.produce(topics.action, json({ id: 'second' }), orphan('finds none'))
    await kit.events(2)
    expect(await committed(topics.action)).toBe(0)
  })
})

describe('ticks', () => {
  it('come by the recorded clock before an event a minute past the last, to every partition', async () => {
    kit = await startKit({ clock: recordedClock(), partitions: 2 })
    const minute = 60_000
    const at = [0, 59_999, minute, minute + 1].map((after) => now + after)
    await kit.produce(topics.any, ...at.map((occurredAt, n) => avro({ id: `e-${n}`, occurredAt })))
    await kit.events(4)
    const records = (await kit.records(topics.internal, 8)).map(({ value }) => logRecord(value))
    const ticks = records.flatMap((record) => (record.kind === 'tick' ? [record.t] : []))
    expect(ticks.toSorted()).toEqual([now, now, now + minute, now + minute])
    const received = (await kit.events(4)).map((event) => event.receivedAt)
    expect(received).toEqual(at)
  })

  it('come by the wall clock to every partition', async () => {
    kit = await startKit({ partitions: 3, config: { tickMs: 20 } })
    const records = await kit.records(topics.internal, 3)
    expect(records.slice(0, 3).map(({ value }) => logRecord(value))).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'tick', t: now })),
    )
  })
})

describe('health', () => {
  it('is ready when it has joined, and says what is missing before', async () => {
    kit = await startKit()
    expect(await kit.ingest.checks.ready['log']?.()).toEqual({ ok: true })
    expect(await kit.ingest.checks.ready['reader']?.()).toMatchObject({ ok: true })
  })

  it('is ready where others of the group have all partitions', async () => {
    kit = await startKit()
    const spare = await startKit({ log: kit.log })
    expect(await spare.ingest.checks.ready['reader']?.()).toEqual({
      ok: true,
      detail: '0 raw partitions',
    })
    await spare.ingest.stop()
  })
})
