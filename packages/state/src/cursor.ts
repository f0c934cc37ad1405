/** Where reading or writing stands in a buffer, and the whole numbers from which everything else is built. */
import { StateError } from './ports.ts'

/** A buffer and where in it the next byte goes or comes from. */
export interface Cursor {
  buffer: Buffer
  at: number
  /** The first byte that is no longer to be read. */
  end: number
}

/** 2^53 - 1 in groups of seven bits. */
export const uintBytesMax = 8

export const corrupt = (path: string, why: string): StateError =>
  new StateError('state_corrupt', `a stored state cannot be read at ${path}: ${why}`)

export const cutShort = (path: string): StateError => corrupt(path, 'the bytes end too early')

/** Seven bits a byte, the lowest first; the high bit says that more follow. */
export function writeUint(to: Cursor, value: number): void {
  let rest = value
  while (rest >= 0x8000_0000) {
    to.buffer[to.at++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  while (rest >= 128) {
    to.buffer[to.at++] = (rest & 127) | 128
    rest >>>= 7
  }
  to.buffer[to.at++] = rest
}

export function readUint(from: Cursor, path: string): number {
  const { at } = from
  if (at < from.end) {
    const byte = from.buffer[at]!
    if (byte < 128) {
      from.at = at + 1
      return byte
    }
  }
  return readLongUint(from, path)
}

function readLongUint(from: Cursor, path: string): number {
  let value = 0
  let weight = 1
  for (;;) {
    if (from.at >= from.end) throw cutShort(path)
    const byte = from.buffer[from.at++]!
    value += (byte & 127) * weight
    if (byte < 128) break
    weight *= 128
    if (weight >= 2 ** 56) throw corrupt(path, 'a number is too long')
  }
  if (value > Number.MAX_SAFE_INTEGER) throw corrupt(path, 'a number is above 2^53 - 1')
  return value
}
