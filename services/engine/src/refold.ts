/** Folds a log without a store: the oracle that an engine's decisions are held against. */
import type { SchemaCatalogue } from '@holdpoint/contracts'
import type { StoredRecord } from '@holdpoint/log'
import type { PartitionMeta, Profile, Session, States } from '@holdpoint/risk'
import { type FoldedBatch, foldBatch, type Output } from './fold-batch.ts'
import { decode, type FoldContext } from './handle.ts'
import { earliestDue } from './timers.ts'

export interface Refolded {
  readonly meta: PartitionMeta
  readonly profiles: ReadonlyMap<string, Profile>
  readonly sessions: ReadonlyMap<string, Session>
  /** Every decision and dead letter, in the order of the log. */
  readonly outputs: readonly Output[]
}

/** Folds the records of one partition, in order, from nothing. Keeps every state in memory. */
export function refold(
  context: FoldContext,
  at: { readonly generation: number; readonly partition: number },
  records: Iterable<StoredRecord>,
  catalogue: SchemaCatalogue,
): Refolded {
  const states = new MemoryStates()
  const outputs: Output[] = []
  let meta = context.fold.emptyMeta(at.generation, at.partition)
  for (const stored of records) {
    const folded = foldBatch(context, meta, states, [decode(stored, catalogue)])
    states.lay(folded)
    outputs.push(...folded.outputs)
    meta = folded.meta
  }
  return { meta, profiles: states.profiles, sessions: states.sessions, outputs }
}

/** States of one partition in memory; `lay` takes what a batch has changed. */
export class MemoryStates implements States {
  readonly profiles = new Map<string, Profile>()
  readonly sessions = new Map<string, Session>()
  readonly #timers = new Map<string, number>()
  #origins: PartitionMeta['origins'] = {}

  profile(key: string): Profile | null {
    return this.profiles.get(key) ?? null
  }

  session(key: string): Session | null {
    return this.sessions.get(key) ?? null
  }

  origin(rawPartition: string): number {
    return this.#origins[rawPartition] ?? -1
  }

  dueSubjects(t: number, limit: number): readonly string[] {
    return [...this.#timers]
      .filter(([, due]) => due <= t)
      .sort(([a, dueA], [b, dueB]) => dueA - dueB || (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([key]) => key)
  }

  lay({ meta, profiles, sessions }: FoldedBatch): void {
    this.#origins = meta.origins
    for (const [key, session] of sessions) this.sessions.set(key, session)
    for (const [key, profile] of profiles) {
      this.profiles.set(key, profile)
      const due = earliestDue(profile)
      if (due === null) this.#timers.delete(key)
      else this.#timers.set(key, due)
    }
  }
}
