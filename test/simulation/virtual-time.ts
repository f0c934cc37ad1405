/** Time that passes only when the simulation says so, for all code of this process. */
import { syncBuiltinESMExports } from 'node:module'
import { type Clock, install } from '@sinonjs/fake-timers'

const realImmediate = globalThis.setImmediate
const realRandom = Math.random
const realTimeout = AbortSignal.timeout

export interface VirtualTime {
  /** ms since the epoch. */
  now(): number
  /** Lets all code run on until it waits for a timer or for an answer. */
  turn(): Promise<void>
  /** Goes to the next timer and fires it; false where there is none. */
  toNextTimer(): boolean
  pass(ms: number): void
  /** Forgets every timer. */
  forget(): void
  uninstall(): void
}

/** Takes over timers, dates and chance of this process until `uninstall`. */
export function virtualTime(start: number, fraction: () => number): VirtualTime {
  const clock: Clock = install({ now: start, loopLimit: 1_000_000 })
  // Named imports of built-in modules see the replaced functions only after this.
  syncBuiltinESMExports()
  Math.random = fraction
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new DOMException('timed out', 'TimeoutError')), ms)
    return controller.signal
  }
  return {
    now: () => clock.now,
    turn: () => new Promise((resolve) => realImmediate(resolve)),
    toNextTimer() {
      if (clock.countTimers() === 0) return false
      clock.next()
      return true
    },
    pass: (ms) => void clock.tick(ms),
    forget: () => clock.reset(),
    uninstall() {
      clock.uninstall()
      syncBuiltinESMExports()
      Math.random = realRandom
      AbortSignal.timeout = realTimeout
    },
  }
}
