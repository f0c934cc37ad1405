/** What Holdpoint publishes about a session. The wire form is `schemas/`; the words are DESIGN's. */
import type { SubjectKind } from './event.ts'
import type { Family } from './signal.ts'

export type DecisionType =
  | 'session.stepup.required'
  | 'session.stepup.resolved'
  | 'session.revoked'
  | 'session.risk.changed'

export type RiskLevel = 'LOW' | 'MEDIUM' | 'HIGH'

export type SessionStatus = 'active' | 'step_up_required' | 'revocation_held' | 'revoked'

/** What a step-up asks for: people authenticate again, the rest never is prompted. */
export const obligations = [
  'reauthenticate',
  'fresh-assertion',
  'jit-credential',
  'narrower-scope',
  'approval',
] as const
export type Obligation = (typeof obligations)[number]

/** Whose authentication an approval waits for: the person's, in the parent session. */
export interface Approver {
  /** The parent session, as its app names it. */
  readonly sessionId: string
  /** RFC 9470 `acr_values` to ask the person for: the session that waits is never asked itself. */
  readonly acrValues: readonly string[]
}

/** A person's word for what another does on her behalf. */
export interface Approval {
  readonly subjectId: string
  /** The parent session in which it was given. */
  readonly sessionId: string
  /** Until when it counts, ms since the epoch. */
  readonly expiresAt: number
}

/** One finding of one detector, as a person reads it. */
export interface Reason {
  readonly detector: string
  readonly reason: string
  readonly family: Family
  /** 0-1000, as it counts at `decidedAt`. */
  readonly score: number
  readonly message: string
  readonly evidence: Evidence
}

export type Evidence = Readonly<Record<string, string | number | boolean>>

/** RFC 9470: what authentication would satisfy, and until when it is waited for. */
export interface StepUpRequest {
  readonly id: string
  /** RFC 9470 `acr_values`, strongest wish first; empty for workloads and agents. */
  readonly acrValues: readonly string[]
  /** RFC 9470 `max_age`, seconds. */
  readonly maxAge: number
  readonly obligation: Obligation
  /** True where only a new session id (`previousSessionId`) satisfies it. */
  readonly rotate: boolean
  /** False where a cap says that the person is not to be asked again now; the requirement stands. */
  readonly prompt: boolean
  /** ms since the epoch. */
  readonly deadline: number
  /** null where the obligation is no approval, or nobody is known who could give it. */
  readonly approver: Approver | null
}

export type ResolutionOutcome = 'satisfied' | 'failed' | 'expired' | 'superseded'

export interface Resolution {
  readonly stepUpId: string
  readonly outcome: ResolutionOutcome
  /** The methods of the authentication, comma-separated; '' where none was made. */
  readonly method: string
  /** ms since the epoch. */
  readonly at: number
  /** Where the answering authentication was made, '' where none was. */
  readonly place: string
  /** null where it was not approved by another session. */
  readonly approval: Approval | null
}

export interface Decision {
  /** `generation.partition.offset.index` of the cause: same cause, same id, same bytes. */
  readonly decisionId: string
  /** `generation-offset-index`, zero-padded: compares as text, grows per subject for ever. */
  readonly sequence: string
  readonly type: DecisionType
  /** The event's decision time, ms. */
  readonly decidedAt: number
  /** ms. */
  readonly validUntil: number
  readonly tenant: string
  readonly txn: string
  readonly supersedes: string | null
  readonly subject: { readonly id: string; readonly kind: SubjectKind; readonly iss: string }
  /** null where the scope is the subject. */
  readonly sessionId: string | null
  readonly scope: 'session' | 'subject'
  /** The whole posture of the session after this event; `revoked` is final. */
  readonly session: {
    readonly status: SessionStatus
    readonly level: RiskLevel
    readonly notAfter: number | null
  }
  readonly stepUp: StepUpRequest | null
  readonly resolution: Resolution | null
  readonly risk: {
    readonly level: RiskLevel
    readonly previousLevel: RiskLevel
    /** 0-1000. */
    readonly score: number
  }
  readonly reasons: readonly Reason[]
  /** The action that asked for it, null where no action did. */
  readonly action: { readonly name: string } | null
  readonly policy: { readonly id: string; readonly version: string; readonly rule: string }
  readonly rulesVersion: number
  readonly controls: readonly string[]
  readonly cause: {
    readonly eventId: string
    readonly partition: number
    readonly offset: number
  }
}
