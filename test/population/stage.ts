/**
 * Time, and what happens in it. Each actor is a script: a generator that does something, then yields how long it
 * waits, ms. Events leave in the order in which they are received.
 */
import type { Decision } from '@holdpoint/risk'
import type { WireEvent } from './wire.ts'

export type Script = Generator<number, void, void>

/** Who wants to hear what is decided of a session. */
export type Listener = (decision: Decision) => void

interface Entry {
  readonly at: number
  /** Equal times come in the order of planning. */
  readonly turn: number
  readonly script: Script | null
  readonly event: WireEvent | null
}

export class Stage {
  /** ms since the epoch, as all times here. */
  readonly start: number
  now: number
  readonly #end: number
  readonly #heap: Entry[] = []
  readonly #listeners = new Map<string, Listener>()
  #turn = 0
  #ids = 0

  /** @param start and @param end ms since the epoch; nothing is received after the end */
  constructor(start: number, end: number) {
    this.start = start
    this.now = start
    this.#end = end
  }

  /** An id that no other event has. */
  nextId(): string {
    this.#ids += 1
    return `e-${this.#ids}`
  }

  /** Lets a script begin after a while. */
  play(script: Script, afterMs = 0): void {
    this.#push({ at: this.now + afterMs, script, event: null })
  }

  /** Sends an event that is received after `afterMs`. */
  send(event: WireEvent, afterMs: number): void {
    this.#push({ at: this.now + afterMs, script: null, event })
  }

  /** Hears decisions about a session, or about all sessions of a subject (`subject:` and its id). */
  listen(key: string, listener: Listener): void {
    this.#listeners.set(key, listener)
  }

  forget(key: string): void {
    this.#listeners.delete(key)
  }

  tell(decision: Decision): void {
    this.#listeners.get(decision.sessionId ?? `subject:${decision.subject.id}`)?.(decision)
  }

  /** The next event to be received; null at the end. What is decided with it is to be told before the next. */
  next(): WireEvent | null {
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      if (entry.at >= this.#end) return null
      this.now = entry.at
      const { script, event } = entry
      if (event !== null) return { ...event, receivedAt: new Date(entry.at).toISOString() }
      const step = script?.next()
      if (script !== null && step?.done === false) {
        this.#push({ at: this.now + Math.max(1, Math.round(step.value)), script, event: null })
      }
    }
    return null
  }

  #push(entry: Omit<Entry, 'turn'>): void {
    const heap = this.#heap
    this.#turn += 1
    const added: Entry = { ...entry, turn: this.#turn }
    let at = heap.length
    heap.push(added)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      const above = heap[parent] as Entry
      if (!isBefore(added, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = added
  }

  #pop(): Entry | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return first
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as Entry)) child += 1
      const below = heap[child]
      if (below === undefined || !isBefore(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
    return first
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.turn < b.turn)

export const secondMs = 1_000
export const minuteMs = 60_000
export const hourMs = 3_600_000
export const dayMs = 24 * hourMs
