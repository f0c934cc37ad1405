/** From a draft to a decision: its ids come from the log's position alone, so the same cause gives the same bytes. */
import { controlsOf } from './controls.ts'
import type { Decision, RiskLevel, SessionStatus } from './decision.ts'
import type { Draft } from './draft.ts'
import type { Subject } from './event.ts'
import { sessionLifeMs } from './lifetimes.ts'
import type { Policy } from './policy.ts'
import type { Profile, Session } from './state.ts'

/** Of the rules that this engine folds by: the same log under the same rules gives the same decisions. */
export const rulesVersion = 1

export interface Position {
  readonly generation: number
  readonly partition: number
  readonly offset: number
}

/** `generation.partition.offset.index` */
export const decisionId = ({ generation, partition, offset }: Position, index: number): string =>
  `${generation}.${partition}.${offset}.${index}`

/** As many a record may lead to: their order shows in the three digits of a sequence. Who adds many in one record keeps to a share of it. */
export const decisionsMax = 1_000

/** `generation-offset-index`, padded so that text order is log order. */
const sequenceOf = ({ generation, offset }: Position, index: number): string =>
  `${String(generation).padStart(4, '0')}-${String(offset).padStart(19, '0')}-${String(index).padStart(3, '0')}`

export interface Stamp {
  readonly position: Position
  readonly index: number
  readonly tenant: string
  readonly subject: Subject
  /** The session after everything that this record did to it; null where the whole subject is spoken of. */
  readonly session: Session | null
  readonly policy: Policy
  readonly eventId: string
}

export function stamp(draft: Draft, by: Stamp): Decision {
  const { position, index, session, policy } = by
  const { generation, partition, offset } = position
  return {
    decisionId: decisionId(position, index),
    sequence: sequenceOf(position, index),
    type: draft.type,
    decidedAt: draft.decidedAt,
    // It holds for as long as a session is remembered, where no deadline is nearer.
    validUntil: validUntil(draft, session),
    tenant: by.tenant,
    txn: `${generation}.${partition}.${offset}`,
    supersedes: draft.supersedes === '' ? null : draft.supersedes,
    subject: by.subject,
    sessionId: session?.sessionId ?? null,
    scope: session === null ? 'subject' : 'session',
    session: posture(session),
    stepUp: draft.stepUp,
    resolution: draft.resolution,
    risk: { level: draft.level, previousLevel: draft.previousLevel, score: draft.score },
    reasons: draft.reasons,
    action: draft.action === '' ? null : { name: draft.action },
    policy: { id: policy.id, version: policy.version, rule: draft.rule },
    rulesVersion,
    controls: controlsOf(draft.type, draft.reasons),
    cause: { eventId: by.eventId, partition, offset },
  }
}

function validUntil({ stepUp, decidedAt }: Draft, session: Session | null): number {
  const until = stepUp?.deadline ?? decidedAt + sessionLifeMs
  const ends = session?.status === 'active' && session.notAfter > 0
  return ends ? Math.min(until, session.notAfter) : until
}

function posture(session: Session | null): Decision['session'] {
  const level: RiskLevel = session?.level ?? 'HIGH'
  return { status: statusOf(session), level, notAfter: session?.notAfter || null }
}

/** What apps are told of a session. One that logged out needs nothing more of them: it is as it was. */
export function statusOf(session: Session | null): SessionStatus {
  if (session === null || session.status === 'revoked') return 'revoked'
  if (session.held !== '') return 'revocation_held'
  const { stepUp } = session
  return stepUp === null || stepUp.withheld === 'observe-only' ? 'active' : 'step_up_required'
}

/** Whom a decision made by a timer speaks of. */
export const subjectOf = (profile: Profile): Subject => ({
  id: profile.subjectId,
  kind: profile.kind,
  iss: profile.iss,
})
