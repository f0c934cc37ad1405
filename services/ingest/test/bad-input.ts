/** What producers get wrong, and the code with which it is refused. */
import { now, wireEvent } from './kit.ts'

export interface BadInput {
  readonly name: string
  /** JSON text of the event. */
  readonly text: string
  readonly code: string
  /** Dotted path of the field, '' for the event as a whole. */
  readonly path: string
  /** Part of the message that the producer sees. */
  readonly message: RegExp
}

let nested: unknown = 1
for (let depth = 0; depth < 16; depth++) nested = { in: nested }

const json = (over: Record<string, unknown>): string => JSON.stringify(wireEvent(over))

export const badInput: readonly BadInput[] = [
  { name: 'not JSON', text: '{"id": ', code: 'not_json', path: '', message: /expected .*JSON/ },
  {
    name: 'wrong type in a nested field',
    text: json({ client: { userAgent: 7 } }),
    code: 'wrong_type',
    path: 'client.userAgent',
    message: /expected .*text|string/,
  },
  { name: 'missing id', text: json({ id: undefined }), code: 'missing', path: 'id', message: /./ },
  {
    name: 'unknown major version',
    text: json({ specversion: '2.0' }),
    code: 'schema_unsupported',
    path: 'specversion',
    message: /1/,
  },
  {
    name: '65 KiB record',
    text: json({ note: 'x'.repeat(65 * 1024) }),
    code: 'too_large',
    path: '',
    message: /at most 65536 bytes/,
  },
  {
    name: 'depth 17',
    text: json({ extra: nested }),
    code: 'too_deep',
    path: `extra${'.in'.repeat(15)}`,
    message: /at most 16 levels/,
  },
  {
    name: '__proto__',
    text: json({}).replace('{', '{"__proto__": {"admin": true},'),
    code: 'forbidden_key',
    path: '__proto__',
    message: /no key may be named __proto__/,
  },
  {
    name: 'date in 1970',
    text: json({ occurredAt: '1970-01-01T00:00:00.000Z' }),
    code: 'too_old',
    path: 'occurredAt',
    message: /more than 24 hours/,
  },
  {
    name: 'latitude 100',
    text: json({ location: { latitude: 100, longitude: 0 } }),
    code: 'out_of_range',
    path: 'location.latitude',
    message: /-90.*90/,
  },
  {
    name: 'address 999.1.1.1',
    text: json({ client: { ip: '999.1.1.1' } }),
    code: 'bad_address',
    path: 'client.ip',
    message: /IPv4/,
  },
  {
    name: 'a number above 2^53',
    text: json({}).replace(`"${new Date(now).toISOString()}"`, '9007199254740993'),
    code: 'bad_date',
    path: 'occurredAt',
    message: /./,
  },
]
