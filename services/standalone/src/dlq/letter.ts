/** A dead letter as it is read back: where its record came from and why it was refused. */
import { deadLetterOf, topics, topicTable } from '@holdpoint/contracts'
import type { Headers, HeaderValue, StoredRecord, TopicPartition } from '@holdpoint/log'

export interface Place extends TopicPartition {
  readonly offset: number
}

export interface Letter {
  readonly at: Place
  readonly record: StoredRecord
  /** Where the record stood; null where its headers do not tell. */
  readonly from: Place | null
  /** Where in Holdpoint it was refused, as `decode`; `unknown` where the headers do not tell. */
  readonly stage: string
  readonly code: string
  readonly message: string
  readonly attempts: number
  /** What the record had and the letter lacks, as `value`; '' where it is whole. */
  readonly truncated: string
  /** How often it was sent back and refused again. */
  readonly redriven: number
  /** The letter that it was before, as `session.login.dlq:3:17`; '' where it was none. */
  readonly redrivenFrom: string
}

/** Headers that say where a letter came from and why. Ingest and engine write them over any of that name. */
const errorPrefix = 'holdpoint.error.'
export const redriveOf = 'holdpoint.redrive.of'
export const redriveAttempts = 'holdpoint.redrive.attempts'

/** A record of a dead-letter topic as a letter; null for one that has no `holdpoint.error.*` at all. */
export function letterOf(at: TopicPartition, record: StoredRecord): Letter | null {
  const { headers } = record
  if (!Object.keys(headers).some((name) => name.startsWith(errorPrefix))) return null
  const error = (name: string): string => headerText(headers, `${errorPrefix}${name}`)
  return {
    at: { ...at, offset: record.offset },
    record,
    from: placeOf(error('topic'), error('partition'), error('offset')),
    stage: error('stage') || 'unknown',
    code: error('code') || 'unknown',
    message: error('message'),
    attempts: wholeNumberOf(error('attempts')) ?? 1,
    // A producer may name a header so, but cannot take the value away.
    truncated: record.value === null ? error('truncated') : '',
    redriven: wholeNumberOf(headerText(headers, redriveAttempts)) ?? 0,
    redrivenFrom: headerText(headers, redriveOf),
  }
}

/** The record's own headers: without what letters and their sending back have added. */
export const ownHeaders = (headers: Headers): Headers =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^holdpoint\.(error|redrive)\./.test(name)),
  )

/** The last of a header's values as text; '' where it has none. */
export function headerText(headers: Headers, name: string): string {
  const value: Headers[string] | undefined = headers[name]
  const last = Array.isArray(value) ? value.at(-1) : (value as HeaderValue | undefined)
  return last === undefined ? '' : last.toString('utf8')
}

const wholeNumberOf = (text: string): number | null =>
  /^\d{1,15}$/.test(text) ? Number(text) : null

function placeOf(topic: string, partition: string, offset: string): Place | null {
  const [p, o] = [wholeNumberOf(partition), wholeNumberOf(offset)]
  return topic === '' || p === null || o === null ? null : { topic, partition: p, offset: o }
}

/** `session.login.dlq 3:17`, as `holdpoint dlq show` takes it. */
export const placeText = ({ topic, partition, offset }: Place): string =>
  `${topic} ${partition}:${offset}`

export const deadLetterTopics: readonly string[] = topicTable
  .filter(({ role }) => role === 'dead-letter')
  .map(({ name }) => name)

/** The topic whose records a dead-letter topic takes. */
export const topicOf = (deadLetters: string): string => deadLetters.replace(/\.dlq$/, '')

/** The dead-letter topic that a person names, by its own name or by that of the topic it belongs to. */
export const deadLetterTopic = (name: string): string | undefined =>
  deadLetterTopics.find((topic) => topic === name || topic === deadLetterOf(name))

/** Whether the engine refused it: a record that ingest had written, not a producer's. */
export const isInternal = ({ at }: Letter): boolean => at.topic === deadLetterOf(topics.internal)
