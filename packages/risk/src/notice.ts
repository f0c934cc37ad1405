/** What the people who run Holdpoint must hear of, beside what apps are told. */
import type { Evidence } from './decision.ts'

export type NoticeCode =
  | 'storm_cap_stepups'
  | 'storm_cap_revocations'
  | 'revocation_held'
  | 'observe_only'

export interface Notice {
  readonly code: NoticeCode
  /** '' for all tenants. */
  readonly tenant: string
  /** '' where it speaks of no session. */
  readonly sessionKey: string
  /** Decision time, ms. */
  readonly at: number
  readonly message: string
  readonly evidence: Evidence
}
