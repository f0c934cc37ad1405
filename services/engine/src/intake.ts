/** The queue of one partition: whole batches in, in unbroken order; bounded groups of entries out. */
import type { SchemaCatalogue } from '@holdpoint/contracts'
import type { Batch, StoredRecord } from '@holdpoint/log'
import { Gate } from './gate.ts'
import { decode, type Entry } from './handle.ts'

/** What a commit holds at most. */
const entriesMax = 1_000
const bytesMax = 1024 * 1024

/** Bounds what all partitions together have queued; who must wait holds the reader's handler. */
export class Room {
  readonly #max: number
  readonly #gate = new Gate()
  #used = 0

  constructor(max: number) {
    this.#max = max
  }

  get used(): number {
    return this.#used
  }

  /** Resolves when there is room, or when `gone` says that nobody needs it any more. */
  async wait(gone: () => boolean): Promise<void> {
    while (this.#used >= this.#max && !gone()) await this.#gate.wait()
  }

  take(count: number): void {
    this.#used += count
  }

  give(count: number): void {
    this.#used -= count
    this.#gate.open()
  }

  /** Lets those who wait look again. */
  wake(): void {
    this.#gate.open()
  }
}

export class Intake {
  readonly #room: Room
  readonly #catalogue: SchemaCatalogue
  #batches: (readonly StoredRecord[])[] = []
  #at = 0
  #carried: Entry | null = null
  #queued = 0
  #next = 0

  constructor(room: Room, catalogue: SchemaCatalogue) {
    this.#room = room
    this.#catalogue = catalogue
  }

  get queued(): number {
    return this.#queued
  }

  /** Where the next batch must begin. */
  get next(): number {
    return this.#next
  }

  /** Forgets everything; the next batch must begin at `next`. */
  reset(next: number): void {
    this.#room.give(this.#queued)
    this.#batches = []
    this.#at = 0
    this.#carried = null
    this.#queued = 0
    this.#next = next
  }

  /** True where the batch goes on exactly where the last one ended, without a hole in it. */
  fits({ records }: Batch): boolean {
    const last = records[records.length - 1]
    return records[0]?.offset === this.#next && last?.offset === this.#next + records.length - 1
  }

  push({ records }: Batch): void {
    this.#batches.push(records)
    this.#queued += records.length
    this.#next += records.length
    this.#room.take(records.length)
  }

  /**
   * Whatever is queued, up to 1,000 entries and 1 MiB, decoded. A tick stands only first (its timers
   * are read before the batch), and a record whose schema is still to be fetched stands alone.
   */
  take(): readonly Entry[] {
    const entries: Entry[] = []
    let bytes = 0
    while (entries.length < entriesMax) {
      const entry = this.#carried ?? this.#shift()
      this.#carried = null
      if (entry === null) break
      bytes += entry.stored.value?.length ?? 0
      const waits = entry.record?.kind === 'tick' || entry.missingSchema !== null
      if (entries.length > 0 && (waits || bytes > bytesMax)) {
        this.#carried = entry
        break
      }
      entries.push(entry)
      if (entry.missingSchema !== null) break
    }
    this.#queued -= entries.length
    this.#room.give(entries.length)
    return entries
  }

  #shift(): Entry | null {
    const batch = this.#batches[0]
    if (batch === undefined) return null
    const stored = batch[this.#at]!
    this.#at += 1
    if (this.#at === batch.length) {
      this.#batches.shift()
      this.#at = 0
    }
    return decode(stored, this.#catalogue)
  }
}
