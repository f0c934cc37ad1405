/**
 * The two ports behind which a log lives. Offsets are whole numbers; a record's bytes are never
 * looked into here.
 */

export type HeaderValue = string | Buffer

/** A name that stands more than once has a list, in order. Read back, every value is a Buffer. */
export type Headers = Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** A record to append. The partition is always stated: no client's partitioner decides it. */
export interface NewRecord {
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: Headers
}

/** A record as read. */
export interface StoredRecord {
  readonly offset: number
  /** ms since the epoch. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
}

/** Offsets of a partition: `low` is the first still kept, `high` the one that the next record will get. */
export interface Bounds {
  readonly low: number
  readonly high: number
}

export interface LogWriter {
  /**
   * Appends in order per partition and resolves when the log has acknowledged every record.
   * Rejects with `LogWriteError` when the outcome of any is unknown or refused: the caller must treat
   * none as written and may write all again (readers recognise repeats). What was queued behind it for
   * the same partitions is refused with it, so that nothing overtakes the repeat. The code is
   * `record_too_large` where a record is larger than the topic's `max.message.bytes`, or than 9,000,000.
   */
  append(topic: string, records: readonly NewRecord[]): Promise<void>
  close(): Promise<void>
}

/** Consecutive records of one partition. */
export interface Batch extends TopicPartition {
  readonly records: readonly StoredRecord[]
  /** The partition's high offset when the batch was fetched. */
  readonly high: number
}

export interface ReaderHandlers {
  /**
   * These partitions are now this reader's. Answers with the offset to read from for each, by
   * `topic:partition`; one that is missing is read from the group's committed offset, else from the
   * lowest. Batches of these partitions come only after it has resolved. A rebalance revokes everything
   * and assigns anew, also what stays. A rejection is logged and asked again. Called with an empty list
   * where the group has fewer partitions than members: the reader has joined and has nothing to read.
   */
  onAssigned(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>>
  /** These partitions, at least one, are no longer (or perhaps never again) this reader's: stop working on them. */
  onRevoked(partitions: readonly TopicPartition[]): void
  /**
   * Takes a batch. Queue and return; holding the promise is the back-pressure. Runs once at a time for
   * a partition, also across a rebalance. Should never throw: if it does, the same batch comes again.
   */
  onBatch(batch: Batch): Promise<void>
  /** The reader is dead and will not recover: the process should end. */
  onCrash(error: Error): void
}

export interface LogReader {
  /** Joins the group and begins to read. */
  start(handlers: ReaderHandlers): Promise<void>
  /** The next batch of this partition begins at `offset`. Ignored for a partition that is not assigned. */
  seek(partition: TopicPartition, offset: number): void
  /**
   * Records the position (the next offset to read) in the group. A hint for lag tools, or the position of
   * raw topics. Ignored for a partition that is not assigned; rejects with `LogError` when refused.
   */
  commit(partition: TopicPartition, offset: number): Promise<void>
  /**
   * Hands over nothing more, lets running handlers finish for a while (they may still commit), revokes
   * everything and leaves the group; resolves when no handler runs any more.
   */
  stop(): Promise<void>
}

export interface TopicSpec {
  readonly name: string
  readonly partitions: number
  readonly replicas: number
  /** Topic configuration as Kafka names it, as `cleanup.policy`. */
  readonly config: Readonly<Record<string, string>>
}

export interface TopicState {
  readonly name: string
  readonly partitions: number
  readonly config: Readonly<Record<string, string>>
}

export interface LogAdmin {
  /** null for a topic that does not exist. */
  describe(topics: readonly string[]): Promise<ReadonlyMap<string, TopicState | null>>
  /** Does nothing where the topic exists. */
  create(spec: TopicSpec): Promise<void>
  /** Sets these entries and leaves the others as they are. */
  configure(topic: string, config: Readonly<Record<string, string>>): Promise<void>
  bounds(topic: string): Promise<readonly Bounds[]>
  /** How many readers are in the group now; 0 for one that nobody ever joined. */
  members(groupId: string): Promise<number>
  /** How many brokers the cluster has: no topic can have more replicas. */
  brokers(): Promise<number>
  close(): Promise<void>
}

/** A log to connect to: Kafka, or the embedded twin. */
export interface Log {
  writer(): Promise<LogWriter>
  reader(options: { readonly groupId: string; readonly topics: readonly string[] }): LogReader
  admin(): Promise<LogAdmin>
  close(): Promise<void>
}

/** What the log refused or did not answer. `retriable` is false where repeating it cannot help. */
export class LogError extends Error {
  override readonly name: string = 'LogError'
  readonly code: string
  readonly retriable: boolean
  constructor(code: string, message: string, retriable: boolean, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.retriable = retriable
  }
}

/** An append whose outcome is unknown or refused. */
export class LogWriteError extends LogError {
  override readonly name = 'LogWriteError'
}

/** What the log has to say to an operator. `fields` hold no record's bytes. */
export type OnLog = (
  level: 'error' | 'warn' | 'info' | 'debug',
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void

/** `topic:partition`, the key of maps over partitions. */
export const partitionKey = (p: TopicPartition): string => `${p.topic}:${p.partition}`
