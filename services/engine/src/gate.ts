import { setTimeout as sleep } from 'node:timers/promises'

/** Wakes all who wait: they look again at what they waited for. */
export class Gate {
  #waiting: (() => void)[] = []

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  open(): void {
    if (this.#waiting.length === 0) return
    const woken = this.#waiting
    this.#waiting = []
    for (const wake of woken) wake()
  }
}

/** What folding waits for: while it is full, nothing more is taken. `room` opens when it may no longer be. */
export interface Brake {
  readonly full: boolean
  readonly room: Gate
}

/** Waits, or returns at once when the signal is (or becomes) aborted. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal })
  } catch {
    // Aborted: whoever waits looks at its own state next.
  }
}

/** Doubles from 50 ms to 5 s over attempts (the first is 0), with up to half of it at random so that owners drift apart. */
export function backOffMs(attempt: number): number {
  const full = Math.min(5_000, 50 * 2 ** Math.min(attempt, 10))
  return full / 2 + Math.random() * (full / 2)
}
