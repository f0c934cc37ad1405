import { LogWriteError, type NewRecord, partitionKey } from './ports.ts'
import { batchBytesMax, recordBytes } from './record-size.ts'

/** kafkajs groups a send's messages in quadratic time: 500 take 1 ms, 20,000 take 2 s. */
const roundRecordsMax = 500
const roundBytesMax = 8 * 1024 * 1024
const queueRecordsMax = 50_000
const queueBytesMax = 64 * 1024 * 1024

/** Records of one partition within a round. */
export interface Piece {
  readonly topic: string
  readonly partition: number
  readonly records: NewRecord[]
}

interface Append {
  readonly topic: string
  readonly records: readonly NewRecord[]
  readonly bytes: number
  readonly partitions: ReadonlySet<string>
  /** Records already in a round. */
  taken: number
  readonly resolve: () => void
  readonly reject: (error: LogWriteError) => void
}

/** Sends a round; answers with the error of each partition (`topic:partition`) that failed. Never rejects. */
export type SendRound = (pieces: readonly Piece[]) => Promise<ReadonlyMap<string, LogWriteError>>

export interface SendQueue {
  /** Resolves when every record is acknowledged; rejects with `writer_full` when too much waits. */
  add(topic: string, records: readonly NewRecord[]): Promise<void>
  idle(): Promise<void>
}

/**
 * One round in flight; what comes meanwhile goes with the next, in order. A failure rejects the appends
 * that had records in the failed partitions, and those behind them that share a partition with any of
 * these: else a later record would overtake the repeat of an earlier one.
 */
export function createSendQueue(sendRound: SendRound): SendQueue {
  let queue: Append[] = []
  let records = 0
  let bytes = 0
  let pumping: Promise<void> | null = null

  async function pump(): Promise<void> {
    // What is appended in the same turn goes in the same round.
    await Promise.resolve()
    while (queue.length > 0) {
      const failed = await sendRound(collect(queue))
      queue = settle(queue, failed)
    }
    pumping = null
  }

  function settle(
    waiting: readonly Append[],
    failed: ReadonlyMap<string, LogWriteError>,
  ): Append[] {
    const blocked = new Map(failed)
    return waiting.filter((append) => {
      const error = firstOf(append.partitions, blocked)
      if (error === undefined && append.taken < append.records.length) return true
      records -= append.records.length
      bytes -= append.bytes
      if (error === undefined) {
        append.resolve()
        return false
      }
      for (const key of append.partitions) if (!blocked.has(key)) blocked.set(key, error)
      append.reject(append.taken > 0 ? error : behind(error))
      return false
    })
  }

  return {
    add(topic, added) {
      const size = added.reduce((sum, record) => sum + recordBytes(record), 0)
      if (
        queue.length > 0 &&
        (records + added.length > queueRecordsMax || bytes + size > queueBytesMax)
      ) {
        const message = `${records} records already wait to be appended: slow down and repeat`
        return Promise.reject(new LogWriteError('writer_full', message, true))
      }
      records += added.length
      bytes += size
      const partitions = new Set(added.map(({ partition }) => partitionKey({ topic, partition })))
      return new Promise((resolve, reject) => {
        queue.push({ topic, records: added, bytes: size, partitions, taken: 0, resolve, reject })
        pumping ??= pump()
      })
    },
    async idle() {
      while (pumping !== null) await pumping
    },
  }
}

const behind = (error: LogWriteError): LogWriteError =>
  new LogWriteError(
    'log_blocked',
    `not sent, an earlier append failed: ${error.message}`,
    true,
    error,
  )

function firstOf(
  keys: ReadonlySet<string>,
  errors: ReadonlyMap<string, LogWriteError>,
): LogWriteError | undefined {
  for (const key of keys) {
    const error = errors.get(key)
    if (error !== undefined) return error
  }
  return undefined
}

/**
 * Takes from the front what fits a round. A partition's part is one record batch, which the broker bounds;
 * a record larger than that goes alone, so that its refusal is nobody else's.
 */
function collect(queue: readonly Append[]): Piece[] {
  const pieces = new Map<string, Piece & { bytes: number }>()
  let count = 0
  let bytes = 0
  for (const append of queue) {
    for (const record of append.records.slice(
      append.taken,
      append.taken + roundRecordsMax - count,
    )) {
      const { topic } = append
      const { partition } = record
      const size = recordBytes(record)
      const key = partitionKey({ topic, partition })
      const piece = pieces.get(key) ?? { topic, partition, records: [], bytes: 0 }
      const fits = piece.bytes + size <= batchBytesMax && bytes + size <= roundBytesMax
      if (!fits && count > 0) return [...pieces.values()]
      piece.records.push(record)
      piece.bytes += size
      pieces.set(key, piece)
      append.taken += 1
      bytes += size
      count += 1
      if (size > batchBytesMax) return [...pieces.values()]
    }
    if (count >= roundRecordsMax) break
  }
  return [...pieces.values()]
}
