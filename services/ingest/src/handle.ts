/** One raw record in, its wire event or its faults out. */
import {
  decodeRaw,
  type FieldError,
  type RawEvent,
  RegistryUnavailableError,
  type SchemaCatalogue,
} from '@holdpoint/contracts'
import type { Headers, StoredRecord } from '@holdpoint/log'
import type { Fault } from './faults.ts'

export type Decoded =
  | { readonly ok: true; readonly raw: RawEvent }
  | { readonly ok: false; readonly faults: readonly Fault[] }

/**
 * Decodes and validates a raw record. Rejects only with `RegistryUnavailableError`, which is transient;
 * whatever else goes wrong is in the bytes, and repeating it cannot help.
 */
export async function decodeRecord(
  catalogue: SchemaCatalogue,
  topic: string,
  record: StoredRecord,
): Promise<Decoded> {
  try {
    const parsed = await decodeRaw(catalogue, topic, record.value)
    return parsed.ok
      ? { ok: true, raw: parsed.event }
      : { ok: false, faults: decodeFaults(parsed.errors) }
  } catch (error) {
    if (error instanceof RegistryUnavailableError) throw error
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, faults: [{ stage: 'decode', path: '', code: 'not_avro', message }] }
  }
}

export const decodeFaults = (errors: readonly FieldError[]): readonly Fault[] =>
  errors.map(({ path, code, message }) => ({ stage: 'decode', path, code, message }))

/** W3C Trace Context, section 3.2.2: version, trace id, parent id and flags, in lower-case hex. */
const traceparent = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/

/** The header `traceparent` where it is one, to go on with the event; null for any other bytes. */
export function traceparentOf(value: Headers[string] | undefined): string | null {
  const text = value === undefined || Array.isArray(value) ? '' : String(value)
  return traceparent.test(text) ? text : null
}
