/** One message in, one disposition out: folded, or a dead letter with the reason. */
import {
  CodecError,
  decodeLogRecord,
  encodeAlert,
  type SchemaCatalogue,
} from '@holdpoint/contracts'
import type { StoredRecord } from '@holdpoint/log'
import type {
  Decision,
  FoldResult,
  LogRecord,
  PartitionMeta,
  Policy,
  States,
} from '@holdpoint/risk'
import type { Fold } from './fold.ts'

/** Why a record is a dead letter: a code of `CodecError`, or `undecodable` or `fold_exception`. */
export interface Fault {
  readonly stage: 'decode' | 'fold' | 'encode'
  readonly code: string
  readonly message: string
}

/** A record taken from the log: decoded, or with the reason why it cannot be. */
export interface Entry {
  readonly stored: StoredRecord
  readonly record: LogRecord | null
  readonly fault: Fault | null
  /** The schema that must be fetched before this record can be judged; null where none is missing. */
  readonly missingSchema: number | null
}

/** What a fold needs besides state and records. Pure, all of it. */
export interface FoldContext {
  readonly fold: Fold
  readonly policy: Policy
  /** A decision as it will be on the wire. */
  readonly encode: (decision: Decision) => Buffer
}

export type Handled =
  | {
      readonly result: FoldResult
      /** Of the decisions, then of the alerts. */
      readonly values: readonly Buffer[]
      readonly fault: null
    }
  | { readonly result: null; readonly fault: Fault }

/** Decodes a record of `holdpoint.events`. Total: what cannot be read comes back with its fault. */
export function decode(stored: StoredRecord, catalogue: SchemaCatalogue): Entry {
  if (stored.value === null) return { stored, record: null, fault: noValue, missingSchema: null }
  try {
    const record = decodeLogRecord(stored.value, catalogue)
    return { stored, record, fault: null, missingSchema: null }
  } catch (error) {
    const fault = faultOf('decode', 'undecodable', error)
    return { stored, record: null, fault, missingSchema: missingSchemaOf(error) }
  }
}

/**
 * Decodes again after fetching the schema that was missing. A schema that the registry does not know
 * makes the record a dead letter.
 * @throws RegistryUnavailableError where nobody can tell now
 */
export async function decodeFetched(entry: Entry, catalogue: SchemaCatalogue): Promise<Entry> {
  if (entry.missingSchema === null) return entry
  const schema = await catalogue.fetch(entry.missingSchema)
  return schema === null ? { ...entry, missingSchema: null } : decode(entry.stored, catalogue)
}

/**
 * Folds one record and encodes what it decided, before any of it is laid over the states: a record
 * that fails at either leaves no trace but its dead letter.
 * @throws whatever else keeps a decision from being encoded now, as a catalogue without its schema
 */
export function handle(
  context: FoldContext,
  meta: PartitionMeta,
  entry: Entry,
  states: States,
): Handled {
  if (entry.record === null) return { result: null, fault: entry.fault ?? noValue }
  let result: FoldResult
  try {
    const placed = { offset: entry.stored.offset, record: entry.record }
    result = context.fold.foldPartition(meta, placed, states, context.policy)
  } catch (error) {
    return { result: null, fault: faultOf('fold', 'fold_exception', error) }
  }
  if (result.decisions.length + result.alerts.length === 0) {
    return { result, values: none, fault: null }
  }
  // The fold knows keyed hashes only: what an alert says of the address comes from the record.
  const address = (entry.record.kind === 'event' && entry.record.address) || ''
  try {
    const alerts = result.alerts.map((alert) => encodeAlert(alert, address))
    return { result, values: [...result.decisions.map(context.encode), ...alerts], fault: null }
  } catch (error) {
    // Only what no repeat can mend is the record's own fault.
    if (!(error instanceof CodecError) || error.code !== 'not_encodable') throw error
    return { result: null, fault: faultOf('encode', 'not_encodable', error) }
  }
}

const none: readonly Buffer[] = []
const noValue: Fault = { stage: 'decode', code: 'null_value', message: 'the record has no value' }

function missingSchemaOf(error: unknown): number | null {
  return error instanceof CodecError && error.code === 'schema_unknown' ? error.schemaId : null
}

function faultOf(stage: Fault['stage'], fallback: string, error: unknown): Fault {
  const code = error instanceof CodecError ? error.code : fallback
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return { stage, code, message: message.slice(0, 256) }
}
