/** A file as lines, read in pieces: memory does not grow with the file. */
import { createReadStream } from 'node:fs'
import { eventBytesMax } from '@holdpoint/contracts'

export interface Line {
  /** From 1. */
  readonly number: number
  readonly bytes: Buffer
  /** Of the file read so far. */
  readonly bytesRead: number
}

const newline = 0x0a
/** A line is cut here: what is longer is refused by its size anyway. */
const lineBytesMax = eventBytesMax + 1

/** Lines that are not blank. Rejects where the file cannot be read. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  let number = 0
  let bytesRead = 0
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    const data = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
    let from = 0
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, from)) {
      number += 1
      const bytes = data.subarray(from, end)
      from = end + 1
      bytesRead += bytes.length + 1
      if (!isBlank(bytes)) yield { number, bytes, bytesRead }
    }
    rest = data.subarray(from)
    if (rest.length > lineBytesMax) {
      // The rest of it is passed over up to the next newline, which keeps numbers right.
      bytesRead += rest.length - lineBytesMax
      rest = Buffer.from(rest.subarray(0, lineBytesMax))
    }
  }
  if (!isBlank(rest)) yield { number: number + 1, bytes: rest, bytesRead: bytesRead + rest.length }
}

function isBlank(bytes: Buffer): boolean {
  const first = bytes[0]
  if (first === 0x7b) return false
  return bytes.toString('latin1').trim() === ''
}
