import {
  accesses,
  clientKinds,
  controlKinds,
  credentialChanges,
  credentialKinds,
  credentialStatuses,
  eventTypes,
  initiators,
  type LogRecord,
  networkKinds,
  osFamilies,
  outcomes,
  subjectKinds,
} from '@holdpoint/risk'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sampleControl, sampleRecord } from '../fixtures/samples.ts'
import { localCatalogue, type SchemaCatalogue, WriterSchema } from './catalogue.ts'
import { CodecError, decodeLogRecord, encodeLogRecord, rawTopics } from './index.ts'
import { parseSchema, readSchemaFile, schemaType } from './schema-files.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 80 })
/** avsc, which is the oracle, stops short of 2^53 - 1 and errs below -2^52. */
const whole = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(2 ** 27 - 1, 2 ** 27, 2 ** 28, 2 ** 30 - 1, 2 ** 30, 2 ** 31, 2 ** 53 - 2),
  fc.maxSafeNat().map((n) => Math.min(n, 2 ** 53 - 2)),
)
const time = fc.oneof(fc.integer({ min: -(2 ** 52), max: 0 }), whole)
const key = fc.oneof(
  fc.constant(''),
  fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((bytes) => Buffer.from(bytes).toString('base64url')),
)
const degrees = (max: number) =>
  fc.integer({ min: -max * 100, max: max * 100 }).map((hundredths) => hundredths / 100)
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
const word = <T>(words: readonly T[]) => fc.constantFrom(...words)

const event = fc.record({
  id: text,
  source: text,
  idHash: whole,
  type: word(eventTypes),
  tenant: text,
  occurredAt: time,
  receivedAt: time,
  clockSuspect: fc.boolean(),
  subject: fc.record({ id: text, kind: word(subjectKinds), iss: text }),
  actor: fc.array(fc.record({ id: text, kind: word(subjectKinds) }), { maxLength: 4 }),
  sessionId: text,
  previousSessionId: text,
  parentSessionId: text,
  keys: fc.record({ subject: key, session: key, previousSession: key, parentSession: key }),
  network: orNull(
    fc.record({
      kind: word(networkKinds),
      asn: whole,
      country: text,
      address: whole,
      prefix: whole,
      family: word([0, 4, 6] as const),
      trusted: fc.boolean(),
    }),
  ),
  place: orNull(
    fc.record({
      latitude: degrees(90),
      longitude: degrees(180),
      radiusKm: whole,
      city: text,
      country: text,
      edition: whole,
    }),
  ),
  client: orNull(
    fc.record({
      kind: word(clientKinds),
      os: word(osFamilies),
      browser: text,
      version: whole,
      device: whole,
      fingerprint: whole,
      app: whole,
    }),
  ),
  assurance: orNull(fc.record({ acr: text, amr: fc.array(text), authTime: orNull(time) })),
  outcome: word(outcomes),
  credential: orNull(
    fc.record({
      id: whole,
      kind: word(credentialKinds),
      status: word(credentialStatuses),
      change: orNull(word(credentialChanges)),
      issuedAt: orNull(time),
      expiresAt: orNull(time),
      boundTo: whole,
    }),
  ),
  posture: orNull(fc.record({ managed: fc.boolean(), compliant: fc.boolean() })),
  action: orNull(
    fc.record({
      name: text,
      resource: text,
      access: word(accesses),
      amount: orNull(fc.double({ noNaN: true })),
      currency: text,
    }),
  ),
  initiator: word(initiators),
  feedback: orNull(fc.record({ decisionId: text, verdict: text })),
  privileges: fc.array(text),
  claimedSubject: fc.boolean(),
  facts: orNull(
    fc.record({
      networkFailures: whole,
      networkFailedSubjects: whole,
      networkLogins: whole,
      deviceSubjects: whole,
    }),
  ),
})

const control = fc.record({
  id: text,
  kind: word(controlKinds),
  t: time,
  tenant: text,
  on: fc.boolean(),
  decisionId: text,
  keys: fc.record({ subject: key, session: key }),
  operator: text,
  reason: text,
})

const record: fc.Arbitrary<LogRecord> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('control' as const), control }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tick' as const), t: time }) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('event' as const),
      origin: orNull(
        fc.record({ topic: fc.oneof(word(rawTopics), text), partition: whole, offset: whole }),
      ),
      event,
    }),
  },
)

/** fast-check makes objects without a prototype; the codec makes plain ones. */
const plain = (value: LogRecord): LogRecord => structuredClone(value)

describe('the internal record', () => {
  const type = schemaType('holdpoint-events.avsc')

  test('what is written is read, and is the very Avro that avsc writes', () => {
    fc.assert(
      fc.property(record, (value) => {
        const bytes = encodeLogRecord(value)
        expect(plain(decodeLogRecord(bytes))).toStrictEqual(plain(value))
        const avro = bytes.subarray(5)
        expect(type.toBuffer(type.fromBuffer(avro)).equals(avro)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  test.each([2 ** 53 - 1, 1 - 2 ** 53, -(2 ** 52) - 1])('the long %d is written and read', (t) => {
    expect(decodeLogRecord(encodeLogRecord({ kind: 'tick', t }))).toEqual({ kind: 'tick', t })
  })

  test('a long of 2^53 is refused as long_out_of_range', () => {
    const bytes = encodeLogRecord({ kind: 'tick', t: 2 ** 53 - 1 })
    // Zigzag of 2^53 - 1 ends in fe: one more in its lowest bits carries up to 2^53.
    const carried = Buffer.from('8080808080808020', 'hex')
    const tooLong = Buffer.concat([bytes.subarray(0, 5), carried, bytes.subarray(13)])
    expect(codeOf(() => decodeLogRecord(tooLong))).toBe('long_out_of_range')
  })

  test('a record read does not change when the buffer it came from is used again', () => {
    const bytes = encodeLogRecord(sampleRecord)
    const read = decodeLogRecord(bytes)
    bytes.fill(0x41)
    expect(read).toStrictEqual(sampleRecord)
  })

  test('bytes cut short at any place, or with any byte more, are refused as not_avro', () => {
    const bytes = encodeLogRecord(sampleRecord)
    for (let length = 5; length < bytes.length; length += 1) {
      expect(codeOf(() => decodeLogRecord(bytes.subarray(0, length)))).toBe('not_avro')
    }
    expect(codeOf(() => decodeLogRecord(Buffer.concat([bytes, Buffer.alloc(1)])))).toBe('not_avro')
  })

  test('bytes changed anywhere are read as a record or refused, and nothing else', () => {
    const bytes = encodeLogRecord(sampleRecord)
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: bytes.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        (at, byte) => {
          const changed = Buffer.from(bytes)
          changed[at] = byte
          try {
            decodeLogRecord(changed)
          } catch (error) {
            expect(error).toBeInstanceOf(CodecError)
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('a record without frame is refused as no_magic_byte, one of another schema as unknown', () => {
    expect(codeOf(() => decodeLogRecord(Buffer.from('{}')))).toBe('no_magic_byte')
    expect(codeOf(() => decodeLogRecord(Buffer.from([0, 0, 0, 0, 9, 0])))).toBe('schema_unknown')
  })

  test.each([
    ['NaN', Number.NaN],
    ['a fraction', 0.5],
    ['2^53', 2 ** 53],
  ])('a time that is %s is refused, never written as another', (_, occurredAt) => {
    const event = { ...sampleRecord.event, occurredAt }
    expect(codeOf(() => encodeLogRecord({ ...sampleRecord, event }))).toBe('not_encodable')
  })

  test.each(['short', 'AAECAwQFBgcICQoLDA0OD!', 'AAECAwQFBgcICQoLDA0ODx'])(
    'a key that is not 16 bytes of base64url is refused: %s',
    (subject) => {
      const event = {
        ...sampleRecord.event,
        keys: { ...sampleRecord.event.keys, subject },
      }
      expect(codeOf(() => encodeLogRecord({ ...sampleRecord, event }))).toBe('not_encodable')
    },
  )

  test('an order of a kind that only a newer release knows is read as unknown', () => {
    const schema = type.fromBuffer(encodeLogRecord(sampleControl).subarray(5))
    const newer = { ...schema, control: { ...schema.control, kind: controlKinds.length } }
    const frame = encodeLogRecord(sampleControl).subarray(0, 5)
    const read = decodeLogRecord(Buffer.concat([frame, type.toBuffer(newer)]))
    expect(read).toStrictEqual({
      kind: 'control',
      control: { ...sampleControl.control, kind: 'unknown' },
    })
  })

  test('a record of a newer release, with a field more, is read without it', () => {
    const schema = JSON.parse(readSchemaFile('holdpoint-events.avsc'))
    const eventSchema = schema.fields[2].type[1]
    eventSchema.fields.splice(3, 0, { name: 'later', type: 'string', default: '' })
    const newer = new WriterSchema(parseSchema(JSON.stringify(schema)))
    const local = localCatalogue()
    const catalogue: SchemaCatalogue = {
      writerId: local.writerId.bind(local),
      isCurrent: local.isCurrent.bind(local),
      known: (id) => (id === 77 ? newer : local.known(id)),
      fetch: local.fetch.bind(local),
    }
    const value = type.fromBuffer(encodeLogRecord(sampleRecord).subarray(5))
    const avro = newer.type.toBuffer({ ...value, event: { ...value.event, later: 'more' } })
    const bytes = Buffer.concat([Buffer.from([0, 0, 0, 0, 77]), avro])
    expect(decodeLogRecord(bytes, catalogue)).toStrictEqual(sampleRecord)
  })
})

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof CodecError) return error.code
    throw error
  }
  return 'accepted'
}
