/** What the SOC is told: one finding lives from its create over updates to its close, under one uid. */
import type { Decision, Reason, RiskLevel, SessionStatus } from './decision.ts'
import type { SessionEvent, Subject } from './event.ts'

export type AlertActivity = 'create' | 'update' | 'close'

/**
 * Why a finding was closed: `proven` by an authentication from its context, `faded` with its half-life,
 * `displaced` by heavier ones past a cap, `quiet` for a day, `ended`, `revoked` or `expired` with its session;
 * `answered` by an operator, `calm` where a storm was over, `refused` where an order could not be carried out.
 */
export type ClosedBy =
  | 'proven'
  | 'faded'
  | 'displaced'
  | 'quiet'
  | 'ended'
  | 'revoked'
  | 'expired'
  | 'answered'
  | 'calm'
  | 'refused'

/** One message about one finding: what one (detector, reason) found about one session, or subject. */
export interface Alert {
  /** `generation.partition.offset.index`, counted on after the decisions of the same record. */
  readonly alertId: string
  /** The finding's, the same from create to close. It depends on no place in the log. */
  readonly uid: string
  /** Keyed hash of the session, of the subject where no session is spoken of: findings that share it belong together. */
  readonly key: string
  readonly activity: AlertActivity
  /** null while it stands. */
  readonly closedBy: ClosedBy | null
  /** Decision time, ms. */
  readonly at: number
  /** ms. */
  readonly firstSeen: number
  /** ms. */
  readonly lastSeen: number
  /** How often it was found; 1 where only the heaviest counts. */
  readonly count: number
  readonly tenant: string
  /** null where the whole tenant is spoken of. */
  readonly subject: Subject | null
  /** '' where no one session is spoken of. */
  readonly sessionId: string
  /** The finding. Its score is what it counts now, 0 where it only alerts; message and evidence are as found. */
  readonly reason: Reason
  /** The session as it is after this record; LOW and 0 where there is none. */
  readonly risk: { readonly level: RiskLevel; readonly score: number }
  readonly status: SessionStatus
  /** What was decided about the session in the same record, freshness left out. */
  readonly decisions: readonly Decision[]
  /** The event that caused it, where it is the session's own: never one that merely passed a deadline. */
  readonly event: SessionEvent | null
  readonly cause: {
    readonly eventId: string
    readonly partition: number
    readonly offset: number
  }
}
