/** Load, fold, commit, publish: one partition's state moves here, and only under its guard. */
import { randomUUID } from 'node:crypto'
import type { SchemaCatalogue } from '@holdpoint/contracts'
import type { PartitionMeta } from '@holdpoint/risk'
import type { Logger } from '@holdpoint/runtime'
import { type Opened, StateError, type StateStore } from '@holdpoint/state'
import { type FoldedBatch, foldBatch } from './fold-batch.ts'
import { decodeFetched, type Entry, type FoldContext } from './handle.ts'
import { type LoadedStates, Loader } from './loader.ts'
import type { EntryId, Outbound, Sendable } from './outbound.ts'
import { outboxOf } from './outbox.ts'
import { movedTimers } from './timers.ts'

export interface CommitterDeps {
  readonly generation: number
  readonly store: StateStore
  readonly catalogue: SchemaCatalogue
  readonly context: FoldContext
  /** How many partitions each topic that is published to has. */
  readonly partitions: ReadonlyMap<string, number>
  /** Decoded states to keep at most. */
  readonly statesMax: number
  readonly logger: Logger
  /** ms since the epoch. The fold never sees it. */
  readonly clock: () => number
}

/** What its owner decides and wants to know. */
export interface CommitterOwner {
  /** False once the partition is given up: what is committed then is for the next owner to publish. */
  mayPublish(): boolean
  onCommitted(folded: FoldedBatch): void
}

export class Committer {
  readonly #partition: number
  readonly #deps: CommitterDeps
  readonly #outbound: Outbound
  readonly #owner: CommitterOwner
  readonly #loader: Loader
  #meta: PartitionMeta
  #commitId = ''
  #rebuildUntil = 0
  #trimmed: EntryId | null = null

  constructor(partition: number, deps: CommitterDeps, outbound: Outbound, owner: CommitterOwner) {
    this.#partition = partition
    this.#deps = deps
    this.#outbound = outbound
    this.#owner = owner
    this.#loader = new Loader(deps.store, partition, deps.context.fold, deps.statesMax)
    this.#meta = deps.context.fold.emptyMeta(deps.generation, partition)
  }

  get meta(): PartitionMeta {
    return this.#meta
  }

  /** The offset that is folded next. */
  get position(): number {
    return this.#meta.appliedOffset + 1
  }

  /** Goes on from what the store was found to hold; nothing from before is believed any more. */
  adopt({ commitId }: Opened, meta: PartitionMeta, rebuildUntil: number): void {
    this.#loader.drop()
    this.#commitId = commitId
    this.#meta = meta
    this.#rebuildUntil = rebuildUntil
    this.#trimmed = null
  }

  /** Commits the meta alone, so that an empty partition is known to have begun. False where it was stale. */
  begin(): Promise<boolean> {
    return this.#commit(null, [])
  }

  /**
   * Folds entries and commits them, in one commit. False where the guard was not ours: nothing more of
   * this owner can be right before it has adopted what the store holds.
   * @throws StateError as the store does; after one that is `unknown` nobody knows what was committed
   */
  async apply(taken: readonly Entry[]): Promise<boolean> {
    const first = taken[0]
    if (first === undefined) return true
    const entries =
      first.missingSchema === null ? taken : [await decodeFetched(first, this.#deps.catalogue)]
    try {
      return await this.#foldAndCommit(entries)
    } catch (error) {
      if (!(error instanceof StateError) || error.code !== 'state_invalid') throw error
      return this.#applyApart(entries, error)
    }
  }

  /** What was acknowledged and not yet trimmed from the outbox. */
  get untrimmed(): EntryId | null {
    const { acknowledged } = this.#outbound
    const trimmed = this.#trimmed
    const same = acknowledged?.offset === trimmed?.offset && acknowledged?.index === trimmed?.index
    return same ? null : acknowledged
  }

  /** Trims the outbox, where no commit comes to carry it. Never rejects. */
  async trim(): Promise<void> {
    const upTo = this.untrimmed
    if (upTo === null) return
    try {
      await this.#deps.store.acknowledge(this.#partition, upTo)
      this.#trimmed = upTo
    } catch (error) {
      // The next commit carries it; a next owner would publish the same ids again at worst.
      this.#deps.logger.debug({ error }, 'the outbox was not trimmed')
    }
  }

  async #foldAndCommit(entries: readonly Entry[]): Promise<boolean> {
    const { context, partitions, clock } = this.#deps
    const states = await this.#loader.load(entries, this.#meta, this.#commitId)
    if (states === null) return false
    let folded = foldBatch(context, this.#meta, states, entries)
    // The fold is pure: where it asked for a state that was not loaded, it is simply run again.
    while (!states.complete) {
      if (!(await this.#loader.fill(states, this.#commitId))) return false
      folded = foldBatch(context, this.#meta, states, entries)
    }
    const rebuildUntil = this.#rebuildUntil
    const plan = { partition: this.#partition, partitions, rebuildUntil, now: clock() }
    const outbox = outboxOf(folded.outputs, plan)
    if (!(await this.#commit({ folded, states }, outbox))) return false
    this.#loader.committed(folded.profiles, folded.sessions)
    if (this.#owner.mayPublish()) this.#outbound.send(outbox)
    if (rebuildUntil > 0 && this.position >= rebuildUntil) {
      this.#rebuildUntil = 0
      this.#deps.logger.info('the state is rebuilt')
    }
    this.#owner.onCommitted(folded)
    return true
  }

  /**
   * The store refused a state before it wrote anything, so one record led to a state that cannot be
   * kept. Each goes in a commit of its own, and the one that is refused again is a dead letter.
   */
  async #applyApart(entries: readonly Entry[], error: StateError): Promise<boolean> {
    const [only, ...others] = entries
    if (only !== undefined && others.length === 0) {
      const fault = { stage: 'encode', code: error.code, message: error.message } as const
      return this.#foldAndCommit([{ ...only, record: null, fault }])
    }
    for (const entry of entries) if (!(await this.apply([entry]))) return false
    return true
  }

  /** One commit under the guard. False where it was refused as stale. */
  async #commit(
    batch: { readonly folded: FoldedBatch; readonly states: LoadedStates } | null,
    outbox: readonly Sendable[],
  ): Promise<boolean> {
    const next = randomUUID()
    const acknowledged = this.untrimmed
    const meta = batch?.folded.meta ?? this.#meta
    const before = (key: string) => batch?.states.profiles.get(key) ?? null
    const result = await this.#deps.store.commit(this.#partition, {
      expected: this.#commitId,
      next,
      meta,
      rebuildUntil: meta.appliedOffset + 1 < this.#rebuildUntil ? this.#rebuildUntil : 0,
      profiles: batch === null ? [] : [...batch.folded.profiles],
      sessions: batch === null ? [] : [...batch.folded.sessions],
      stories: batch === null ? [] : [...batch.folded.stories],
      timers: batch === null ? [] : movedTimers(batch.folded.profiles, before),
      outbox: outbox.map(({ entry }) => entry),
      acknowledged,
    })
    if (result === 'stale') return false
    this.#commitId = next
    this.#meta = meta
    this.#trimmed = acknowledged ?? this.#trimmed
    return true
  }
}
