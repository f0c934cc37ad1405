/** A replay whose decisions are held against what its events are known to be. */
import type { RawEvent } from '@holdpoint/contracts'
import type { Enrichment } from '@holdpoint/ingest'
import type { Policy } from '@holdpoint/risk'
import { Replay, type Taken } from '../replay/replay.ts'
import { Evaluator } from './evaluator.ts'
import type { Label } from './label.ts'
import type { Report } from './report.ts'

export interface BacktestOptions {
  readonly enrichment: Enrichment
  readonly partitions?: number
  /** The shipped policy, if it is not given. */
  readonly policy?: Policy
}

export class Backtest {
  readonly #replay: Replay
  readonly #evaluator = new Evaluator()

  constructor(options: BacktestOptions) {
    this.#replay = new Replay(options)
  }

  /**
   * Folds one event and counts what comes of it. Calls must not overlap.
   * @param label null where nothing is known of the event
   */
  async take(raw: RawEvent, label: Label | null): Promise<Taken> {
    const taken = await this.#replay.take(raw)
    if (taken.ok) this.#evaluator.take(raw, label, taken.decisions)
    return taken
  }

  /** What all came to. To be called once, after the last event. */
  report(): Report {
    return this.#evaluator.report()
  }
}
