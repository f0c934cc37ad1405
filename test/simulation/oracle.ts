/**
 * The fold of a partition's log without any fault. It shares fold and codecs with the engine: what both have
 * wrong is held by the recorded stories, and by folding the log again as if nothing had come twice.
 */
import { encodeDecision, encodeLogRecord, localCatalogue } from '@holdpoint/contracts'
import {
  coreFold,
  decode,
  type FoldContext,
  type FoldedBatch,
  foldBatch,
  MemoryStates,
  type Output,
} from '@holdpoint/engine'
import type { StoredRecord } from '@holdpoint/log'
import {
  defaultPolicy,
  detectors,
  type PartitionMeta,
  type StoryEntry,
  storySignals,
} from '@holdpoint/risk'
import { stateCodec } from '@holdpoint/state'

export const catalogue = localCatalogue()
const codec = stateCodec(detectors)
export const generation = 1

const context: FoldContext = {
  fold: coreFold,
  policy: defaultPolicy,
  encode: (decision) => encodeDecision(catalogue, decision),
}

/** What one record did. */
interface Step {
  readonly meta: PartitionMeta
  readonly profiles: ReadonlyMap<string, Buffer>
  readonly sessions: ReadonlyMap<string, Buffer>
  readonly stories: FoldedBatch['stories']
  readonly outputs: readonly Output[]
}

/** Folds a partition record by record, and remembers what each of them did. */
export class Oracle {
  readonly #states = new MemoryStates()
  readonly #steps: Step[] = []
  #meta: PartitionMeta

  constructor(partition: number) {
    this.#meta = coreFold.emptyMeta(generation, partition)
  }

  get length(): number {
    return this.#steps.length
  }

  /** Goes on with records that follow those before. */
  fold(records: readonly StoredRecord[]): void {
    for (const record of records) {
      const folded = foldBatch(context, this.#meta, this.#states, [decode(record, catalogue)])
      this.#states.lay(folded)
      this.#meta = folded.meta
      const { meta, outputs, stories } = folded
      const profiles = bytesOf(folded.profiles, codec.encodeProfile)
      const sessions = bytesOf(folded.sessions, codec.encodeSession)
      this.#steps.push({ meta, profiles, sessions, stories, outputs })
    }
  }

  /** What the records from `first` to `last` did together. */
  between(first: number, last: number): Step {
    const steps = this.#steps.slice(first, last + 1)
    const profiles = new Map<string, Buffer>()
    const sessions = new Map<string, Buffer>()
    const stories = new Map<string, readonly StoryEntry[]>()
    for (const step of steps) {
      for (const [key, bytes] of step.profiles) profiles.set(key, bytes)
      for (const [key, bytes] of step.sessions) sessions.set(key, bytes)
      for (const [key, told] of step.stories) {
        stories.set(key, [...(stories.get(key) ?? []), ...told].slice(-storySignals))
      }
    }
    const outputs = steps.flatMap((step) => step.outputs)
    return { meta: steps.at(-1)?.meta ?? this.#meta, profiles, sessions, stories, outputs }
  }

  all(): Step {
    return this.between(0, this.#steps.length - 1)
  }

  /** Subjects with a timer, by (due, key). */
  due(): readonly string[] {
    return this.#states.dueSubjects(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  }
}

const bytesOf = <S>(states: ReadonlyMap<string, S>, encode: (state: S) => Buffer) =>
  new Map([...states].map(([key, state]) => [key, encode(state)] as const))

export const encodeProfile = codec.encodeProfile
export const encodeSession = codec.encodeSession

/** The decisions of some outputs, id to bytes. */
export const decisionsOf = (outputs: readonly Output[]): ReadonlyMap<string, string> =>
  new Map(
    outputs.flatMap((output) =>
      output.kind === 'decision'
        ? [[output.decision.decisionId, output.value.toString('latin1')] as const]
        : [],
    ),
  )

/** In the place of a record that came before: a tick that is not newer than any. */
const nothing = encodeLogRecord({ kind: 'tick', t: 0 }, catalogue)

/**
 * The same log as if nothing had come twice: each later record of the same event is replaced by one
 * that does nothing, found by the events' own ids and not by what the fold goes by.
 */
export function withoutRepeats(records: readonly StoredRecord[]): readonly StoredRecord[] {
  const seen = new Set<string>()
  return records.map((record) => {
    const id = eventIdOf(record)
    if (id === null) return record
    if (seen.has(id)) return { ...record, value: nothing }
    seen.add(id)
    return record
  })
}

/** The id of a record's event or order; null for a tick or an unreadable record. */
export function eventIdOf(record: StoredRecord): string | null {
  const { record: decoded } = decode(record, catalogue)
  if (decoded?.kind === 'control') return `control:${decoded.control.id}`
  return decoded?.kind === 'event' ? decoded.event.id : null
}
