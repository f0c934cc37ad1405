/**
 * From valid wire events to records of the internal log, in order: whose they are, what is known of
 * their address and client, and in which partition they belong.
 */
import {
  CodecError,
  encodeLogRecord,
  partitionOf,
  type RawEvent,
  recordKey,
  type SchemaCatalogue,
} from '@holdpoint/contracts'
import type { NewRecord } from '@holdpoint/log'
import type { Facts, LogRecord, Origin } from '@holdpoint/risk'
import type { Clock } from './clock.ts'
import type { Enrichment } from './enrichment.ts'
import type { FactsAcrossSubjects } from './facts.ts'
import type { Fault } from './faults.ts'
import type { Hasher } from './hash.ts'
import { normalise } from './normalise.ts'
import type { Resolved, Subjects } from './subjects.ts'

export interface Incoming {
  readonly raw: RawEvent
  /** Where it stood; null for what came by HTTP. */
  readonly origin: Origin | null
  /** The trace that the event belongs to (W3C Trace Context), which goes on with its record. */
  readonly traceparent?: string | null
}

/** A record of the internal log that is ready to be appended. */
export interface Placed {
  /** ms. */
  readonly receivedAt: number
  readonly record: NewRecord
}

/** What becomes of an event: it is appended, asked about again (`retry`), or refused. */
export type Disposition =
  | { readonly kind: 'ok'; readonly placed: Placed }
  | { readonly kind: 'retry'; readonly fault: Fault }
  | { readonly kind: 'dead-letter'; readonly fault: Fault }

export interface Admitted {
  /** One for each event, in order. */
  readonly dispositions: readonly Disposition[]
  /** Writes the sessions that these events begin: before any of them is appended. */
  readonly remember: () => Promise<void>
}

export interface AdmitDeps {
  readonly subjects: Subjects
  readonly facts: FactsAcrossSubjects
  readonly enrichment: Enrichment
  readonly hasher: Hasher
  readonly clock: Clock
  readonly catalogue: SchemaCatalogue
  /** Of the internal log. */
  readonly partitions: number
}

const unknownSession: Fault = {
  stage: 'resolve',
  path: 'sessionId',
  code: 'unknown_session',
  message:
    'no login with this sessionId is known: send its login first, or send subject.id with the event',
}

/** Judges and places a tenant's events. Rejects where the session index does not answer, which is transient. */
export async function admit(
  tenant: string,
  incoming: readonly Incoming[],
  deps: AdmitDeps,
): Promise<Admitted> {
  const events = incoming.map(({ raw }) => raw)
  const [resolutions, stamps] = await Promise.all([
    deps.subjects.resolve(tenant, events),
    deps.facts.stamps(tenant, events),
  ])
  const dispositions = incoming.map((item, at): Disposition => {
    const resolution = resolutions.list[at] ?? 'unknown_session'
    if (resolution === 'unknown_session') return { kind: 'retry', fault: unknownSession }
    return place(tenant, item, { ...resolution, facts: stamps[at] ?? null }, deps)
  })
  return { dispositions, remember: resolutions.remember }
}

function place(
  tenant: string,
  item: Incoming,
  resolved: Resolved & { readonly facts: Facts | null },
  deps: AdmitDeps,
): Disposition {
  try {
    const { subject, claimedSubject, facts } = resolved
    const receivedAt = deps.clock.receivedAt(item.raw)
    const context = { tenant, receivedAt, subject, claimedSubject, facts }
    const normalised = normalise(item.raw, context, deps.enrichment, deps.hasher)
    if (!normalised.ok) return { kind: 'dead-letter', fault: normalised.fault }
    // Where the index decided, the record could go to another partition when it is read again, or
    // later than its successors: an origin would then mark a first appearance as a repeat.
    const origin = resolved.byIndex ? null : item.origin
    const { event } = normalised
    const address = item.raw.client?.ip
    const record: LogRecord = address
      ? { kind: 'event', event, origin, address }
      : { kind: 'event', event, origin }
    const value = encodeLogRecord(record, deps.catalogue)
    const key = recordKey(tenant, subject.id)
    const partition = partitionOf(key, deps.partitions)
    const { traceparent } = item
    const trace = traceparent ? { headers: { traceparent } } : {}
    return {
      kind: 'ok',
      placed: { receivedAt, record: { partition, key: Buffer.from(key), value, ...trace } },
    }
  } catch (error) {
    return { kind: 'dead-letter', fault: exceptionFault(error) }
  }
}

/** An event on which the code fails would fail again: it must not hold its partition. */
function exceptionFault(error: unknown): Fault {
  return error instanceof CodecError
    ? { stage: 'encode', path: '', code: error.code, message: error.message }
    : {
        stage: 'normalise',
        path: '',
        code: 'internal_error',
        message: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown exception',
      }
}
