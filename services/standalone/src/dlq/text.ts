/** What others wrote, made fit for a terminal without losing a byte of it. */
import { isUtf8 } from 'node:buffer'

/** Control, format, private and unpaired characters, and those that end a line. */
const unfit = /[\p{C}\p{Zl}\p{Zp}]/gu

/** One line: a character that could begin another, colour it or turn it around shows as `\u{1b}`. */
export const escaped = (text: string): string =>
  text.replace(unfit, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)

/** A value as one line of JSON that says the same and steers no terminal. */
export const jsonLine = (value: unknown): string => JSON.stringify(value).replace(unfit, jsonEscape)

const jsonEscape = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')

/** Bytes as JSON has them: a text where they are one, else base64. */
export const bytesToJson = (bytes: Buffer): string | { readonly base64: string } =>
  isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') }

/** A key or header as one line. */
export const bytesToLine = (bytes: Buffer): string =>
  isUtf8(bytes) ? escaped(bytes.toString('utf8')) : `0x${bytes.toString('hex')}`

const previewBytes = 512
const bytesPerLine = 16

/** The beginning of a value, as text where it is one, else in hex. */
export function preview(bytes: Buffer): readonly string[] {
  const head = bytes.subarray(0, previewBytes)
  const more = bytes.length - head.length
  const lines = isUtf8(bytes)
    ? escaped(new TextDecoder().decode(head).replace(/\ufffd+$/u, '')).match(/.{1,100}/gsu)
    : Array.from({ length: Math.ceil(head.length / bytesPerLine) }, (_, line) =>
        hexLine(head, line * bytesPerLine),
      )
  return [...(lines ?? []), ...(more > 0 ? [`... ${more} bytes more; --raw FILE keeps them`] : [])]
}

function hexLine(bytes: Buffer, from: number): string {
  const part = bytes.subarray(from, from + bytesPerLine)
  const hex = [...part].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  const text = [...part].map((byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.',
  )
  return `${from.toString(16).padStart(4, '0')}  ${hex.padEnd(bytesPerLine * 3 - 1)}  ${text.join('')}`
}

/** ISO 8601 in UTC; the bare number where a record states a time that no calendar has. */
export const timeText = (ms: number): string =>
  Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms)

/** Rows in aligned columns. */
export function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
