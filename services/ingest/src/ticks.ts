/** Ticks: records that carry the time into the fold, which has no clock of its own. */
import { encodeLogRecord, type SchemaCatalogue, topics } from '@holdpoint/contracts'
import type { LogWriter, NewRecord } from '@holdpoint/log'
import type { Placed } from './admit.ts'
import type { Clock } from './clock.ts'

/** One tick for each partition. */
function tickRecords(
  t: number,
  partitions: number,
  catalogue: SchemaCatalogue,
): readonly NewRecord[] {
  const value = encodeLogRecord({ kind: 'tick', t }, catalogue)
  return Array.from({ length: partitions }, (_, partition) => ({ partition, key: null, value }))
}

/** The records in order, with the ticks that the clock wants before them. */
export function withTicks(
  placed: readonly Placed[],
  clock: Clock,
  partitions: number,
  catalogue: SchemaCatalogue,
): readonly NewRecord[] {
  const records: NewRecord[] = []
  for (const { receivedAt, record } of placed) {
    const t = clock.tickBefore(receivedAt)
    if (t !== null) records.push(...tickRecords(t, partitions, catalogue))
    records.push(record)
  }
  return records
}

export interface Ticker {
  /** Resolves when no append of a tick is under way. */
  stop(): Promise<void>
}

/**
 * Appends a tick to every partition each `everyMs`. While an append hangs none is added to it: the
 * next one carries a later time anyway.
 */
export function startTicker(options: {
  readonly everyMs: number
  readonly partitions: number
  readonly catalogue: SchemaCatalogue
  readonly writer: LogWriter
  readonly clock: Clock
  readonly onFailure: (error: unknown) => void
}): Ticker {
  const { everyMs, partitions, catalogue, writer, clock, onFailure } = options
  let underWay: Promise<void> | null = null
  const timer = setInterval(() => {
    underWay ??= writer
      .append(topics.internal, tickRecords(clock.now(), partitions, catalogue))
      .catch(onFailure)
      .finally(() => {
        underWay = null
      })
  }, everyMs)
  return {
    async stop() {
      clearInterval(timer)
      await underWay
    },
  }
}
