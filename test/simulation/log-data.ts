/** The records that a cluster keeps, and what an accident can do to them. */
import type {
  Bounds,
  Headers,
  NewRecord,
  StoredRecord,
  TopicPartition,
  TopicSpec,
} from '@holdpoint/log'

/** Of the internal log. */
export const partitions = 2

interface Part {
  low: number
  records: StoredRecord[]
}

export class LogData {
  readonly #topics = new Map<string, { readonly spec: TopicSpec; readonly parts: Part[] }>()
  readonly #committed = new Map<string, number>()

  create(spec: TopicSpec): void {
    const parts = Array.from({ length: spec.partitions }, () => ({ low: 0, records: [] }))
    this.#topics.set(spec.name, { spec, parts })
  }

  spec(topic: string): TopicSpec | null {
    return this.#topics.get(topic)?.spec ?? null
  }

  append(topic: string, records: readonly NewRecord[], timestamp: number): void {
    for (const { partition, key, value, headers } of records) {
      const part = this.#part({ topic, partition })
      const offset = part.low + part.records.length
      part.records.push({ offset, timestamp, key, value, headers: asRead(headers) })
    }
  }

  bounds(at: TopicPartition): Bounds {
    const { low, records } = this.#part(at)
    return { low, high: low + records.length }
  }

  read(at: TopicPartition, from: number, max: number): readonly StoredRecord[] {
    const { low, records } = this.#part(at)
    const first = Math.max(0, from - low)
    return records.slice(first, first + max)
  }

  all(at: TopicPartition): readonly StoredRecord[] {
    return this.#part(at).records
  }

  /** Retention takes what is below `low`. */
  cutHead(at: TopicPartition, low: number): void {
    const part = this.#part(at)
    const count = Math.min(Math.max(0, low - part.low), part.records.length)
    part.records = part.records.slice(count)
    part.low += count
  }

  /** The latest records are lost. */
  cutTail(at: TopicPartition, count: number): void {
    const part = this.#part(at)
    part.records = part.records.slice(0, Math.max(0, part.records.length - count))
  }

  /** The topic is deleted and made anew. */
  recreate(at: TopicPartition): void {
    const { parts } = this.#topics.get(at.topic)!
    parts[at.partition] = { low: 0, records: [] }
  }

  commit(group: string, key: string, offset: number): void {
    this.#committed.set(`${group}|${key}`, offset)
  }

  committed(group: string, key: string): number | undefined {
    return this.#committed.get(`${group}|${key}`)
  }

  /** The group has forgotten how far it was. */
  forgetCommitted(group: string): void {
    for (const key of this.#committed.keys()) {
      if (key.startsWith(`${group}|`)) this.#committed.delete(key)
    }
  }

  #part({ topic, partition }: TopicPartition): Part {
    const part = this.#topics.get(topic)?.parts[partition]
    if (part === undefined) throw new Error(`there is no ${topic}:${partition}`)
    return part
  }
}

/** Headers as a reader of Kafka sees them: every value a Buffer. */
function asRead(headers: Headers = {}): StoredRecord['headers'] {
  const bytes = (value: string | Buffer) => (typeof value === 'string' ? Buffer.from(value) : value)
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' || Buffer.isBuffer(value) ? bytes(value) : value.map(bytes),
    ]),
  )
}
