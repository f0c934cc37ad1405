import { type Journal, openJournal } from './embedded-file.ts'
import { createEmbeddedGroup, type EmbeddedGroup } from './embedded-group.ts'
import {
  type Change,
  createEmbeddedStore,
  type EmbeddedStore,
  partitionUnknown,
  rowOf,
  topicUnknown,
} from './embedded-store.ts'
import {
  type Log,
  type LogAdmin,
  LogError,
  LogWriteError,
  type LogWriter,
  type NewRecord,
  type OnLog,
  type TopicPartition,
  type TopicState,
} from './ports.ts'
import { messageBytesDefault, recordBytesMax, refuseTooLarge } from './record-size.ts'

export interface EmbeddedLogOptions {
  /** Keeps the log in this file; without it the log lives as long as the process. */
  readonly file?: string
  /** With `file`: ask the disk before an append counts. Default false: a power cut may take the last records. */
  readonly fsync?: boolean
  /** How long `stop` lets a running handler finish before it revokes. Default 5,000. */
  readonly drainMs?: number
  readonly onLog?: OnLog
}

export interface EmbeddedLog extends Log {
  /** Takes the records below `low` away, as retention would. For tests. */
  truncate(topic: string, partition: number, low: number): Promise<void>
}

/**
 * A log in this process with the behaviour of Kafka behind the same ports: partitions, groups with
 * rebalances, committed offsets, bounds. Timestamps are the time of the append.
 */
export function embeddedLog(options: EmbeddedLogOptions = {}): EmbeddedLog {
  const onLog: OnLog = options.onLog ?? (() => undefined)
  const store = createEmbeddedStore()
  const groups = new Map<string, EmbeddedGroup>()
  let journal: Promise<Journal> | null = null
  let closed = false

  function ready(): Promise<Journal> | null {
    if (options.file === undefined) return null
    const { file, fsync = false } = options
    journal ??= openJournal({ file, fsync, onLog }, (entry) => store.apply(entry as Change))
    return journal
  }

  async function change(one: Change): Promise<void> {
    if (closed) throw new LogWriteError('log_closed', 'the log is closed', false)
    const opened = ready()
    if (opened !== null) await (await opened).append(one)
    store.apply(one)
    if (one.kind !== 'append') return
    for (const partition of new Set(one.rows.map(([p]) => p))) {
      for (const group of groups.values()) group.wake(one.topic, partition)
    }
  }

  function group(groupId: string): EmbeddedGroup {
    const found = groups.get(groupId)
    if (found !== undefined) return found
    const drainMs = options.drainMs ?? 5_000
    const made = createEmbeddedGroup({ groupId, store, change, drainMs, onLog })
    groups.set(groupId, made)
    return made
  }

  return {
    async writer() {
      await ready()
      return createWriter(store, change)
    },
    reader({ groupId, topics }) {
      const reader = group(groupId).reader(topics)
      return {
        ...reader,
        async start(handlers) {
          await ready()
          await reader.start(handlers)
        },
      }
    },
    async admin() {
      await ready()
      return createAdmin(store, change, groups)
    },
    async close() {
      closed = true
      if (journal !== null) await (await journal).close()
    },
    truncate: (topic, partition, low) => change({ kind: 'truncate', topic, partition, low }),
  }
}

function createWriter(store: EmbeddedStore, change: (one: Change) => Promise<void>): LogWriter {
  let closed = false
  return {
    async append(topic, records) {
      if (closed) throw new LogWriteError('writer_closed', 'the writer is closed', false)
      if (records.length === 0) return
      try {
        check(store, topic, records)
        await change({ kind: 'append', topic, at: Date.now(), rows: records.map(rowOf) })
      } catch (error) {
        if (error instanceof LogWriteError) throw error
        if (!(error instanceof LogError)) throw error
        throw new LogWriteError(error.code, error.message, error.retriable, error)
      }
    },
    close() {
      closed = true
      return Promise.resolve()
    },
  }
}

function check(store: EmbeddedStore, topic: string, records: readonly NewRecord[]): void {
  if (!store.has(topic)) throw topicUnknown(topic)
  const { partitions, config } = store.topic(topic)
  const topicBytesMax = Number(config['max.message.bytes'] ?? messageBytesDefault)
  const bytesMax = Math.min(topicBytesMax, recordBytesMax)
  for (const record of records) {
    const { partition } = record
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) {
      throw partitionUnknown(topic, partition)
    }
    refuseTooLarge(topic, record, bytesMax)
  }
}

function createAdmin(
  store: EmbeddedStore,
  change: (one: Change) => Promise<void>,
  groups: ReadonlyMap<string, EmbeddedGroup>,
): LogAdmin {
  return {
    describe(topics) {
      return Promise.resolve(
        new Map<string, TopicState | null>(
          topics.map((name) => [
            name,
            store.has(name)
              ? { name, ...store.topic(name), config: { ...store.topic(name).config } }
              : null,
          ]),
        ),
      )
    },
    async create(spec) {
      if (!store.has(spec.name)) await change({ kind: 'create', spec })
    },
    async configure(topic, config) {
      if (!store.has(topic)) throw topicUnknown(topic)
      await change({ kind: 'configure', topic, config: { ...config } })
    },
    async bounds(topic) {
      const { partitions } = store.topic(topic)
      return Array.from({ length: partitions }, (_, partition) => {
        const at: TopicPartition = { topic, partition }
        return store.bounds(at)
      })
    },
    members: (groupId) => Promise.resolve(groups.get(groupId)?.size() ?? 0),
    brokers: () => Promise.resolve(1),
    close: () => Promise.resolve(),
  }
}
