/** What one partition has on its way out, in the order of its log. */
import type { OutboxEntry } from '@holdpoint/state'
import { Gate } from './gate.ts'

/** An outbox entry on its way out. */
export interface Sendable {
  readonly entry: OutboxEntry
  /** When ingest received the cause, ms; 0 where that says nothing about latency. */
  readonly receivedAt: number
}

/** The id of an outbox entry. */
export interface EntryId {
  readonly offset: number
  readonly index: number
}

/** As the publisher's lanes hold it. */
export interface Item extends Sendable {
  readonly from: Outbound
  state: 'waiting' | 'sent' | 'acknowledged' | 'cancelled'
}

export class Outbound {
  readonly #enqueue: (items: readonly Item[]) => void
  readonly #settle: (count: number) => void
  readonly #onAcknowledged: () => void
  readonly #quiet = new Gate()
  #items: Item[] = []
  #acknowledged: EntryId | null = null
  #halting = false

  constructor(
    enqueue: (items: readonly Item[]) => void,
    settle: (count: number) => void,
    onAcknowledged: () => void,
  ) {
    this.#enqueue = enqueue
    this.#settle = settle
    this.#onAcknowledged = onAcknowledged
  }

  /** Everything up to this entry was acknowledged by the log; null where nothing was. */
  get acknowledged(): EntryId | null {
    return this.#acknowledged
  }

  send(sendables: readonly Sendable[]): void {
    if (sendables.length === 0) return
    const items = sendables.map(
      ({ entry, receivedAt }): Item => ({ entry, receivedAt, from: this, state: 'waiting' }),
    )
    for (const item of items) this.#items.push(item)
    this.#enqueue(items)
  }

  /**
   * Sends what the outbox was found to hold, but for what the log has already acknowledged to this
   * very worker: the same id has the same bytes, so nobody needs them twice.
   */
  resume(outbox: readonly OutboxEntry[]): void {
    const last = this.#acknowledged
    const left = last === null ? outbox : outbox.filter((entry) => isAfter(entry, last))
    const skipped = outbox[outbox.length - left.length - 1]
    this.#acknowledged =
      skipped === undefined ? null : { offset: skipped.offset, index: skipped.index }
    this.#halting = false
    this.send(left.map((entry) => ({ entry, receivedAt: 0 })))
  }

  /** Drops what is not yet sent (the outbox has it); resolves when no send is under way, or at the deadline. */
  async halt(deadline: AbortSignal): Promise<void> {
    this.#halting = true
    for (const item of this.#items) if (item.state === 'waiting') item.state = 'cancelled'
    await this.#until(() => this.#items.every((item) => item.state !== 'sent'), deadline)
    for (const item of this.#items) if (item.state === 'sent') item.state = 'cancelled'
    this.#settle(this.#items.length)
    this.#items = []
  }

  /** Resolves when everything was acknowledged, or at the deadline. */
  drained(deadline: AbortSignal): Promise<void> {
    return this.#until(() => this.#items.length === 0, deadline)
  }

  /** Called by the publisher for an item whose send failed. */
  failed(item: Item): void {
    item.state = this.#halting ? 'cancelled' : 'waiting'
  }

  /** Called by the publisher after each send: moves the acknowledged prefix on. */
  advance(): void {
    let done = 0
    while (this.#items[done]?.state === 'acknowledged') done += 1
    if (done > 0) {
      const { offset, index } = this.#items[done - 1]!.entry
      this.#acknowledged = { offset, index }
      this.#items = this.#items.slice(done)
      this.#settle(done)
      this.#onAcknowledged()
    }
    this.#quiet.open()
  }

  async #until(reached: () => boolean, deadline: AbortSignal): Promise<void> {
    const wake = () => this.#quiet.open()
    deadline.addEventListener('abort', wake, { once: true })
    while (!reached() && !deadline.aborted) await this.#quiet.wait()
    deadline.removeEventListener('abort', wake)
  }
}

const isAfter = (entry: EntryId, last: EntryId): boolean =>
  entry.offset > last.offset || (entry.offset === last.offset && entry.index > last.index)
