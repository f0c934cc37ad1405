import type { Batch, IHeaders, KafkaMessage } from 'kafkajs'
import type { StoredRecord } from './ports.ts'
import { wholeNumber } from './whole-number.ts'

/** Where a batch lies: the offset it was asked for at, the one after it, and the partition's high. */
export interface BatchRange {
  readonly fetched: number
  readonly next: number
  readonly high: number
}

/** `fetchedOffset` is public in kafkajs 2.2.4 but missing in its types. */
export function rangeOf(batch: Batch): BatchRange {
  const { fetchedOffset } = batch as Batch & { readonly fetchedOffset: string }
  return {
    fetched: wholeNumber(fetchedOffset, 'offset'),
    next: wholeNumber(batch.lastOffset(), 'offset') + 1,
    high: wholeNumber(batch.highWatermark, 'high offset'),
  }
}

export const recordsOf = (messages: readonly KafkaMessage[]): StoredRecord[] =>
  messages.map(({ offset, timestamp, key, value, headers }) => ({
    offset: wholeNumber(offset, 'offset'),
    timestamp: wholeNumber(timestamp, 'timestamp'),
    key,
    value,
    headers: headers === undefined ? noHeaders : headersOf(headers),
  }))

const noHeaders: StoredRecord['headers'] = Object.freeze({})

/**
 * kafkajs collects headers into an object with a prototype, so one named `constructor` arrives in a list
 * behind a function: only bytes are taken. A null value reads as empty.
 */
function headersOf(headers: IHeaders): StoredRecord['headers'] {
  const names = Object.keys(headers)
  if (names.length === 0) return noHeaders
  return Object.fromEntries(
    names.map((name) => {
      const value = headers[name]
      if (!Array.isArray(value)) return [name, Buffer.isBuffer(value) ? value : Buffer.alloc(0)]
      const values = value.filter((one) => Buffer.isBuffer(one))
      return [name, values.length === 1 && values[0] !== undefined ? values[0] : values]
    }),
  )
}
