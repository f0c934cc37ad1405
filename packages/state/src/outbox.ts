/** An outbox entry's id, and its form in a Redis stream: six fields that `XRANGE` shows to a person. */
import { type HeaderValue, type OutboxEntry, StateError } from './ports.ts'

export interface EntryId {
  readonly offset: number
  readonly index: number
}

/** Stream ids begin at 0-1, hence index + 1. */
export const streamId = (id: EntryId): string => `${id.offset}-${id.index + 1}`

/** The first id after this one: everything below it is acknowledged. */
export const streamIdAfter = (id: EntryId): string => `${id.offset}-${id.index + 2}`

export const compareIds = (a: EntryId, b: EntryId): number =>
  a.offset - b.offset || a.index - b.index

/** Entries go out in the order of their causes; a batch that has them otherwise is a mistake of its maker. */
export function assertAscending(entries: readonly OutboxEntry[]): void {
  for (let i = 1; i < entries.length; i++)
    if (compareIds(entries[i - 1]!, entries[i]!) >= 0)
      throw new StateError(
        'outbox_order',
        `outbox entry ${streamId(entries[i]!)} comes after ${streamId(entries[i - 1]!)}: sort them by offset and index`,
      )
}

/** What `commitScript` takes for an entry: its id and six values. The last names what is null, as a stream has no nulls. */
export const entryArguments = (entry: OutboxEntry): (string | Buffer)[] => [
  streamId(entry),
  entry.topic,
  String(entry.partition),
  entry.key ?? '',
  entry.value ?? '',
  JSON.stringify(mapHeaders(entry.headers, headerToJson)),
  `${entry.key === null ? 'k' : ''}${entry.value === null ? 'v' : ''}`,
]

/** From `XRANGE` as Redis answers it: the id, then names and values in turn. */
export function entryFromStream(
  item: readonly [id: Buffer, fields: readonly Buffer[]],
): OutboxEntry {
  const [offset, next] = item[0].toString('latin1').split('-').map(Number)
  const [, topic, , partition, , key, , value, , headers, , nulls] = item[1]
  if (
    offset === undefined ||
    next === undefined ||
    !topic ||
    !partition ||
    !key ||
    !value ||
    !headers
  )
    throw notOurs(item[0])
  return {
    offset,
    index: next - 1,
    topic: topic.toString(),
    partition: Number(partition.toString('latin1')),
    key: nulls?.includes('k') ? null : key,
    value: nulls?.includes('v') ? null : value,
    headers: headersFrom(headers, item[0]),
  }
}

/** Bytes that JSON cannot hold. */
interface JsonBytes {
  readonly base64: string
}

const headerToJson = (value: HeaderValue): string | JsonBytes =>
  typeof value === 'string' ? value : { base64: value.toString('base64') }

const headerFromJson = (value: string | JsonBytes): HeaderValue =>
  typeof value === 'string' ? value : Buffer.from(value.base64, 'base64')

function headersFrom(json: Buffer, id: Buffer): OutboxEntry['headers'] {
  try {
    return mapHeaders(JSON.parse(json.toString()), headerFromJson)
  } catch (error) {
    throw notOurs(id, error)
  }
}

function mapHeaders<From, To>(
  headers: Readonly<Record<string, From | readonly From[]>>,
  map: (value: From) => To,
): Record<string, To | To[]> {
  const isList = (value: From | readonly From[]): value is readonly From[] => Array.isArray(value)
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      isList(value) ? value.map(map) : map(value),
    ]),
  )
}

const notOurs = (id: Buffer, cause?: unknown): StateError =>
  new StateError(
    'state_corrupt',
    `the outbox holds an entry ${id.toString('latin1')} that this release did not write`,
    {},
    cause,
  )
