import { StoppedError, sleep, untilDone } from './backoff.ts'

export type OnFailure = (what: string, error: unknown, attempts: number) => void

/** Work that is done one piece after the other, until it is stopped. */
export class Lane {
  readonly #onFailure: OnFailure
  readonly #stopping = new AbortController()
  #last: Promise<void> = Promise.resolve()

  constructor(onFailure: OnFailure) {
    this.#onFailure = onFailure
  }

  get stopping(): boolean {
    return this.#stopping.signal.aborted
  }

  /**
   * Does `work` when what was given before is done. Resolves also where a stop gives it up (`StoppedError`),
   * and rejects on a fault of the code: what is transient is tried again by `untilDone` within it.
   */
  run(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(async () => {
      if (this.stopping) return
      try {
        await work()
      } catch (error) {
        if (error instanceof StoppedError) return
        this.#onFailure('batch', error, 1)
        throw error
      }
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Ends all pauses and repeats; resolves when the work in hand is done or given up. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#last
  }

  /** @throws StoppedError where a stop ends it */
  async pause(ms: number): Promise<void> {
    if (!(await sleep(ms, this.#stopping.signal))) throw new StoppedError('stopped')
  }

  /**
   * Repeats until it succeeds.
   * @throws StoppedError where a stop comes first, and at once what `isFinal` names
   */
  untilDone<T>(
    what: string,
    work: () => Promise<T>,
    isFinal?: (error: unknown) => boolean,
  ): Promise<T> {
    const onFailure = (error: unknown, attempts: number) => this.#onFailure(what, error, attempts)
    return untilDone(work, this.#stopping.signal, onFailure, isFinal)
  }
}
