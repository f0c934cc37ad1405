import type { Logger } from '@holdpoint/runtime'
import type { StateStore } from '@holdpoint/state'
import { type Brake, Gate } from './gate.ts'
import type { EngineMetrics } from './metrics.ts'

const warnShare = 0.75
const fullShare = 0.92

/** A full store refuses every commit: folding waits before that, so that what is there can still be trimmed. */
export class StorePressure implements Brake {
  readonly room = new Gate()
  readonly #store: Pick<StateStore, 'usage'>
  readonly #metrics: EngineMetrics
  readonly #logger: Logger
  #share = 0

  constructor(store: Pick<StateStore, 'usage'>, metrics: EngineMetrics, logger: Logger) {
    this.#store = store
    this.#metrics = metrics
    this.#logger = logger
  }

  get full(): boolean {
    return this.#share >= fullShare
  }

  /** What an operator is told; null where there is room. */
  get complaint(): string | null {
    return this.full
      ? `the store is ${percent(this.#share)} full, folding waits until it is below ${percent(fullShare)}: give it more memory`
      : null
  }

  /** Reads how full the store is. Never rejects: one that gives no answer is as full as it was. */
  async look(): Promise<void> {
    try {
      const { usedBytes, maxBytes } = await this.#store.usage()
      this.#take(maxBytes === 0 ? 0 : usedBytes / maxBytes)
    } catch (error) {
      this.#logger.debug({ error }, 'the memory of the store cannot be read')
    }
  }

  #take(share: number): void {
    const before = this.#share
    this.#share = share
    this.#metrics.storeUsed.set(share)
    if (this.full && before < fullShare) this.#logger.error(this.complaint ?? '')
    else if (share >= warnShare && before < warnShare) {
      this.#logger.warn(`the store is ${percent(share)} full: give it more memory`)
    }
    if (!this.full) this.room.open()
  }
}

const percent = (share: number): string => `${Math.floor(share * 100)} %`
