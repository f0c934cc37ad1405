import type { NewRecord, StoredRecord, TopicPartition } from '@holdpoint/log'
import type { Fault } from './faults.ts'

/** Headers are cut here: a broker refuses records with large ones. */
const messageMax = 256

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
): NewRecord {
  const [first] = faults
  const message = faults
    .map((fault) => (fault.path === '' ? fault.message : `${fault.path}: ${fault.message}`))
    .join('; ')
  return {
    partition: from.partition % partitions,
    key: record.key,
    value: record.value,
    headers: {
      ...record.headers,
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
