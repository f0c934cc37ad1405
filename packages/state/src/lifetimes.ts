/**
 * How long Redis keeps what nobody touches. States end by the fold's own reckoning; this is rubbish
 * collection only, so it waits for as long as the log could still be folded again.
 */
import type { Profile } from '@holdpoint/risk'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const logRetentionMs = 7 * dayMs

/** After a session's last event. Workloads and agents live as sessions do. */
const sessionLifeMs = 48 * hourMs
const profileLifeMs = 90 * dayMs
const neverLoggedInLifeMs = hourMs

/** Milliseconds from the last write of a session until its state may go. A session does not know its subject's kind, so all get the longer life. */
export const sessionKeptMs = sessionLifeMs + logRetentionMs

/** Milliseconds from the last write of the profile until its state may go. */
export function profileKeptMs(profile: Profile): number {
  if (profile.logins > 0) return profileLifeMs + logRetentionMs
  const lifeMs = profile.kind === 'human' ? neverLoggedInLifeMs : sessionLifeMs
  return lifeMs + logRetentionMs
}

/** Milliseconds from the last use of a session's index entry until it may go. */
export const indexKeptMs = sessionKeptMs
