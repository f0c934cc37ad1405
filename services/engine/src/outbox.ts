/** What a batch decided, as entries of the outbox: exactly what will be on the wire. */
import {
  alertHeaders,
  alertKey,
  deadLetterOf,
  decisionHeaders,
  decisionTopicOf,
  decisionTopics,
  partitionOf,
  recordKey,
  topics,
} from '@holdpoint/contracts'
import { type Decision, sessionLifeMs } from '@holdpoint/risk'
import type { OutboxEntry } from '@holdpoint/state'
import type { Output } from './fold-batch.ts'
import type { Sendable } from './outbound.ts'

/** While a partition is rebuilt, older decisions than this are no news to anybody. */
const rebuiltDecisionAgeMs = 10 * 60_000

/** Why a decision of `session.shadow` is not on its own topic: `observe-only`, `storm-cap` or `rebuilt`. */
const keptBackHeader = 'holdpoint.kept-back'

/** Topics that the engine publishes to. */
export const outputTopics: readonly string[] = [
  ...decisionTopics,
  topics.shadow,
  topics.alerts,
  deadLetterOf(topics.internal),
]

export interface OutboxPlan {
  /** The internal log's partition that is folded. */
  readonly partition: number
  /** How many partitions each topic has. */
  readonly partitions: ReadonlyMap<string, number>
  /** Offsets below it are folded to rebuild lost state; 0 where nothing is. */
  readonly rebuildUntil: number
  /** The publisher's clock, ms. */
  readonly now: number
}

/** The outbox entries of a batch, in the order of the log. */
export function outboxOf(outputs: readonly Output[], plan: OutboxPlan): readonly Sendable[] {
  return outputs.flatMap((output) => {
    if (output.kind === 'decision') return decisionEntry(output, plan)
    return output.kind === 'alert' ? alertEntry(output, plan) : deadLetterEntry(output, plan)
  })
}

function decisionEntry(
  {
    offset,
    index,
    decision,
    value,
    keptBack,
    receivedAt,
    traceparent,
  }: Extract<Output, { kind: 'decision' }>,
  plan: OutboxPlan,
): Sendable {
  const rebuilding = offset < plan.rebuildUntil
  const kept = keptBack ?? (rebuilding && isPast(decision, plan.now) ? 'rebuilt' : null)
  const topic = kept === null ? decisionTopicOf(decision.type) : topics.shadow
  const key = recordKey(decision.tenant, decision.subject.id)
  const partition = partitionOf(key, partitionsOf(topic, plan))
  const headers = {
    ...decisionHeaders(decision),
    ...(traceparent === null ? {} : { traceparent }),
    ...(kept === null ? {} : { [keptBackHeader]: kept }),
  }
  const entry: OutboxEntry = {
    offset,
    index,
    topic,
    partition,
    key: Buffer.from(key),
    value,
    headers,
  }
  return { entry, receivedAt: rebuilding ? 0 : receivedAt }
}

/** What was told before the state was lost is not told again: a SIEM would raise it a second time. */
function alertEntry(
  { offset, index, alert, value, receivedAt, traceparent }: Extract<Output, { kind: 'alert' }>,
  plan: OutboxPlan,
): readonly Sendable[] {
  const rebuilding = offset < plan.rebuildUntil
  if (rebuilding && plan.now - alert.at > rebuiltDecisionAgeMs) return []
  const topic = topics.alerts
  const key = alertKey(alert)
  const entry: OutboxEntry = {
    offset,
    index,
    topic,
    partition: partitionOf(key, partitionsOf(topic, plan)),
    key: Buffer.from(key),
    value,
    headers: { ...alertHeaders(alert), ...(traceparent === null ? {} : { traceparent }) },
  }
  return [{ entry, receivedAt: rebuilding ? 0 : receivedAt }]
}

/** True where nobody should act on it any more; a revocation counts as long as it may have a session to end. */
function isPast(decision: Decision, now: number): boolean {
  const limitMs = decision.type === 'session.revoked' ? sessionLifeMs : rebuiltDecisionAgeMs
  return now - decision.decidedAt > limitMs
}

/** The record as it came, with where it stood and what was wrong in `holdpoint.error.*`. */
function deadLetterEntry(
  { offset, index, entry, fault }: Extract<Output, { kind: 'dead-letter' }>,
  plan: OutboxPlan,
): Sendable {
  const { key, value, headers } = entry.stored
  const topic = deadLetterOf(topics.internal)
  const partitions = partitionsOf(topic, plan)
  const dead: OutboxEntry = {
    offset,
    index,
    topic,
    partition: key === null ? plan.partition % partitions : partitionOf(key.toString(), partitions),
    key,
    value,
    headers: {
      ...headers,
      'holdpoint.error.topic': topics.internal,
      'holdpoint.error.partition': String(plan.partition),
      'holdpoint.error.offset': String(offset),
      'holdpoint.error.stage': fault.stage,
      'holdpoint.error.code': fault.code,
      'holdpoint.error.message': fault.message,
      'holdpoint.error.attempts': '1',
    },
  }
  return { entry: dead, receivedAt: 0 }
}

function partitionsOf(topic: string, plan: OutboxPlan): number {
  const partitions = plan.partitions.get(topic)
  if (partitions === undefined) throw new Error(`no partition count is known for ${topic}`)
  return partitions
}
