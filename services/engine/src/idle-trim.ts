/** How long an idle partition waits before it trims what was acknowledged by a call of its own. */
const idleTrimMs = 20

/** Trims the outbox where no commit comes to carry it. */
export class IdleTrim {
  readonly #isIdle: () => boolean
  readonly #trim: () => Promise<void>
  #timer: NodeJS.Timeout | undefined

  /** `trim` must not reject. */
  constructor(isIdle: () => boolean, trim: () => Promise<void>) {
    this.#isIdle = isIdle
    this.#trim = trim
  }

  /** To be called when something was acknowledged, or the partition became idle. */
  soon(): void {
    if (this.#timer !== undefined || !this.#isIdle()) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#isIdle()) void this.#trim()
    }, idleTrimMs)
    this.#timer.unref()
  }
}
