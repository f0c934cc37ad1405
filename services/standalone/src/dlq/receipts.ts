/**
 * Which letters were sent back. It stands in the dead-letter topic itself, as a receipt behind the letters
 * of its partition: so it is kept exactly as long as they are (a group's committed offsets expire sooner),
 * and it is true of each letter alone, in whatever order and by whatever filter they were sent back.
 */
import type { NewRecord, StoredRecord } from '@holdpoint/log'
import { headerText } from './letter.ts'

/** On a record without value: the offsets that were sent back, as `17-21,25`. */
const receiptHeader = 'holdpoint.redrive.done'

interface Range {
  readonly first: number
  readonly last: number
}

/** The receipt of letters of one partition. `offsets` ascend. */
export function receiptOf(partition: number, offsets: readonly number[]): NewRecord {
  const ranges: { first: number; last: number }[] = []
  for (const offset of offsets) {
    const range = ranges.at(-1)
    if (range !== undefined && range.last === offset - 1) range.last = offset
    else ranges.push({ first: offset, last: offset })
  }
  const text = ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
  return { partition, key: null, value: null, headers: { [receiptHeader]: text.join(',') } }
}

/** What a record says was sent back. Call it for records that are no letters: a producer may name a header so. */
export const receiptIn = (record: StoredRecord): readonly Range[] =>
  headerText(record.headers, receiptHeader)
    .split(',')
    .flatMap((text) => {
      const [, first, last] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text) ?? []
      return first === undefined ? [] : [{ first: Number(first), last: Number(last ?? first) }]
    })

/** Offsets of a partition that were sent back, within bounds: one bit each. */
export class SentBack {
  readonly #low: number
  readonly #high: number
  readonly #bits: Uint8Array

  constructor({ low, high }: { readonly low: number; readonly high: number }) {
    this.#low = low
    this.#high = high
    this.#bits = new Uint8Array(Math.ceil((high - low) / 8))
  }

  mark({ first, last }: Range): void {
    const end = Math.min(last + 1, this.#high)
    for (let offset = Math.max(first, this.#low); offset < end; offset++) {
      const at = offset - this.#low
      const byte = Math.floor(at / 8)
      this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (at % 8))
    }
  }

  has(offset: number): boolean {
    const at = offset - this.#low
    return ((this.#bits[Math.floor(at / 8)] ?? 0) & (1 << (at % 8))) !== 0
  }
}
