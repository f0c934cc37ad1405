/**
 * Text in states: a length in bytes and UTF-8. States hold a few words again and again (countries,
 * browsers, reasons), so short ones are looked up among those read before instead of being made anew.
 */
import { cutText } from '@holdpoint/risk'
import { type Cursor, cutShort, readUint, writeUint } from './cursor.ts'

/** Longer text is seldom the same twice. */
const knownBytesMax = 32
const knownSlots = 4096
/** Direct-mapped: a newcomer takes its slot over, so the table never grows. ASCII only. */
const known: string[] = new Array<string>(knownSlots).fill('')

/** Cut at `max` UTF-16 units, never within a character. */
export function writeText(to: Cursor, value: string, max: number): void {
  const text = value.length > max ? cutText(value, max) : value
  const { length } = text
  if (length < 128) {
    const { buffer } = to
    const start = to.at + 1
    let i = 0
    for (; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 127) break
      buffer[start + i] = unit
    }
    if (i === length) {
      buffer[to.at] = length
      to.at = start + length
      return
    }
  }
  writeUint(to, Buffer.byteLength(text, 'utf8'))
  to.at += to.buffer.write(text, to.at, 'utf8')
}

export function readText(from: Cursor, path: string): string {
  const length = readUint(from, path)
  const start = from.at
  const stop = start + length
  if (stop > from.end) throw cutShort(path)
  from.at = stop
  if (length === 0) return ''
  if (length > knownBytesMax) return from.buffer.toString('utf8', start, stop)
  return readShort(from.buffer, start, stop)
}

function readShort(buffer: Buffer, start: number, stop: number): string {
  let hash = 0x811c9dc5
  for (let i = start; i < stop; i++) {
    const byte = buffer[i]!
    if (byte > 127) return buffer.toString('utf8', start, stop)
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  const slot = (hash ^ (hash >>> 15)) & (knownSlots - 1)
  const before = known[slot]!
  if (same(before, buffer, start, stop)) return before
  const text = buffer.toString('latin1', start, stop)
  known[slot] = text
  return text
}

function same(text: string, buffer: Buffer, start: number, stop: number): boolean {
  if (text.length !== stop - start) return false
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== buffer[start + i]) return false
  return true
}
