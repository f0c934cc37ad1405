import type { SentEvent } from './events.ts'

/** Something to be done at its time; answers with what is sent then. */
type Task = (at: number) => readonly SentEvent[]

interface Entry {
  /** ms. */
  readonly at: number
  readonly task: Task
}

/** What everybody in the simulation is going to do, by time; equal times in the order of planning. */
export class Agenda {
  readonly #entries: Entry[] = []

  add(at: number, task: Task): void {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#entries[middle]?.at ?? 0) <= at) low = middle + 1
      else high = middle
    }
    this.#entries.splice(low, 0, { at, task })
  }

  /** Does everything due by `now`, also what that plans, and returns all that was sent, in order. */
  until(now: number): readonly SentEvent[] {
    const sent: SentEvent[] = []
    for (
      let next = this.#entries[0];
      next !== undefined && next.at <= now;
      next = this.#entries[0]
    ) {
      this.#entries.shift()
      sent.push(...next.task(next.at))
    }
    return sent
  }
}
