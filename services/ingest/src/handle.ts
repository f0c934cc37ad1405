/** One raw record in, its wire event or its faults out. */
import {
  decodeRaw,
  type FieldError,
  type RawEvent,
  RegistryUnavailableError,
  type SchemaCatalogue,
} from '@holdpoint/contracts'
import type { StoredRecord } from '@holdpoint/log'
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
