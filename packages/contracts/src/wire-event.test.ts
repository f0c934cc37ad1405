import { describe, expect, test } from 'vitest'
import { sampleJson, sampleRawEvent } from '../fixtures/samples.ts'
import { type FieldError, parseRawEvent, parseRawJson, rawTopicOf, textLimits } from './index.ts'

/** The sample with one field set, by its dotted path; undefined removes it. */
function withField(path: string, value: unknown): Record<string, unknown> {
  const event = sampleJson()
  const keys = path.split('.')
  const last = keys.pop()!
  let at = event
  for (const key of keys) at = at[key] as Record<string, unknown>
  if (value === undefined) delete at[last]
  else at[last] = value
  return event
}

function faults(value: unknown): readonly FieldError[] {
  const result = parseRawEvent(value)
  return result.ok ? [] : result.errors
}

function accepted(value: unknown) {
  const result = parseRawEvent(value)
  if (!result.ok) throw new Error(JSON.stringify(result.errors))
  return result.event
}

describe('an event in the JSON form', () => {
  test('is read with every field', () => {
    expect(parseRawEvent(sampleJson())).toEqual({ ok: true, event: sampleRawEvent })
  })

  test('needs an id, a source, a type, a time and an owner only', () => {
    const event = accepted({
      id: 'e-1',
      type: 'login',
      source: 'app',
      occurredAt: '2026-11-22T11:00:00+01:00',
      subject: { id: 'a{b}c' },
    })
    expect(event).toEqual({
      id: 'e-1',
      type: 'login',
      source: 'app',
      specversion: '1.0',
      tenant: 'default',
      occurredAt: Date.UTC(2026, 10, 22, 10),
      subject: { id: 'a{b}c', kind: 'human' },
      actor: [],
      outcome: 'success',
      privileges: [],
    })
  })

  test.each([
    ['a date in 1970', 'occurredAt', '1970-01-01T00:00:00Z', 0],
    ['a date in the year 9999', 'occurredAt', '9999-12-31T23:59:59.999Z', 253_402_300_799_999],
    ['whole milliseconds', 'occurredAt', 1_795_341_600_000, 1_795_341_600_000],
    ['null for what is absent', 'sessionId', null, undefined],
    ['an empty text for what is absent', 'sessionId', '', undefined],
    ['a minor version that is newer', 'specversion', '1.7', '1.7'],
    ['an outcome that is not known yet', 'outcome', 'maybe', 'unknown'],
    ['a country in lower case', 'location.country', 'gb', 'GB'],
    ['an IPv6 address', 'client.ip', '2001:db8::1', '2001:db8::1'],
    ['a network kind that is not known yet', 'network.kind', 'laser', 'unknown'],
  ])('takes %s', (_, path, value, expected) => {
    const event = accepted(withField(path, value))
    expect(path.split('.').reduce<unknown>((at, key) => at?.[key as never], event)).toBe(expected)
  })

  test('a user agent of 10 kB is cut to its limit, and never within a character', () => {
    const limit = textLimits['client.userAgent']
    expect(accepted(withField('client.userAgent', 'x'.repeat(10_240))).client?.userAgent).toBe(
      'x'.repeat(limit),
    )
    const emoji = `${'x'.repeat(limit - 1)}\u{1f600}`
    expect(accepted(withField('client.userAgent', emoji)).client?.userAgent).toBe(
      'x'.repeat(limit - 1),
    )
  })

  test('unknown fields are ignored, and nothing of the input is kept by reference', () => {
    const input = { ...sampleJson(), later: { a: 1 } }
    const event = accepted(input)
    expect(event).toEqual(sampleRawEvent)
    expect(event.subject).not.toBe(input['subject' as never])
    expect(event.privileges).not.toBe(input['privileges' as never])
  })
})

describe('bad input is refused with its path and its mend', () => {
  test.each([
    ['a missing id', withField('id', undefined), 'id', 'missing', 'is required: expected a text'],
    [
      'an id that is a number',
      withField('id', 7),
      'id',
      'wrong_type',
      'expected a text: put it in quotes; got a number',
    ],
    ['an empty id', withField('id', ''), 'id', 'empty', 'expected an id that is not empty'],
    [
      'an id of 257 characters',
      withField('subject.id', 'x'.repeat(257)),
      'subject.id',
      'too_long',
      'expected at most 256 characters: send a hash of an id that is longer',
    ],
    [
      'a wrong type in a nested field',
      withField('network.asn', '1234'),
      'network.asn',
      'wrong_type',
      'expected a number: send it without quotes; got a text',
    ],
    [
      'a wrong type within a list',
      withField('actor', [{ id: 'a' }, { id: 5 }]),
      'actor.1.id',
      'wrong_type',
      'expected a text: put it in quotes; got a number',
    ],
    [
      'an object where a list belongs',
      withField('privileges', {}),
      'privileges',
      'wrong_type',
      'expected a list; got an object',
    ],
    [
      'a text where an object belongs',
      withField('subject', 'alice'),
      'subject',
      'wrong_type',
      'expected an object; got a text',
    ],
    [
      'too many actors',
      withField('actor', Array(4).fill({ id: 'a' })),
      'actor',
      'too_many',
      'expected at most 3 items',
    ],
    [
      'an unknown major version',
      withField('specversion', '2.0'),
      'specversion',
      'schema_unsupported',
      'expected major version 1: send specversion 1.0',
    ],
    [
      'an unknown type',
      withField('type', 'dance'),
      'type',
      'unknown_type',
      'expected one of login, device, ip,',
    ],
    [
      'an unknown kind of subject',
      withField('subject.kind', 'robot'),
      'subject.kind',
      'unknown_kind',
      'expected one of human, workload, agent',
    ],
    [
      'a missing date',
      withField('occurredAt', undefined),
      'occurredAt',
      'missing',
      'a time is required',
    ],
    [
      'a date that is none',
      withField('occurredAt', 'yesterday'),
      'occurredAt',
      'bad_date',
      'expected a date-time of 1970 or later with its offset, as 2026-11-22T10:00:00.000Z',
    ],
    [
      'a date before 1970',
      withField('occurredAt', -1),
      'occurredAt',
      'bad_date',
      'expected a date-time of 1970 or later',
    ],
    [
      'a date that no calendar has',
      withField('occurredAt', '2026-02-30T00:00:00Z'),
      'occurredAt',
      'bad_date',
      'expected a date-time',
    ],
    [
      'a date without offset',
      withField('occurredAt', '2026-11-22T10:00:00'),
      'occurredAt',
      'bad_date',
      'expected a date-time of 1970 or later with its offset',
    ],
    [
      'a date beyond all dates',
      withField('occurredAt', 8.65e15),
      'occurredAt',
      'bad_date',
      'expected a date-time',
    ],
    [
      'latitude 100',
      withField('location.latitude', 100),
      'location.latitude',
      'out_of_range',
      'expected a number from -90 to 90',
    ],
    [
      'a lookup without coordinates',
      withField('location.latitude', null),
      'location.latitude',
      'missing',
      'is required: expected a number',
    ],
    [
      'an AS number of 33 bits',
      withField('network.asn', 2 ** 32),
      'network.asn',
      'out_of_range',
      'expected a whole number from 0 to 4294967295',
    ],
    [
      'the address 999.1.1.1',
      withField('client.ip', '999.1.1.1'),
      'client.ip',
      'bad_address',
      'expected an IPv4 or IPv6 address',
    ],
    [
      'a country of three letters',
      withField('location.country', 'GBR'),
      'location.country',
      'bad_country',
      'expected two letters',
    ],
    [
      'a tenant with a bar',
      withField('tenant', 'a|b'),
      'tenant',
      'bad_tenant',
      'expected at most 64 of the characters',
    ],
    ['no object', 'hello', '', 'not_an_object', 'expected an event as an object, got a text'],
    ['a list', [], '', 'not_an_object', 'expected an event as an object, got a list'],
  ])('%s', (_, value, path, code, message) => {
    expect(faults(value)).toEqual([{ path, code, message: expect.stringContaining(message) }])
  })

  test('an event that names neither subject nor session', () => {
    const event = { ...sampleJson(), subject: null, sessionId: '' }
    expect(faults(event)).toEqual([
      { path: 'subject', code: 'missing', message: expect.stringContaining('send at least one') },
    ])
  })

  test('all faults of an event at once', () => {
    const event = {
      ...withField('location.latitude', 100),
      id: 7,
      occurredAt: 'x',
      subject: { id: 1 },
    }
    expect(faults(event).map(({ path }) => path)).toEqual([
      'id',
      'occurredAt',
      'subject.id',
      'location.latitude',
    ])
  })

  test('no message tells what was sent', () => {
    const secret = 'alice@example.com'
    for (const path of ['occurredAt', 'client.ip', 'type', 'subject', 'specversion', 'tenant']) {
      expect(JSON.stringify(faults(withField(path, secret)))).not.toContain(secret)
    }
    expect(JSON.stringify(parseRawJson(Buffer.from(`{"id": ${secret}`)))).not.toContain(secret)
  })
})

describe('bytes that are refused before any field is read', () => {
  const parse = (text: string | Buffer) => {
    const result = parseRawJson(Buffer.from(text as string))
    return result.ok ? [] : result.errors
  }
  const nested = (depth: number) =>
    JSON.stringify({
      ...sampleJson(),
      later: JSON.parse('['.repeat(depth - 1) + ']'.repeat(depth - 1)),
    })

  test.each([
    ['text that is not JSON', 'hello', 'not_json', 'expected one JSON object'],
    ['JSON that is cut short', '{"id": "1', 'not_json', 'expected one JSON object'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'not_json', 'not UTF-8'],
    [
      'a record of 65 KiB',
      JSON.stringify({ pad: 'x'.repeat(65 * 1024) }),
      'too_large',
      'expected at most 65536 bytes for an event, got 66570: send less',
    ],
    ['depth 17', nested(17), 'too_deep', 'expected at most 16 levels'],
    [
      'a key named __proto__',
      '{"subject":{"__proto__":{"id":"x"}}}',
      'forbidden_key',
      'no key may be named __proto__',
    ],
    [
      'a key named constructor',
      '{"a":[{"constructor":1}]}',
      'forbidden_key',
      'no key may be named constructor',
    ],
  ])('%s', (_, bytes, code, message) => {
    expect(parse(bytes)).toEqual([
      { path: expect.any(String), code, message: expect.stringContaining(message) },
    ])
  })

  test('depth 16 is taken', () => {
    expect(parse(nested(16))).toEqual([])
  })

  test('the path of a forbidden key is told', () => {
    expect(parse('{"a":[{"constructor":1}]}')[0]?.path).toBe('a.0.constructor')
  })
})

test('each type of event has one raw topic', () => {
  expect(rawTopicOf('login')).toBe('session.login')
  expect(rawTopicOf('action')).toBe('session.action')
  expect(rawTopicOf('feedback')).toBe('session.lifecycle')
})
