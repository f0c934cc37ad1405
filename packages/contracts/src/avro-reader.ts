/** Reads what `AvroWriter` writes. Bytes that end too early are noticed at the latest by `end`. */
import { CodecError } from './errors.ts'
import { cachedKey, cachedWord, type TextSlices } from './text-cache.ts'

const two27 = 2 ** 27

export class AvroReader {
  private readonly buffer: Buffer & TextSlices
  private position: number

  constructor(buffer: Buffer, position: number) {
    this.buffer = buffer as Buffer & TextSlices
    this.position = position
  }

  /** Throws unless exactly all bytes were read. */
  end(): void {
    if (this.position !== this.buffer.length)
      throw notAvro('it is cut short or has bytes left over')
  }

  flag(): boolean {
    return this.buffer[this.position++] === 1
  }

  /** int and long. Throws `long_out_of_range` beyond 2^53 - 1. */
  long(): number {
    const buffer = this.buffer
    let byte = buffer[this.position++]!
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let low = byte & 0x7f
    let shift = 7
    do {
      byte = buffer[this.position++]!
      low |= (byte & 0x7f) << shift
      shift += 7
    } while (byte > 0x7f && shift < 28)
    if (!(byte > 0x7f)) return (low >>> 1) ^ -(low & 1)
    const folded = this.high() * two27 + (low >>> 1)
    if (folded > Number.MAX_SAFE_INTEGER) throw tooLong()
    return (low & 1) === 0 ? folded : -folded - 1
  }

  double(): number {
    if (this.position + 8 > this.buffer.length) throw notAvro('it is cut short')
    const value = this.buffer.readDoubleLE(this.position)
    this.position += 8
    return value
  }

  text(): string {
    const length = this.long()
    if (length === 0) return ''
    const start = this.skip(length)
    return this.buffer.utf8Slice(start, this.position)
  }

  /** A text that is likely to come again. */
  word(): string {
    const length = this.long()
    if (length === 0) return ''
    const start = this.skip(length)
    return length > 32
      ? this.buffer.utf8Slice(start, this.position)
      : cachedWord(this.buffer, start, this.position)
  }

  /** A fixed of 16 bytes as 22 characters of base64url. */
  key(): string {
    return cachedKey(this.buffer, this.skip(16))
  }

  /** The number of items in an array's next block, 0 at its end. */
  block(): number {
    const count = this.long()
    // A negative count is followed by the block's length in bytes.
    if (count < 0) this.long()
    const items = Math.abs(count)
    if (items > this.buffer.length - this.position)
      throw notAvro('a list is longer than the record')
    return items
  }

  /** True where a union of null and something holds something. */
  some(): boolean {
    const branch = this.long()
    if (branch > 1 || branch < 0) throw notAvro('a union has no such branch')
    return branch === 1
  }

  private high(): number {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.buffer[this.position++]!
      value |= (byte & 0x7f) << shift
      if (!(byte > 0x7f)) return value
    }
    throw tooLong()
  }

  /** Moves on by `length` bytes; answers with where they begin. */
  skip(length: number): number {
    const start = this.position
    if (length < 0 || start + length > this.buffer.length) {
      throw notAvro('a text is longer than the record')
    }
    this.position = start + length
    return start
  }
}

const notAvro = (why: string) =>
  new CodecError('not_avro', `the record does not fit its schema: ${why}`)

const tooLong = () =>
  new CodecError('long_out_of_range', 'a long lies beyond 2^53 - 1: send it as text, or smaller')
