/**
 * Recorded events folded in this process, in file order, without a log between: partitions, offsets
 * and ticks are assigned as ingest would append them, and the records go through the same codec, so
 * decisions and ids are those of the real stack with the clock `recorded`.
 */
import {
  encodeDecision,
  encodeLogRecord,
  localCatalogue,
  type RawEvent,
  type SchemaCatalogue,
  topics,
  topicTable,
} from '@holdpoint/contracts'
import {
  coreFold,
  decode,
  type Fold,
  type FoldContext,
  foldBatch,
  MemoryStates,
} from '@holdpoint/engine'
import {
  type AdmitDeps,
  admit,
  type Clock,
  createFacts,
  createHasher,
  createSubjects,
  type Enrichment,
  type Fault,
  recordedClock,
} from '@holdpoint/ingest'
import {
  type Decision,
  defaultPolicy,
  type PartitionMeta,
  type Policy,
  sessionLifeMs,
} from '@holdpoint/risk'
import { embeddedRecentCounts, embeddedSessionIndex } from '@holdpoint/state'

/** Partitions of the internal log as shipped: another number gives other ids. */
export const replayPartitions: number =
  topicTable.find(({ name }) => name === topics.internal)?.partitions ?? 1

/** Keeps the state of one run apart from nobody's: hashes are compared within it only. */
const hashKey = 'holdpoint replay: one run, one state'
const generation = 1
/** Time in the record between two looks for what is over. */
const forgetEveryMs = 3_600_000
/** As long as a store keeps a session that nobody touches. */
const sessionKeptMs = sessionLifeMs + 7 * 24 * 3_600_000
/** Sessions whose subject is remembered, for events that name none. */
const indexedSessionsMax = 1_000_000

/** Networks and devices that are counted by at once. */
const countedKeysMax = 200_000

/** In memory a count can fail for a fault of the code alone, and then no decision is to be trusted. */
const uncounted = (_what: string, error: unknown): never => {
  throw error
}

export type Taken =
  | {
      readonly ok: true
      readonly decisions: readonly Decision[]
      /** What the SOC is told, one JSON text each. */
      readonly alerts: readonly string[]
    }
  | { readonly ok: false; readonly fault: Fault }

interface Told {
  readonly decisions: Decision[]
  readonly alerts: string[]
}

interface Partition {
  readonly states: MemoryStates
  meta: PartitionMeta
  nextOffset: number
}

export interface ReplayOptions {
  readonly enrichment: Enrichment
  readonly partitions?: number
  /** The shipped one, if it is not given. */
  readonly policy?: Policy
  /** The shipped core, if it is not given: another to measure it by, or to see what it is handed. */
  readonly fold?: Fold
  /** Takes also what apps must not act on: what went to `session.shadow`. */
  readonly all?: boolean
}

export class Replay {
  readonly #catalogue: SchemaCatalogue = localCatalogue()
  readonly #clock: Clock = recordedClock()
  readonly #admission: AdmitDeps
  readonly #partitions: readonly Partition[]
  readonly #context: FoldContext
  #forgotAt = Number.NEGATIVE_INFINITY

  readonly #all: boolean

  constructor(options: ReplayOptions) {
    const { enrichment, partitions = replayPartitions } = options
    const { policy = defaultPolicy, fold = coreFold } = options
    this.#all = options.all ?? false
    const index = embeddedSessionIndex({ entriesMax: indexedSessionsMax })
    const hasher = createHasher(hashKey)
    const clock = this.#clock
    const recent = embeddedRecentCounts({ keysMax: countedKeysMax })
    this.#admission = {
      subjects: createSubjects(index),
      facts: createFacts({ recent, enrichment, hasher, clock, onFailure: uncounted }),
      enrichment,
      hasher,
      clock,
      catalogue: this.#catalogue,
      partitions,
    }
    this.#partitions = Array.from({ length: partitions }, (_, partition) => ({
      states: new MemoryStates(),
      meta: fold.emptyMeta(generation, partition),
      nextOffset: 0,
    }))
    this.#context = {
      fold,
      policy,
      encode: (decision) => encodeDecision(this.#catalogue, decision),
    }
  }

  /** Folds one event, and before it the ticks that it brings. Calls must not overlap. */
  async take(raw: RawEvent): Promise<Taken> {
    const { dispositions, remember } = await admit(
      raw.tenant,
      [{ raw, origin: null, traceparent: null }],
      this.#admission,
    )
    const disposition = dispositions[0]
    if (disposition === undefined) throw new Error('an event was admitted without a disposition')
    if (disposition.kind !== 'ok') return { ok: false, fault: disposition.fault }
    await remember()
    const told: Told = { decisions: [], alerts: [] }
    const { receivedAt, record } = disposition.placed
    this.#tick(receivedAt, told)
    this.#append(record.partition, record.value, told)
    return { ok: true, ...told }
  }

  #tick(receivedAt: number, told: Told): void {
    const t = this.#clock.tickBefore(receivedAt)
    if (t === null) return
    if (t - this.#forgotAt >= forgetEveryMs) this.#forget(t)
    const value = encodeLogRecord({ kind: 'tick', t }, this.#catalogue)
    for (let partition = 0; partition < this.#partitions.length; partition += 1) {
      this.#append(partition, value, told)
    }
  }

  /** Drops what a store has dropped by then: else a long record would fill the memory with sessions long over. */
  #forget(t: number): void {
    this.#forgotAt = t
    for (const { states } of this.#partitions) {
      for (const [key, { lastSeen }] of states.sessions) {
        if (t - lastSeen > sessionKeptMs) states.sessions.delete(key)
      }
    }
  }

  #append(at: number, value: Buffer | null, told: Told): void {
    const partition = this.#partitions[at]
    if (partition === undefined) throw new RangeError(`no partition ${at}`)
    const offset = partition.nextOffset
    partition.nextOffset += 1
    const stored = { offset, timestamp: 0, key: null, value, headers: {} }
    const entry = decode(stored, this.#catalogue)
    const folded = foldBatch(this.#context, partition.meta, partition.states, [entry])
    partition.states.lay(folded)
    partition.meta = folded.meta
    for (const output of folded.outputs) {
      if (output.kind === 'dead-letter')
        throw new Error(`${output.fault.code}: ${output.fault.message}`)
      if (output.kind === 'alert') told.alerts.push(output.value.toString())
      else if (this.#all || output.keptBack === null) told.decisions.push(output.decision)
    }
  }
}
