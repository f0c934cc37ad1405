/** What the people who run Holdpoint must hear of, beside what apps are told. */
import type { AlertActivity, ClosedBy } from './alert.ts'
import type { Evidence } from './decision.ts'

export type NoticeCode =
  | 'storm_cap_stepups'
  | 'storm_cap_revocations'
  | 'revocation_held'
  | 'observe_only'

export interface Notice {
  readonly code: NoticeCode
  readonly activity: AlertActivity
  /** null while it stands. */
  readonly closedBy: ClosedBy | null
  /** '' for all tenants. */
  readonly tenant: string
  /** '' where it speaks of no session. */
  readonly sessionKey: string
  /** When what it tells of began, ms: it is the same from create to close. */
  readonly since: number
  /** Decision time, ms. */
  readonly at: number
  readonly message: string
  readonly evidence: Evidence
}

/** A notice of what begins. */
export const begins = (
  notice: Omit<Notice, 'activity' | 'closedBy' | 'at'> & { readonly at?: number },
): Notice => ({ at: notice.since, ...notice, activity: 'create', closedBy: null })
