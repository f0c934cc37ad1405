import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sampleJson, sampleRawEvent } from '../fixtures/samples.ts'
import { type SchemaCatalogue, WriterSchema } from './catalogue.ts'
import {
  decodeRaw,
  encodeLogRecord,
  encodeRaw,
  localCatalogue,
  RegistryUnavailableError,
  rawTopics,
  topicTable,
} from './index.ts'
import { parseSchema, readSchemaFile } from './schema-files.ts'

const local = localCatalogue()
const good = encodeRaw(local, 'session.action', sampleRawEvent)

/** A catalogue that answers a schema id as told, after a moment. */
const fetching = (fetch: SchemaCatalogue['fetch']): SchemaCatalogue => ({
  writerId: local.writerId.bind(local),
  isCurrent: local.isCurrent.bind(local),
  known: () => undefined,
  fetch,
})

const decode = (value: Buffer | null, topic = 'session.action', catalogue = local) =>
  Promise.resolve(decodeRaw(catalogue, topic, value))

const framed = (id: number, avro: Buffer) => {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(id, 1)
  return Buffer.concat([head, avro])
}

describe('a value of a raw topic', () => {
  test('Avro and JSON give the same event', async () => {
    const json = Buffer.from(JSON.stringify(sampleJson()))
    expect(await decode(good)).toEqual({ ok: true, event: sampleRawEvent })
    expect(await decode(json)).toEqual({ ok: true, event: sampleRawEvent })
  })

  test('the answer comes at once where the schema is at hand', () => {
    expect(decodeRaw(local, 'session.action', good)).not.toBeInstanceOf(Promise)
  })

  test('a topic of one type says the type where the event does not', async () => {
    const { type: _, ...event } = sampleJson()
    const value = Buffer.from(JSON.stringify(event))
    expect(await decode(value)).toMatchObject({ ok: true, event: { type: 'action' } })
    expect(await decode(value, 'session.lifecycle')).toMatchObject({
      ok: false,
      errors: [{ path: 'type', code: 'missing' }],
    })
  })

  test('every raw schema has the fields of the others', () => {
    const fieldsOf = (file: string) =>
      JSON.parse(readSchemaFile(file)).fields.map((field: { name: string; default?: unknown }) =>
        field.name === 'type' ? { ...field, default: '' } : field,
      )
    const files = topicTable.flatMap(({ role, schema }) => (role === 'raw' ? [schema!] : []))
    expect(files).toHaveLength(rawTopics.length)
    for (const file of files) expect(fieldsOf(file)).toEqual(fieldsOf('session-events.avsc'))
  })

  test('what a schema of an older release lacks takes its default', async () => {
    const schema = JSON.parse(readSchemaFile('session-action.avsc'))
    const required = ['id', 'type', 'source', 'occurredAt', 'sessionId']
    schema.fields = schema.fields.filter(({ name }: { name: string }) => required.includes(name))
    const older = new WriterSchema(parseSchema(JSON.stringify(schema)))
    const avro = older.type.toBuffer({ id: '1', source: 'a', occurredAt: 5, sessionId: 's' })
    expect(
      await decode(
        framed(9, avro),
        'session.action',
        fetching(async () => older),
      ),
    ).toEqual({
      ok: true,
      event: {
        id: '1',
        type: 'action',
        source: 'a',
        specversion: '1.0',
        tenant: 'default',
        occurredAt: 5,
        sessionId: 's',
        actor: [],
        outcome: 'success',
        privileges: [],
      },
    })
  })
})

describe('a poison value is refused with its code', () => {
  const long = (bytes: string) => {
    // The event's time is the first long: put other bytes in its place.
    const tick = encodeLogRecord({ kind: 'tick', t: sampleRawEvent.occurredAt })
    const at = good.indexOf(tick.subarray(5, 11))
    if (at < 0) throw new Error('the time is not found')
    return Buffer.concat([good.subarray(0, at), Buffer.from(bytes, 'hex'), good.subarray(at + 6)])
  }
  test.each([
    ['null', null, 'null_value', 'a record without value is none'],
    [
      'Avro without the magic byte',
      good.subarray(5),
      'no_magic_byte',
      'expected Avro in the Confluent wire format',
    ],
    [
      'an empty value',
      Buffer.alloc(0),
      'no_magic_byte',
      'expected Avro in the Confluent wire format',
    ],
    [
      'an unknown schema id',
      framed(12_345, good.subarray(5)),
      'schema_unknown',
      'the registry has no schema with id 12345',
    ],
    ['Avro that is cut short', good.subarray(0, 40), 'not_avro', 'does not fit its schema'],
    [
      'Avro with bytes left over',
      Buffer.concat([good, Buffer.alloc(3)]),
      'not_avro',
      'does not fit its schema',
    ],
    [
      'a long of 2^53',
      long('8080808080808020'),
      'long_out_of_range',
      'a long lies beyond 2^53 - 1',
    ],
    [
      'a long of ten bytes',
      long('feffffffffffffffff01'),
      'long_out_of_range',
      'a long lies beyond 2^53 - 1',
    ],
    [
      'a list that says it has 2^40 items',
      Buffer.concat([
        good.subarray(0, good.indexOf('agent-7') - 2),
        Buffer.from('808080808040', 'hex'),
      ]),
      'not_avro',
      'a list is longer than the record',
    ],
    ['JSON that is none', Buffer.from('{"id"'), 'not_json', 'expected one JSON object'],
    ['65 KiB', Buffer.alloc(65 * 1024), 'too_large', 'expected at most 65536 bytes'],
    [
      'a schema of something else',
      framed(local.writerId('session.revoked'), Buffer.alloc(9)),
      'schema_unsupported',
      'cannot be read as io.holdpoint.SessionAction',
    ],
  ])('%s', async (_, value, code, message) => {
    expect(await decode(value)).toEqual({
      ok: false,
      errors: [{ path: '', code, message: expect.stringContaining(message) }],
    })
  })

  test('an event on a topic that does not carry its type: access to a topic is the right to speak', async () => {
    const value = Buffer.from(JSON.stringify({ ...sampleJson(), type: 'revocation' }))
    expect(await decode(value)).toEqual({
      ok: false,
      errors: [
        {
          path: 'type',
          code: 'wrong_topic',
          message:
            'expected action on session.action: send it to session.lifecycle or session.events',
        },
      ],
    })
    expect(await decode(value, 'session.events')).toMatchObject({ ok: true })
  })

  test('bytes changed anywhere are an event or poison, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: good.length - 1 }),
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        (at, bytes) => {
          const value = Buffer.concat([good.subarray(0, at), bytes, good.subarray(at + 1)])
          const result = decodeRaw(local, 'session.action', value)
          expect(result instanceof Promise || typeof result.ok === 'boolean').toBe(true)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('a number that JSON has no word for, as Avro can carry', async () => {
    const location = { ...sampleRawEvent.location!, latitude: Number.NaN }
    const value = encodeRaw(local, 'session.action', { ...sampleRawEvent, location })
    expect(await decode(value)).toMatchObject({
      ok: false,
      errors: [{ path: 'location.latitude', code: 'wrong_type' }],
    })
  })
})

test('a registry that is away is no fault of the record', async () => {
  const away = fetching(async () => {
    throw new RegistryUnavailableError('away')
  })
  await expect(decode(framed(9, good), 'session.action', away)).rejects.toThrow(
    RegistryUnavailableError,
  )
})

test('an event that does not fit is refused by its paths, not its values', () => {
  const event = { ...sampleRawEvent, source: 5 as unknown as string }
  expect(() => encodeRaw(local, 'session.action', event)).toThrow(
    expect.objectContaining({
      code: 'not_encodable',
      message: `the event ${event.id} does not fit its schema at source`,
    }),
  )
})
