/** What the options of `holdpoint dlq` may say. Each throws `InvalidArgumentError` for anything else. */
import { InvalidArgumentError } from 'commander'
import { deadLetterTopic, deadLetterTopics } from './letter.ts'

/** A dead-letter topic, by its own name or by that of the topic it belongs to. */
export function topicName(text: string): string {
  const topic = deadLetterTopic(text)
  if (topic !== undefined) return topic
  throw new InvalidArgumentError(`Expected one of ${deadLetterTopics.join(', ')}.`)
}

/** A place within a topic. */
export interface PartitionOffset {
  readonly partition: number
  readonly offset: number
}

export function partitionOffset(text: string): PartitionOffset {
  const [, partition, offset] = /^(\d{1,6}):(\d{1,15})$/.exec(text) ?? []
  if (offset !== undefined) return { partition: Number(partition), offset: Number(offset) }
  throw new InvalidArgumentError('Expected partition:offset, as 3:17.')
}

const unitMs: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 }

/** The time `2h` ago, or that of an ISO date, ms since the epoch. */
export function sinceTime(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (count !== undefined) return Date.now() - Number(count) * (unitMs[unit] ?? 0)
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(at)) return at
  throw new InvalidArgumentError(
    'Expected 90s, 30m, 2h, 7d or an ISO time, as 2026-11-22T10:00:00Z.',
  )
}
