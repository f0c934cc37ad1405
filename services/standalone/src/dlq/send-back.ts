/**
 * What is appended, and where, to give a letter's record another try.
 *
 * A producer's record goes back to the partition of the raw topic in which it stood, with its key, value and
 * headers byte for byte: it gets an offset of its own there, and ingest takes it as it takes any other.
 *
 * A record of `holdpoint.events` cannot go back as it is: it carries its origin, and the partition has folded
 * later ones, so it would be ignored as a repeat. Nor can its raw record be sent again in its stead: what came by
 * HTTP has none, and raw topics are kept for half as long as letters are. So the event is appended anew without
 * its origin, and the ring of ids alone guards against its repeat. It is received anew, too: with its old
 * `receivedAt` it would pass for punctual, and an hours-old event could ask for a step-up now. Received now, it
 * is late by the same rules as every other, teaches and alerts, and decides by conclusive reasons only.
 */
import {
  CodecError,
  decodeLogRecord,
  encodeLogRecord,
  partitionOf,
  recordKey,
  type SchemaCatalogue,
  topics,
} from '@holdpoint/contracts'
import { isTooOld } from '@holdpoint/ingest'
import type { Headers, NewRecord } from '@holdpoint/log'
import type { LogRecord } from '@holdpoint/risk'
import {
  isInternal,
  type Letter,
  ownHeaders,
  redriveAttempts,
  redriveOf,
  topicOf,
} from './letter.ts'

/** Why a letter is left where it is. Each is a sentence of the summary. */
export const leftReasons = {
  sent_back_before: 'sent back before: --again or --only sends them once more',
  bytes_at_fault: 'nothing but other bytes can mend them: --code or --only tries nevertheless',
  not_whole: 'kept without their value, which was too large: their producer has to send them',
  no_origin: 'name no topic that they could go back to',
  unreadable: 'this release cannot read them either',
  order:
    'are orders of operators, and a later one may stand: give them again with holdpoint control',
  tick: 'are ticks: later ones have done their work',
  too_old: 'occurred more than 24 hours ago',
  too_large: 'are larger than their topic takes',
} as const

export type LeftReason = keyof typeof leftReasons

export type Return =
  | { readonly left: null; readonly topic: string; readonly record: NewRecord }
  | { readonly left: LeftReason }

/** What can have become right since, though the bytes are the same: a session known, a schema registered, a release mended. */
export const mendable: ReadonlySet<string> = new Set([
  'unknown_session',
  'schema_unknown',
  'schema_unsupported',
  'unknown_type',
  'unknown_kind',
  'internal_error',
  'not_encodable',
  'undecodable',
  'fold_exception',
  'state_invalid',
])

/** Ingest wrote the records of the internal log, so none of their faults is a producer's. */
export const isMendable = (letter: Letter): boolean =>
  mendable.has(letter.code) || isInternal(letter)

export interface ReturnDeps {
  /** How many partitions each topic has that letters go back to. */
  readonly partitions: ReadonlyMap<string, number>
  /** Opened when a record of the internal log is met first. */
  readonly catalogue: () => Promise<SchemaCatalogue>
  /** ms since the epoch. */
  readonly now: () => number
}

/**
 * What to append for a letter.
 * @throws RegistryUnavailableError where its schema cannot be fetched now
 */
export async function returnOf(letter: Letter, deps: ReturnDeps): Promise<Return> {
  if (letter.truncated !== '') return { left: 'not_whole' }
  if (letter.from?.topic === topics.control) return { left: 'order' }
  const topic = topicOf(letter.at.topic)
  const partitions = deps.partitions.get(topic)
  // Only ingest and engine write letters, of this one topic: what says otherwise is not theirs.
  if (letter.from?.topic !== topic || partitions === undefined) return { left: 'no_origin' }
  if (isInternal(letter)) return internalReturn(letter, partitions, deps)
  const { key, value } = letter.record
  const { partition } = letter.from
  // Where its producer had put it, whatever the partitioner; only a topic made anew may have fewer partitions.
  const record = { partition: partition % partitions, key, value, headers: headersOf(letter) }
  return { left: null, topic, record }
}

async function internalReturn(
  letter: Letter,
  partitions: number,
  { catalogue, now }: ReturnDeps,
): Promise<Return> {
  const schemas = await catalogue()
  const found = await readLogRecord(letter.record.value, schemas)
  if (found === null) return { left: 'unreadable' }
  if (found.kind === 'tick') return { left: 'tick' }
  if (found.kind === 'control') return { left: 'order' }
  const receivedAt = now()
  if (isTooOld(found.event, receivedAt)) return { left: 'too_old' }
  const event = { ...found.event, receivedAt }
  const key = recordKey(event.tenant, event.subject.id)
  const record = {
    partition: partitionOf(key, partitions),
    key: Buffer.from(key),
    value: encodeLogRecord({ kind: 'event', event, origin: null }, schemas),
    headers: headersOf(letter),
  }
  return { left: null, topic: topics.internal, record }
}

/** null where the bytes are none that this release reads. */
async function readLogRecord(
  value: Buffer | null,
  catalogue: SchemaCatalogue,
): Promise<LogRecord | null> {
  if (value === null) return null
  try {
    return decodeLogRecord(value, catalogue)
  } catch (error) {
    if (!(error instanceof CodecError) || error.schemaId === null) return null
    const schema = await catalogue.fetch(error.schemaId)
    return schema === null ? null : readLogRecord(value, catalogue)
  }
}

const headersOf = (letter: Letter): Headers => ({
  ...ownHeaders(letter.record.headers),
  [redriveOf]: `${letter.at.topic}:${letter.at.partition}:${letter.at.offset}`,
  [redriveAttempts]: String(letter.redriven + 1),
})
