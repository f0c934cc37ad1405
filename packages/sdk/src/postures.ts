/** The latest known posture of each session, whatever topic a decision came by and in whatever order. */
import type { Decision, RiskLevel, SessionStatus, StepUpRequest } from '@holdpoint/risk'
import { LRUCache } from 'lru-cache'

/** What Holdpoint last said about a session. Times are ms since the epoch. */
export interface Posture {
  readonly status: SessionStatus
  readonly level: RiskLevel
  /** The session must end by then; null where nothing shortens it. */
  readonly notAfter: number | null
  /** What would satisfy the open step-up; null where none is open, or its decision has not arrived yet. */
  readonly stepUp: StepUpRequest | null
  /** Of the decision that says so. */
  readonly decisionId: string
  readonly sequence: string
  readonly decidedAt: number
  readonly validUntil: number
}

interface Known {
  posture: Posture
  stepUp: StepUpRequest | null
  stepUpSequence: string
}

/**
 * Two bounded lists, the least lately used go first: what is revoked has its own, so that a crowd of
 * live sessions never pushes out that one has ended.
 */
export class Postures {
  readonly #live: LRUCache<string, Known>
  readonly #revoked: LRUCache<string, Known>
  readonly #subjects: LRUCache<string, Posture>

  constructor(max: number) {
    this.#live = new LRUCache({ max })
    this.#revoked = new LRUCache({ max })
    this.#subjects = new LRUCache({ max })
  }

  /** Takes a decision; true where none with a higher sequence was known of its session (or subject). */
  apply(decision: Decision): boolean {
    const { tenant, subject, sessionId } = decision
    if (decision.scope === 'subject' || sessionId === null) return this.#applySubject(decision)
    const key = keyOf(tenant, subject.id, sessionId)
    const known = this.#revoked.get(key) ?? this.#live.get(key)
    const posture = postureOf(decision)
    if (known === undefined) {
      const { stepUp } = decision
      this.#keep(key, { posture, stepUp, stepUpSequence: stepUp === null ? '' : decision.sequence })
      return true
    }
    if (decision.stepUp !== null && decision.sequence > known.stepUpSequence) {
      known.stepUp = decision.stepUp
      known.stepUpSequence = decision.sequence
    }
    // Revoked is final: nothing takes it back, and it counts even where it comes late.
    const ends = posture.status === 'revoked' && known.posture.status !== 'revoked'
    const stays = known.posture.status === 'revoked' && posture.status !== 'revoked'
    const newer = decision.sequence > known.posture.sequence
    if (ends || (newer && !stays)) {
      known.posture = posture
      this.#keep(key, known)
    }
    return newer
  }

  /**
   * What is known of a session; null where no decision speaks of it. A subject's sessions were ended
   * together where they had begun before: without `startedAt` (ms) a session that no later decision
   * speaks of counts as one of them.
   */
  of(tenant: string, subjectId: string, sessionId: string, startedAt?: number): Posture | null {
    const key = keyOf(tenant, subjectId, sessionId)
    const known = this.#revoked.get(key) ?? this.#live.get(key)
    const ended = this.#subjects.get(keyOf(tenant, subjectId))
    if (ended !== undefined) {
      const begunBefore =
        known === undefined
          ? startedAt === undefined || startedAt < ended.decidedAt
          : known.posture.sequence < ended.sequence
      if (begunBefore) return ended
    }
    if (known === undefined) return null
    const open = known.posture.status === 'step_up_required'
    return { ...known.posture, stepUp: open ? known.stepUp : null }
  }

  #applySubject(decision: Decision): boolean {
    const key = keyOf(decision.tenant, decision.subject.id)
    const known = this.#subjects.get(key)
    const newer = known === undefined || decision.sequence > known.sequence
    if (newer && decision.session.status === 'revoked') {
      this.#subjects.set(key, postureOf(decision))
    }
    return newer
  }

  #keep(key: string, known: Known): void {
    const revoked = known.posture.status === 'revoked'
    if (revoked) this.#live.delete(key)
    ;(revoked ? this.#revoked : this.#live).set(key, known)
  }
}

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts)

const postureOf = ({ session, ...decision }: Decision): Posture => ({
  status: session.status,
  level: session.level,
  notAfter: session.notAfter,
  stepUp: decision.stepUp,
  decisionId: decision.decisionId,
  sequence: decision.sequence,
  decidedAt: decision.decidedAt,
  validUntil: decision.validUntil,
})
