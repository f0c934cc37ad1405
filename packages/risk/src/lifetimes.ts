/** How long what is not seen again is remembered, ms of decision time. */
import type { Profile, Session } from './state.ts'

const hourMs = 3_600_000

export const profileLifeMs = 90 * 24 * hourMs
/** After a session's last event. Workloads and agents, too, are remembered as sessions are. */
export const sessionLifeMs = 48 * hourMs
/** What never logged in. */
export const unauthenticatedLifeMs = hourMs

/** Logical expiry: what was not seen for its life is absent, whatever the store still holds. */
const living = <T extends { readonly lastSeen: number }>(
  state: T | null,
  t: number,
  lifeMs: number,
): T | null => (state !== null && t - state.lastSeen > lifeMs ? null : state)

/** Workloads and agents are remembered as sessions are: their history is in their credentials. */
export function livingProfile(profile: Profile | null, t: number): Profile | null {
  if (profile === null) return null
  if (profile.kind === 'human' && profile.logins > 0) return living(profile, t, profileLifeMs)
  const stranger = profile.kind === 'human' && profile.notBefore === 0
  return living(profile, t, stranger ? unauthenticatedLifeMs : sessionLifeMs)
}

/** A revoked session is remembered as long as any. */
export function livingSession(
  session: Session | null,
  profile: Profile | null,
  t: number,
): Session | null {
  if (session === null) return null
  const whole =
    session.assurance.rank > 0 || session.status === 'revoked' || profile?.kind !== 'human'
  return living(session, t, whole ? sessionLifeMs : unauthenticatedLifeMs)
}
