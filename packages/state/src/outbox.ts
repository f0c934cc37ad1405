/** An outbox entry's id, and its form in a Redis stream: five fields that `XRANGE` shows to a person. */
import { type OutboxEntry, StateError } from './ports.ts'

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

/** How many arguments an entry is: its id and five values. */
export const entryArguments = (entry: OutboxEntry): (string | Buffer)[] => [
  streamId(entry),
  entry.topic,
  String(entry.partition),
  entry.key,
  entry.value,
  JSON.stringify(entry.headers),
]

/** From `XRANGE` as Redis answers it: the id, then names and values in turn. */
export function entryFromStream(
  item: readonly [id: Buffer, fields: readonly Buffer[]],
): OutboxEntry {
  const [offset, next] = item[0].toString('latin1').split('-').map(Number)
  const [, topic, , partition, , key, , value, , headers] = item[1]
  if (
    offset === undefined ||
    next === undefined ||
    !topic ||
    !partition ||
    !key ||
    !value ||
    !headers
  )
    throw new StateError(
      'state_corrupt',
      `the outbox holds an entry ${item[0].toString('latin1')} that this release did not write`,
    )
  return {
    offset,
    index: next - 1,
    topic: topic.toString(),
    partition: Number(partition.toString('latin1')),
    key,
    value,
    headers: JSON.parse(headers.toString()) as Record<string, string>,
  }
}
