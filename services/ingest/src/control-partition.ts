/**
 * The partition of `holdpoint.control`. Each order goes to every partition of the internal log, and its
 * position moves when all of them have acknowledged it: a repeat does no harm, as the fold knows its id.
 */
import {
  CodecError,
  type ControlOrder,
  deadLetterOf,
  encodeLogRecord,
  parseControl,
  topics,
} from '@holdpoint/contracts'
import type { Batch, LogWriter, NewRecord, StoredRecord, TopicPartition } from '@holdpoint/log'
import type { Control } from '@holdpoint/risk'
import type { AdmitDeps } from './admit.ts'
import { appendLetters, deadLetter, isTooLarge } from './dead-letter.ts'
import type { Fault } from './faults.ts'
import { decodeFaults } from './handle.ts'
import type { Hasher } from './hash.ts'
import { Lane, type OnFailure } from './lane.ts'
import type { IngestMetrics } from './metrics.ts'

export interface ControlPartitionDeps {
  readonly admission: Pick<AdmitDeps, 'hasher' | 'clock' | 'catalogue' | 'partitions'>
  readonly writer: LogWriter
  /** Records the next offset to read. */
  readonly commit: (at: TopicPartition, offset: number) => Promise<void>
  /** Of the dead-letter topic. */
  readonly deadLetterPartitions: number
  readonly metrics: IngestMetrics
  readonly onFailure: OnFailure
}

type Read =
  | { readonly kind: ControlOrder['kind']; readonly value: Buffer }
  | { readonly faults: readonly Fault[] }

export class ControlPartition {
  readonly #at: TopicPartition
  readonly #deps: ControlPartitionDeps
  readonly #lane: Lane
  #revoked = false

  constructor(at: TopicPartition, deps: ControlPartitionDeps) {
    this.#at = at
    this.#deps = deps
    this.#lane = new Lane(deps.onFailure)
  }

  /** Takes a batch; resolves when all of it is in the log, or was given up by `stop`. */
  take(batch: Batch): Promise<void> {
    return this.#lane.run(async () => {
      for (const record of batch.records) {
        await this.#takeOne(record)
        await this.#commit(record.offset + 1)
      }
    })
  }

  /** Ends all waiting. What was not acknowledged will be read again by the partition's next owner. */
  async stop(reason: 'leaving' | 'revoked'): Promise<void> {
    this.#revoked ||= reason === 'revoked'
    await this.#lane.stop()
  }

  async #takeOne(record: StoredRecord): Promise<void> {
    const { writer, metrics, admission } = this.#deps
    const read = this.#read(record)
    if ('faults' in read) return this.#refuse(record, read.faults)
    const { value, kind } = read
    const key = record.key
    const records = Array.from(
      { length: admission.partitions },
      (_, partition): NewRecord => ({ partition, key, value }),
    )
    await this.#lane.untilDone('order', () => writer.append(topics.internal, records))
    metrics.orders.add(1, { kind })
  }

  #read(record: StoredRecord): Read {
    const parsed = parseControl(record.value)
    if (!parsed.ok) return { faults: decodeFaults(parsed.errors) }
    const { hasher, clock, catalogue } = this.#deps.admission
    const t = clock.receivedAt({ occurredAt: parsed.order.issuedAt })
    const control = controlOf(parsed.order, t, hasher)
    try {
      const value = encodeLogRecord({ kind: 'control', control }, catalogue)
      return { kind: parsed.order.kind, value }
    } catch (error) {
      if (!(error instanceof CodecError) || error.code !== 'not_encodable') throw error
      const { code, message } = error
      return { faults: [{ stage: 'encode', path: '', code, message }] }
    }
  }

  async #refuse(record: StoredRecord, faults: readonly Fault[]): Promise<void> {
    const { writer, metrics, deadLetterPartitions } = this.#deps
    const topic = deadLetterOf(this.#at.topic)
    await appendLetters([deadLetter(this.#at, record, faults, 1, deadLetterPartitions)], (some) =>
      this.#lane.untilDone('dead letter', () => writer.append(topic, some), isTooLarge),
    )
    metrics.refused.add(1, { source: 'control', code: faults[0]?.code ?? 'unknown' })
    metrics.deadLetters.add(1, { topic: this.#at.topic })
  }

  async #commit(position: number): Promise<void> {
    if (this.#revoked) return
    try {
      await this.#deps.commit(this.#at, position)
    } catch (error) {
      // The next commit carries this one; until then a restart reads some orders again, as repeats.
      this.#deps.onFailure('commit', error, 1)
    }
  }
}

/** An order as the fold takes it: what it names in clear becomes the keys of states. */
function controlOf(order: ControlOrder, t: number, hasher: Hasher): Control {
  const { id, kind, operator, reason, tenant } = order
  const common = { id, kind, t, operator, reason }
  if (order.kind === 'observe-only') {
    const keys = { subject: '', session: '' }
    return { ...common, tenant, on: order.on, decisionId: '', keys }
  }
  const keys = {
    subject: hasher.key(tenant, order.subject.id),
    session: hasher.key(tenant, order.subject.id, order.sessionId),
  }
  return { ...common, tenant, on: false, decisionId: order.decisionId, keys }
}
