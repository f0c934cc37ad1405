import {
  type Bounds,
  type Headers,
  LogError,
  type NewRecord,
  type StoredRecord,
  type TopicPartition,
  type TopicSpec,
} from './ports.ts'

/** What changes an embedded log. In this order, applied again, they give the same log. */
export type Change =
  | { readonly kind: 'create'; readonly spec: TopicSpec }
  | { readonly kind: 'configure'; readonly topic: string; readonly config: Record<string, string> }
  | {
      readonly kind: 'append'
      readonly topic: string
      readonly at: number
      readonly rows: readonly Row[]
    }
  | {
      readonly kind: 'commit'
      readonly group: string
      readonly key: string
      readonly offset: number
    }
  | ({ readonly kind: 'truncate'; readonly low: number } & TopicPartition)

/** A record to append: partition, key, value, headers. */
export type Row = readonly [
  partition: number,
  key: Buffer | null,
  value: Buffer | null,
  headers: StoredRecord['headers'] | null,
]

interface Part {
  low: number
  records: StoredRecord[]
  bytes: number
}

interface Topic {
  config: Record<string, string>
  readonly parts: readonly Part[]
}

const batchRecordsMax = 1_000
const batchBytesMax = 1024 * 1024
/** Old records go in lots, since each removal moves the rest. */
const retentionLot = 1_024
const noHeaders: StoredRecord['headers'] = Object.freeze({})

export interface Slice {
  readonly records: readonly StoredRecord[]
  readonly bounds: Bounds
}

/** Topics and committed offsets in memory. Synchronous; `apply` is the only way to change it. */
export interface EmbeddedStore {
  apply(change: Change): void
  topic(name: string): Pick<Topic, 'config'> & { readonly partitions: number }
  has(name: string): boolean
  bounds(partition: TopicPartition): Bounds
  /** Records from `offset` on, at most 1,000 and 1 MiB, at least one where there is any. */
  read(partition: TopicPartition, offset: number): Slice
  committed(group: string, key: string): number | undefined
}

export const rowOf = ({ partition, key, value, headers }: NewRecord): Row => [
  partition,
  key,
  value,
  headers === undefined ? null : asRead(headers),
]

/** Headers as a reader of Kafka sees them: every value a Buffer. */
function asRead(headers: Headers): StoredRecord['headers'] {
  const bytes = (value: string | Buffer): Buffer =>
    typeof value === 'string' ? Buffer.from(value) : value
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' || Buffer.isBuffer(value) ? bytes(value) : value.map(bytes),
    ]),
  )
}

const sizeOf = (record: StoredRecord): number =>
  (record.key?.length ?? 0) + (record.value?.length ?? 0) + 64

export function createEmbeddedStore(): EmbeddedStore {
  const topics = new Map<string, Topic>()
  const commits = new Map<string, Map<string, number>>()

  function find(name: string): Topic {
    const topic = topics.get(name)
    if (topic === undefined) throw topicUnknown(name)
    return topic
  }

  function part({ topic, partition }: TopicPartition): Part {
    const found = find(topic).parts[partition]
    if (found === undefined) throw partitionUnknown(topic, partition)
    return found
  }

  function append(name: string, at: number, rows: readonly Row[]): void {
    for (const [partition, key, value, headers] of rows) {
      const into = part({ topic: name, partition })
      const offset = into.low + into.records.length
      const record = { offset, timestamp: at, key, value, headers: headers ?? noHeaders }
      into.records.push(record)
      into.bytes += sizeOf(record)
    }
    const limit = Number(find(name).config['retention.bytes'] ?? -1)
    if (limit >= 0) for (const one of find(name).parts) retain(one, limit)
  }

  function apply(change: Change): void {
    switch (change.kind) {
      case 'create': {
        const { name, partitions, config } = change.spec
        if (topics.has(name)) return
        const parts = Array.from({ length: partitions }, () => ({ low: 0, records: [], bytes: 0 }))
        topics.set(name, { config: { ...config }, parts })
        return
      }
      case 'configure':
        Object.assign(find(change.topic).config, change.config)
        return
      case 'append':
        append(change.topic, change.at, change.rows)
        return
      case 'commit': {
        const offsets = commits.get(change.group) ?? new Map<string, number>()
        commits.set(change.group, offsets.set(change.key, change.offset))
        return
      }
      case 'truncate': {
        const from = part(change)
        drop(from, Math.min(change.low - from.low, from.records.length))
        return
      }
    }
  }

  function bounds(partition: TopicPartition): Bounds {
    const { low, records } = part(partition)
    return { low, high: low + records.length }
  }

  return {
    apply,
    topic(name) {
      const { config, parts } = find(name)
      return { config, partitions: parts.length }
    },
    has: (name) => topics.has(name),
    bounds,
    read(partition, offset) {
      const { low, records } = part(partition)
      const first = Math.max(0, offset - low)
      const last = Math.min(records.length, first + batchRecordsMax)
      let end = first
      for (let bytes = 0; end < last && (end === first || bytes < batchBytesMax); end++) {
        bytes += sizeOf(records[end] as StoredRecord)
      }
      return { records: records.slice(first, end), bounds: bounds(partition) }
    },
    committed: (group, key) => commits.get(group)?.get(key),
  }
}

/** As `retention.bytes` of Kafka: per partition, the oldest first. */
function retain(part: Part, limitBytes: number): void {
  if (part.bytes <= limitBytes) return
  let count = 0
  for (let over = part.bytes - limitBytes; over > 0 && count < part.records.length - 1; count++) {
    over -= sizeOf(part.records[count] as StoredRecord)
  }
  if (count >= retentionLot) drop(part, count)
}

function drop(part: Part, count: number): void {
  if (count <= 0) return
  for (const record of part.records.splice(0, count)) part.bytes -= sizeOf(record)
  part.low += count
}

export const topicUnknown = (topic: string): LogError =>
  new LogError('topic_unknown', `topic '${topic}' does not exist: create it first`, false)

export const partitionUnknown = (topic: string, partition: number): LogError =>
  new LogError('partition_unknown', `topic '${topic}' has no partition ${partition}`, false)
