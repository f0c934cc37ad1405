import kafkajs from 'kafkajs'
import type { Owned } from './assignment.ts'
import { type Bounds, LogError, partitionKey } from './ports.ts'
import { wholeNumber } from './whole-number.ts'

/** Offsets of a record batch: of its first record, and the one after its last. */
export interface BatchOffsets {
  readonly first: number
  readonly next: number
}

/**
 * A record batch that no codec can unpack, or not within the bound. Not retriable for kafkajs, which stops
 * the consumer: reading on would pass its records in silence.
 */
export class UnreadableBatchError extends kafkajs.KafkaJSNonRetriableError {
  /** null where the batch has no header of format 2 (Kafka before 0.11). */
  readonly offsets: BatchOffsets | null
  constructor(message: string, offsets: BatchOffsets | null) {
    super(message)
    this.offsets = offsets
  }
}

/** Of a batch in format 2: from its first byte to its records, and to the leader's epoch. */
const headBytes = 61
const lengthEnd = 12
const magicAt = 16
const lastDeltaAt = 23

/**
 * kafkajs gives a codec the records alone, but as a view into the batch: its header lies before them. It is
 * believed only where its magic byte and its length fit.
 */
export function offsetsBefore(packed: Buffer): BatchOffsets | null {
  if (packed.byteOffset < headBytes) return null
  const head = Buffer.from(packed.buffer, packed.byteOffset - headBytes, headBytes)
  const length = head.readInt32BE(lengthEnd - 4)
  if (head.readInt8(magicAt) !== 2 || length !== headBytes - lengthEnd + packed.length) return null
  const first = wholeNumber(String(head.readBigInt64BE(0)), 'offset')
  return { first, next: first + head.readInt32BE(lastDeltaAt) + 1 }
}

const namedMax = 3

/** The unreadable batch that a consumer died of; undefined where it died of something else. */
export function unreadableIn(error: Error): UnreadableBatchError | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof UnreadableBatchError) return at
  }
  return undefined
}

/**
 * The same with its place and the way on. Never rejects: where `bounds` does, fewer partitions can be
 * ruled out.
 */
export async function placeUnreadable(
  unreadable: UnreadableBatchError,
  owned: readonly Owned[],
  groupId: string,
  bounds: (topic: string) => Promise<readonly Bounds[]>,
): Promise<LogError> {
  const { offsets, message } = unreadable
  const from = offsets?.first
  const near = owned
    .filter(({ position }) => from === undefined || position <= from)
    .toSorted((a, b) => b.position - a.position)
  const highs = new Map<string, readonly Bounds[]>()
  for (const topic of new Set(near.map((one) => one.topic))) {
    highs.set(topic, await bounds(topic).catch(() => []))
  }
  const holding = near.filter((one) => {
    const { high = Number.POSITIVE_INFINITY } = highs.get(one.topic)?.[one.partition] ?? {}
    return high > (from ?? one.position)
  })
  const names = holding
    .slice(0, namedMax)
    .map((one) => `${partitionKey(one)} (read up to ${one.position})`)
  const where = `at offset ${from ?? 'unknown'} of ${names.join(' or ') || 'an unknown partition'}`
  const way =
    `stop the readers of group '${groupId}' and set its offset there to ` +
    `${offsets?.next ?? 'the one after the batch'}: docs/how-to/pass-a-poison-batch.md`
  const text = `${message}, ${where}; to go past it, ${way}`
  return new LogError('batch_unreadable', text, false, unreadable)
}
