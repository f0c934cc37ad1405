/** The other forms of a decision: JSON, and the headers of its Kafka record. */
import type { Decision } from '@holdpoint/risk'
import { recordKey } from './partition.ts'

const iso = (ms: number): string => new Date(ms).toISOString()
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms))

/** A decision in the JSON form: the same fields, times as ISO 8601 in UTC. */
export function decisionToJson(decision: Decision): Record<string, unknown> {
  const { session, stepUp, resolution } = decision
  return {
    ...decision,
    decidedAt: iso(decision.decidedAt),
    validUntil: iso(decision.validUntil),
    session: { ...session, notAfter: isoOrNull(session.notAfter) },
    stepUp: stepUp && { ...stepUp, deadline: iso(stepUp.deadline) },
    resolution: resolution && {
      ...resolution,
      at: iso(resolution.at),
      approval: resolution.approval && {
        ...resolution.approval,
        expiresAt: iso(resolution.approval.expiresAt),
      },
    },
  }
}

/**
 * The headers of a decision's record (CloudEvents 1.0 Kafka protocol binding, binary mode, section
 * 3.2; the partitioning extension's `partitionkey` is the record's key).
 */
export function decisionHeaders(decision: Decision): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_id: decision.decisionId,
    ce_source: `/holdpoint/${decision.tenant}`,
    ce_type: `io.holdpoint.${decision.type}.v1`,
    ce_time: iso(decision.decidedAt),
    ce_subject: decision.sessionId ?? decision.subject.id,
    ce_partitionkey: recordKey(decision.tenant, decision.subject.id),
    'content-type': 'application/avro',
  }
}
