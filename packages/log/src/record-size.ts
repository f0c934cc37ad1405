import { LogWriteError, type NewRecord } from './ports.ts'

/** What Kafka's `max.message.bytes` allows by default. */
export const messageBytesDefault = 1_048_588

/** One batch of several records: within Kafka's default, less what a batch itself needs. */
export const batchBytesMax = 1_000_000

/**
 * One record: more than the largest that can be read (8 MiB unpacked) with what a dead letter adds to it.
 * A broker takes it where the topic's `max.message.bytes` says so, as those of dead letters do.
 */
export const recordBytesMax = 9_000_000

/** Bytes a record takes in a batch, within a few. */
export function recordBytes({ key, value, headers }: NewRecord): number {
  let bytes = (key?.length ?? 0) + (value?.length ?? 0) + 32
  for (const name in headers) {
    for (const one of [headers[name] ?? []].flat()) bytes += name.length + one.length + 8
  }
  return bytes
}

/** Throws `record_too_large` for what is larger than `bytesMax`. */
export function refuseTooLarge(topic: string, record: NewRecord, bytesMax = recordBytesMax): void {
  const bytes = recordBytes(record)
  if (bytes <= bytesMax) return
  const message = `a record of ${bytes} bytes for '${topic}' is larger than ${bytesMax}`
  throw new LogWriteError('record_too_large', message, false)
}
