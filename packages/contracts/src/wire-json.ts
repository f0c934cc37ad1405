/** Events as JSON bytes. */
import { isUtf8 } from 'node:buffer'
import type { ErrorCode } from './errors.ts'
import { type ParseResult, parseRawEvent } from './wire-event.ts'
import { eventBytesMax } from './wire-limits.ts'

/** One event as JSON bytes (UTF-8, at most 64 KiB). */
export function parseRawJson(bytes: Buffer): ParseResult {
  const json = readJson(bytes)
  return json.ok ? parseRawEvent(json.value) : json
}

/** Bytes to a JSON value, within the limit of size. */
export function readJson(
  bytes: Buffer,
): { readonly ok: true; readonly value: unknown } | Extract<ParseResult, { ok: false }> {
  if (bytes.length > eventBytesMax) return tooLarge(bytes.length)
  if (!isUtf8(bytes)) return refused('not_json', 'expected JSON in UTF-8: the bytes are not UTF-8')
  try {
    return { ok: true, value: JSON.parse(bytes.toString('utf8')) }
  } catch {
    // The parser's own message quotes the text, which may hold personal data.
    return refused('not_json', 'expected one JSON object: check quotes, commas and braces')
  }
}

/** A refusal of the record as a whole. */
export const refused = (code: ErrorCode, message: string): Extract<ParseResult, { ok: false }> => ({
  ok: false,
  errors: [{ path: '', code, message }],
})

export const tooLarge = (bytes: number): Extract<ParseResult, { ok: false }> =>
  refused(
    'too_large',
    `expected at most ${eventBytesMax} bytes for an event, got ${bytes}: send less`,
  )
