/**
 * How long Redis keeps what nobody touches. States end by the fold's own reckoning; this is rubbish
 * collection only, so it waits for as long as the log could still be folded again.
 */
import { type Profile, profileLifeMs, sessionLifeMs, unauthenticatedLifeMs } from '@holdpoint/risk'

const logRetentionMs = 7 * 24 * 3_600_000

/**
 * Milliseconds from the last write of a session's state, or the last use of its index entry, until it
 * may go. A session does not know its subject's kind, so all get the longer life.
 */
export const sessionKeptMs = sessionLifeMs + logRetentionMs

/** Milliseconds from the last write of the profile until its state may go. */
export function profileKeptMs(profile: Profile): number {
  if (profile.logins > 0) return profileLifeMs + logRetentionMs
  const lifeMs = profile.kind === 'human' ? unauthenticatedLifeMs : sessionLifeMs
  return lifeMs + logRetentionMs
}
