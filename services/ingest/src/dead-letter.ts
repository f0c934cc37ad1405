import {
  type Headers,
  LogWriteError,
  type NewRecord,
  type StoredRecord,
  type TopicPartition,
} from '@holdpoint/log'
import type { Fault } from './faults.ts'

/** Headers are cut here: a broker refuses records with large ones. */
const messageMax = 256

/** A record that is refused, and where and why, as headers. */
export interface DeadLetter {
  /** In the dead-letter topic. */
  readonly partition: number
  readonly record: StoredRecord
  readonly errorHeaders: Headers
}

/**
 * The dead letter of a record: key, value and headers byte for byte, and `holdpoint.error.*` that say
 * where it stood and why it was refused.
 * @param partitions of the dead-letter topic
 */
export function deadLetter(
  from: TopicPartition,
  record: StoredRecord,
  faults: readonly Fault[],
  attempts: number,
  partitions: number,
): DeadLetter {
  const [first] = faults
  const message = faults
    .map((fault) => (fault.path === '' ? fault.message : `${fault.path}: ${fault.message}`))
    .join('; ')
  return {
    partition: from.partition % partitions,
    record,
    errorHeaders: {
      'holdpoint.error.topic': from.topic,
      'holdpoint.error.partition': String(from.partition),
      'holdpoint.error.offset': String(record.offset),
      'holdpoint.error.stage': first?.stage ?? 'decode',
      'holdpoint.error.code': first?.code ?? 'not_an_object',
      'holdpoint.error.message': message.slice(0, messageMax),
      'holdpoint.error.attempts': String(attempts),
    },
  }
}

/**
 * Appends the letters, each as whole as the topic takes it, so that no record is too large to be passed.
 * What a letter lacks is still in the raw topic, at the place that it names.
 * @param append rejects with `LogWriteError` `record_too_large` where the topic takes one of the records never
 * @throws LogWriteError where the topic does not even take a letter without any of the record's bytes
 */
export async function appendLetters(
  letters: readonly DeadLetter[],
  append: (records: readonly NewRecord[]) => Promise<void>,
): Promise<void> {
  try {
    await append(letters.map(whole))
  } catch (error) {
    if (!isTooLarge(error)) throw error
    for (const letter of letters) await appendOne(letter, append)
  }
}

async function appendOne(
  letter: DeadLetter,
  append: (records: readonly NewRecord[]) => Promise<void>,
): Promise<void> {
  for (const form of [whole, withoutValue]) {
    try {
      return await append([form(letter)])
    } catch (error) {
      if (!isTooLarge(error)) throw error
    }
  }
  await append([bare(letter)])
}

export const isTooLarge = (error: unknown): boolean =>
  error instanceof LogWriteError && error.code === 'record_too_large'

const whole = ({ partition, record, errorHeaders }: DeadLetter): NewRecord => ({
  partition,
  key: record.key,
  value: record.value,
  headers: { ...record.headers, ...errorHeaders },
})

const withoutValue = (letter: DeadLetter): NewRecord => ({
  partition: letter.partition,
  key: letter.record.key,
  value: null,
  headers: { ...letter.record.headers, ...letter.errorHeaders, ...cut('value', letter.record) },
})

const bare = ({ partition, record, errorHeaders }: DeadLetter): NewRecord => ({
  partition,
  key: null,
  value: null,
  headers: { ...errorHeaders, ...cut('key,value,headers', record) },
})

/** What a letter lacks, and how many bytes the value has. */
const cut = (parts: string, { value }: StoredRecord): Headers => ({
  'holdpoint.error.truncated': parts,
  'holdpoint.error.size': String(value?.length ?? 0),
})
