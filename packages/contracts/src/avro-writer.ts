/**
 * Writes Avro's binary encoding (Avro 1.12, "Binary Encoding") into one buffer that is used again for
 * each record. Written by hand for the internal log alone, whose codec decides the engine's speed; the
 * tests hold its bytes against avsc's.
 */
import { CodecError } from './errors.ts'
import { frameLength, writeFrame } from './framing.ts'

/** Room for all fixed-size fields that may follow a text before the next text reserves again. */
const margin = 1024
const two27 = 2 ** 27

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The six bits of each letter of base64url (RFC 4648 section 5), 64 for what is no such letter. */
const sixBits = new Uint8Array(128).fill(64)
for (let i = 0; i < alphabet.length; i += 1) sixBits[alphabet.charCodeAt(i)] = i

export class AvroWriter {
  private buffer = Buffer.allocUnsafe(16_384)
  private position = frameLength

  begin(schemaId: number): void {
    writeFrame(this.buffer, schemaId)
    this.position = frameLength
  }

  /** A copy of what was written since `begin`. */
  finish(): Buffer {
    const bytes = Buffer.allocUnsafe(this.position)
    this.buffer.copy(bytes, 0, 0, this.position)
    return bytes
  }

  flag(value: boolean): void {
    this.buffer[this.position++] = value ? 1 : 0
  }

  /** int and long, which Avro encodes alike; the branch of a union; the length of what follows. */
  long(value: number): void {
    const small = value | 0
    if (small !== value || small < -0x4000_0000 || small >= 0x4000_0000) {
      this.wideLong(value)
      return
    }
    let rest = (small << 1) ^ (small >> 31)
    while (rest > 0x7f) {
      this.buffer[this.position++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.buffer[this.position++] = rest
  }

  double(value: number): void {
    this.position = this.buffer.writeDoubleLE(value, this.position)
  }

  text(value: string): void {
    const length = value.length
    this.reserve(length * 3)
    if (length < 40) {
      const buffer = this.buffer
      const start = this.position + 1
      let i = 0
      for (; i < length; i += 1) {
        const unit = value.charCodeAt(i)
        if (unit > 0x7f) break
        buffer[start + i] = unit
      }
      if (i === length) {
        buffer[this.position] = length << 1
        this.position = start + length
        return
      }
    }
    this.long(Buffer.byteLength(value))
    this.position += this.buffer.write(value, this.position, 'utf8')
  }

  /** 22 characters of base64url as a fixed of 16 bytes. */
  key(value: string): void {
    const { buffer } = this
    let bits = 0
    let invalid = value.length ^ 22
    let written = this.position
    for (let i = 0; i < 22; i += 1) {
      const six = sixBits[value.charCodeAt(i)] ?? 64
      invalid |= six & 64
      bits = (bits << 6) | six
      if ((i & 3) === 3) {
        buffer[written++] = bits >>> 16
        buffer[written++] = bits >>> 8
        buffer[written++] = bits
        bits = 0
      }
    }
    // The last two letters hold twelve bits, of which the lowest four must be zero.
    buffer[written++] = bits >>> 4
    if (invalid !== 0 || (bits & 15) !== 0) {
      throw new CodecError(
        'not_encodable',
        'a state key is not 16 bytes as 22 characters of base64url',
      )
    }
    this.position = written
  }

  private wideLong(value: number): void {
    if (!Number.isSafeInteger(value)) {
      throw new CodecError('not_encodable', 'a number that must be whole and below 2^53 is not')
    }
    // Zigzag: 2n, or 2(-n - 1) + 1 below zero; 28 bits of it, then the rest, both within 32 bits.
    const folded = value < 0 ? -value - 1 : value
    let low = (folded % two27) * 2 + (value < 0 ? 1 : 0)
    for (let i = 0; i < 4; i += 1) {
      this.buffer[this.position++] = (low & 0x7f) | 0x80
      low >>>= 7
    }
    let high = Math.floor(folded / two27)
    while (high > 0x7f) {
      this.buffer[this.position++] = (high & 0x7f) | 0x80
      high >>>= 7
    }
    this.buffer[this.position++] = high
  }

  private reserve(bytes: number): void {
    const needed = this.position + bytes + margin
    if (needed <= this.buffer.length) return
    const larger = Buffer.allocUnsafe(needed * 2)
    this.buffer.copy(larger, 0, 0, this.position)
    this.buffer = larger
  }
}
