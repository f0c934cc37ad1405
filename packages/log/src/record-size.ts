import { LogWriteError, type NewRecord } from './ports.ts'

/** What Kafka's `max.message.bytes` allows by default (1,048,588), less what a batch itself needs. */
export const recordBytesMax = 1_000_000

/** Bytes a record takes in a batch, within a few. */
export function recordBytes({ key, value, headers }: NewRecord): number {
  let bytes = (key?.length ?? 0) + (value?.length ?? 0) + 32
  for (const name in headers) {
    for (const one of [headers[name] ?? []].flat()) bytes += name.length + one.length + 8
  }
  return bytes
}

/** Throws `record_too_large` for what a broker with default limits would refuse. */
export function refuseTooLarge(topic: string, record: NewRecord): void {
  const bytes = recordBytes(record)
  if (bytes <= recordBytesMax) return
  const message = `a record of ${bytes} bytes for '${topic}' is larger than ${recordBytesMax}`
  throw new LogWriteError('record_too_large', message, false)
}
