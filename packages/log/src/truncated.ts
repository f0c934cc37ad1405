import { LogError, partitionKey, type TopicPartition } from './ports.ts'

/** The awaited offset lies past the end of a log that has records: it was cut, or made anew. */
export function truncated(
  at: TopicPartition & { readonly position: number },
  high: number,
): LogError {
  const message = `${partitionKey(at)} ends at ${high}, before the awaited offset ${at.position}: the topic was cut or made anew`
  return new LogError('log_truncated', message, false)
}
