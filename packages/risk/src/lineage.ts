/** What a session that others were begun from means for them. */
import type { Contribution, Profile, Session } from './state.ts'

/** How many sessions a chain of delegation has above the one that acts (`actor[0..2]`). */
export const delegationDepthMax = 3

/** Its life was cut and ran out: it ends without being held to be anybody else's. */
const isOutlived = ({ notAfter, endedAt }: Session): boolean => notAfter > 0 && endedAt >= notAfter

/** Whether a session was ended for cause, by itself or with all of its subject's: then what was begun from it ends too. */
export const isRevokedForCause = (session: Session, profile: Profile): boolean =>
  session.startedAt < profile.notBefore || (session.status === 'revoked' && !isOutlived(session))

const evidenceSince = (contributions: readonly Contribution[]): number =>
  contributions.reduce((first, { found }) => Math.min(first, found), Number.POSITIVE_INFINITY)

/**
 * Whether a session's child stays with it where another session took over from it. A person who takes
 * over from a thief takes along what was begun before there was any evidence; what was begun since ends
 * with the old session.
 */
export const keepsChild = (parent: Session, childStartedAt: number): boolean =>
  parent.status === 'revoked' && childStartedAt >= evidenceSince(parent.contributions)
