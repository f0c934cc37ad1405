import { deadLetterOf, rawTopics, topics } from '@holdpoint/contracts'
import type { LogAdmin } from '@holdpoint/log'

/**
 * The number of partitions of every topic that ingest reads or writes.
 * @throws Error that names the missing ones, with the mend
 */
export async function findTopics(admin: LogAdmin): Promise<ReadonlyMap<string, number>> {
  const read = [...rawTopics, topics.control]
  const needed = [...read, ...read.map(deadLetterOf), topics.internal]
  const found = await admin.describe(needed)
  const missing = needed.filter((name) => !found.get(name))
  if (missing.length > 0) {
    throw new Error(
      `missing topics: ${missing.join(', ')}. Create them with: holdpoint topics apply`,
    )
  }
  return new Map(needed.map((name) => [name, found.get(name)?.partitions ?? 0]))
}
