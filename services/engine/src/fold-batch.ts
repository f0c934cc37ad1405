/**
 * Folds a batch of records over states, purely: what the engine does between load and commit, and
 * what anybody does who refolds a log to compare.
 */
import type { Headers, HeaderValue } from '@holdpoint/log'
import {
  type Alert,
  type Decision,
  type FoldResult,
  type KeptBack,
  type PartitionMeta,
  type Profile,
  type Session,
  type States,
  type StoryEntry,
  storySignals,
} from '@holdpoint/risk'
import { type Entry, type Fault, type FoldContext, handle } from './handle.ts'

/** What a batch gives to publish, in the order of the log. */
export type Output =
  | {
      readonly kind: 'decision'
      readonly offset: number
      /** Index within the offset: with it, the entry's id. */
      readonly index: number
      readonly decision: Decision
      readonly value: Buffer
      /** Why apps must not act on it; null where they must. */
      readonly keptBack: KeptBack | null
      /** When ingest received the cause, ms; 0 where the cause is a tick. */
      readonly receivedAt: number
      /** The cause's W3C trace context; null where it has none. */
      readonly traceparent: HeaderValue | null
    }
  | {
      readonly kind: 'alert'
      readonly offset: number
      /** Counted on after the decisions of the same record. */
      readonly index: number
      readonly alert: Alert
      readonly value: Buffer
      readonly receivedAt: number
      readonly traceparent: HeaderValue | null
    }
  | {
      readonly kind: 'dead-letter'
      readonly offset: number
      readonly index: number
      readonly entry: Entry
      readonly fault: Fault
    }

export interface FoldedBatch {
  readonly meta: PartitionMeta
  /** Each changed state once, as it is after the batch. */
  readonly profiles: ReadonlyMap<string, Profile>
  readonly sessions: ReadonlyMap<string, Session>
  /** What was found in each session, in order; the last `storySignals` of it. */
  readonly stories: ReadonlyMap<string, readonly StoryEntry[]>
  readonly outputs: readonly Output[]
  /** Counts for metrics: events by outcome (`dead_letter` among them), findings by reason, blindness by detector. */
  readonly outcomes: ReadonlyMap<string, number>
  readonly signals: ReadonlyMap<string, number>
  readonly blind: ReadonlyMap<string, number>
}

/**
 * Folds records in order over `base`, which stays as it is. A tick may stand first only, since the
 * timers that it fires are read before the batch.
 * @throws Error where a tick stands elsewhere
 */
export function foldBatch(
  context: FoldContext,
  meta: PartitionMeta,
  base: States,
  entries: readonly Entry[],
): FoldedBatch {
  const overlay = new Overlay(base)
  const outputs: Output[] = []
  const outcomes = new Map<string, number>()
  const signals = new Map<string, number>()
  const blind = new Map<string, number>()
  let current = meta
  for (const [position, entry] of entries.entries()) {
    if (position > 0 && entry.record?.kind === 'tick') {
      throw new Error(`a tick stands inside a batch (offset ${entry.stored.offset})`)
    }
    const { offset } = entry.stored
    const handled = handle(context, current, entry, overlay)
    if (handled.fault !== null) {
      current = { ...current, appliedOffset: offset }
      outputs.push({ kind: 'dead-letter', offset, index: 0, entry, fault: handled.fault })
      count(outcomes, 'dead_letter')
      continue
    }
    const { result, values } = handled
    current = result.meta
    overlay.lay(result)
    count(outcomes, result.outcome)
    for (const signal of result.signals) count(signals, signal.reason)
    for (const detector of result.blind) count(blind, detector)
    if (values.length === 0) continue
    const receivedAt = entry.record?.kind === 'event' ? entry.record.event.receivedAt : 0
    const traceparent = traceparentOf(entry.stored.headers)
    for (const [index, decision] of result.decisions.entries()) {
      const value = values[index]!
      const keptBack = result.keptBack.get(index) ?? null
      const placed = { kind: 'decision', offset, index } as const
      outputs.push({ ...placed, decision, value, keptBack, receivedAt, traceparent })
    }
    for (const [n, alert] of result.alerts.entries()) {
      const index = result.decisions.length + n
      const value = values[index]!
      outputs.push({ kind: 'alert', offset, index, alert, value, receivedAt, traceparent })
    }
  }
  const { profiles, sessions, stories } = overlay
  const closing = overlay.closing(current)
  return { meta: closing, profiles, sessions, stories, outputs, outcomes, signals, blind }
}

/** W3C Trace Context section 3.2: a record that has it more than once has none that can be told. */
function traceparentOf(headers: Headers): HeaderValue | null {
  const { traceparent } = headers
  return typeof traceparent === 'string' || Buffer.isBuffer(traceparent) ? traceparent : null
}

/** What a batch has changed, over what was before it. */
class Overlay implements States {
  readonly profiles = new Map<string, Profile>()
  readonly sessions = new Map<string, Session>()
  readonly stories = new Map<string, readonly StoryEntry[]>()
  readonly #origins = new Map<string, number>()
  readonly #base: States

  constructor(base: States) {
    this.#base = base
  }

  profile(key: string): Profile | null {
    return this.profiles.get(key) ?? this.#base.profile(key)
  }

  session(key: string): Session | null {
    return this.sessions.get(key) ?? this.#base.session(key)
  }

  origin(rawPartition: string): number {
    return this.#origins.get(rawPartition) ?? this.#base.origin(rawPartition)
  }

  dueSubjects(t: number, limit: number): readonly string[] {
    return this.#base.dueSubjects(t, limit)
  }

  lay(result: FoldResult): void {
    for (const [key, profile] of result.profiles) this.profiles.set(key, profile)
    for (const [key, session] of result.sessions) this.sessions.set(key, session)
    for (const [key, entry] of result.story) {
      this.stories.set(key, [...(this.stories.get(key) ?? []), entry].slice(-storySignals))
    }
    if (result.origin !== null) this.#origins.set(result.origin.key, result.origin.offset)
  }

  /** The meta to commit: origins are merged once a batch, not once a record. */
  closing(meta: PartitionMeta): PartitionMeta {
    if (this.#origins.size === 0) return meta
    return { ...meta, origins: { ...meta.origins, ...Object.fromEntries(this.#origins) } }
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
