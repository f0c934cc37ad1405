/** What the engine needs before it can join its group, and which of its absences a wait may end. */
import {
  CodecError,
  decisionTopics,
  RegistryRefusedError,
  type SchemaCatalogue,
  topics,
} from '@holdpoint/contracts'
import type { Log, LogAdmin, LogWriter } from '@holdpoint/log'
import { StateError, type StateStore } from '@holdpoint/state'
import { outputTopics } from './outbox.ts'

/** The schemas, or how to open them. */
export type CatalogueSource = SchemaCatalogue | (() => Promise<SchemaCatalogue>)

export interface Connected {
  readonly catalogue: SchemaCatalogue
  readonly admin: LogAdmin
  readonly writer: LogWriter
  /** How many partitions each topic that is read or published to has. */
  readonly partitions: ReadonlyMap<string, number>
}

class TopicsMissingError extends Error {
  override readonly name = 'TopicsMissingError'
}

/** One try: all of it, or a rejection with everything closed again. */
export async function connect(
  { log, store, catalogue: source }: { log: Log; store: StateStore; catalogue: CatalogueSource },
  stopping: AbortSignal,
): Promise<Connected> {
  await store.check()
  const catalogue = typeof source === 'function' ? await source() : source
  for (const topic of decisionTopics) catalogue.writerId(topic)
  const admin = await log.admin()
  try {
    const partitions = await partitionCounts(admin)
    const writer = await log.writer()
    if (!stopping.aborted) return { catalogue, admin, writer, partitions }
    await writer.close()
    throw new Error('the engine was stopped before it was connected')
  } catch (error) {
    await admin.close().catch(() => undefined)
    throw error
  }
}

/** True for what an operator must mend: a store that may evict, topics or schemas that were not applied. */
export function mustBeMended(error: unknown): boolean {
  if (error instanceof StateError) return !error.transient
  return (
    error instanceof TopicsMissingError ||
    error instanceof RegistryRefusedError ||
    error instanceof CodecError
  )
}

async function partitionCounts(admin: LogAdmin): Promise<ReadonlyMap<string, number>> {
  const states = await admin.describe([topics.internal, ...outputTopics])
  const missing = [...states].filter(([, state]) => state === null).map(([name]) => name)
  if (missing.length > 0) {
    throw new TopicsMissingError(
      `topics are missing: ${missing.join(', ')}. Create them with: holdpoint topics apply`,
    )
  }
  return new Map([...states].map(([name, state]) => [name, state?.partitions ?? 0]))
}
