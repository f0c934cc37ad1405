/** What producers get wrong, and the code with which it is refused. */
import { now, wireEvent } from './kit.ts'

export interface BadInput {
  readonly name: string
  /** JSON text of the event. */
  readonly text: string
  readonly code: string
  /** Dotted path of the field, '' for the event as a whole. */
  readonly path: string
  /** The sentence that the producer reads. */
  readonly message: string
  /** Where it is another by Kafka than by HTTP. */
  readonly byKafka?: string
}

let nested: unknown = 1
for (let depth = 0; depth < 16; depth++) nested = { in: nested }

const json = (over: Record<string, unknown>): string => JSON.stringify(wireEvent(over))

export const badInput: readonly BadInput[] = [
  {
    name: 'not JSON',
    text: '{"id": ',
    code: 'not_json',
    path: '',
    message: 'expected JSON in UTF-8: check quotes, commas and braces',
    byKafka: 'expected one JSON object: check quotes, commas and braces',
  },
  {
    name: 'wrong type in a nested field',
    text: json({ client: { userAgent: 7 } }),
    code: 'wrong_type',
    path: 'client.userAgent',
    message: 'expected a text: put it in quotes; got a number',
  },
  {
    name: 'missing id',
    text: json({ id: undefined }),
    code: 'missing',
    path: 'id',
    message: 'is required: expected a text: put it in quotes',
  },
  {
    name: 'unknown major version',
    text: json({ specversion: '2.0' }),
    code: 'schema_unsupported',
    path: 'specversion',
    message: 'expected major version 1: send specversion 1.0',
  },
  {
    name: '65 KiB record',
    text: json({ note: 'x'.repeat(65 * 1024) }),
    code: 'too_large',
    path: '',
    message: 'expected at most 65536 bytes for an event, got 66730: send less',
  },
  {
    name: 'depth 17',
    text: json({ extra: nested }),
    code: 'too_deep',
    path: `extra${'.in'.repeat(15)}`,
    message: 'expected at most 16 levels of objects and lists: flatten it',
  },
  {
    name: '__proto__',
    text: json({}).replace('{', '{"__proto__": {"admin": true},'),
    code: 'forbidden_key',
    path: '__proto__',
    message: 'no key may be named __proto__: rename it',
  },
  {
    name: 'date in 1970',
    text: json({ occurredAt: '1970-01-01T00:00:00.000Z' }),
    code: 'too_old',
    path: 'occurredAt',
    message:
      'is more than 24 hours before the event was received: send events as they happen, or replay old ones from a file',
  },
  {
    name: 'latitude 100',
    text: json({ location: { latitude: 100, longitude: 0 } }),
    code: 'out_of_range',
    path: 'location.latitude',
    message: 'expected a number from -90 to 90',
  },
  {
    name: 'address 999.1.1.1',
    text: json({ client: { ip: '999.1.1.1' } }),
    code: 'bad_address',
    path: 'client.ip',
    message:
      'expected an IPv4 or IPv6 address, as 192.0.2.1 or 2001:db8::1, without port or prefix',
  },
  {
    name: 'a number above 2^53',
    text: json({}).replace(`"${new Date(now).toISOString()}"`, '9007199254740993'),
    code: 'bad_date',
    path: 'occurredAt',
    message:
      'expected a date-time of 1970 or later with its offset, as 2026-11-22T10:00:00.000Z, or whole milliseconds since then',
  },
]
