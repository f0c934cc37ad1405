/** Fires step-up deadlines and ends of life: of quiet subjects by ticks, of an event's own subject before the event. */
import { isObserved } from './control.ts'
import { endLife, expire, schedule } from './deadline.ts'
import { type Folding, keep, put, sessionOf } from './folding.ts'
import { decisionsMax, subjectOf } from './stamp.ts'
import { caps, type Profile, type Session } from './state.ts'

/** How many quiet subjects' timers one tick fires; the rest fire at the next. */
export const timersPerTick = 100
/** Past as many decisions a tick goes on to no other subject: each of its timers may end a step-up and a life. */
const decisionsPerTick = decisionsMax - 2 * caps.profileTimers

export const dueTimers = (profile: Profile | null, t: number) =>
  profile === null ? [] : profile.timers.filter((timer) => timer.due <= t)

export function tick(folding: Folding, t: number): void {
  for (const key of folding.states.dueSubjects(t, timersPerTick)) {
    if (folding.drafts.length > decisionsPerTick) return
    const profile = folding.states.profile(key)
    if (profile !== null) keep(folding, key, profile, fireTimers(folding, key, profile, t))
  }
}

/** Fires a subject's timers due by `t`, each at its own due time. */
export function fireTimers(
  folding: Folding,
  subjectKey: string,
  profile: Profile,
  t: number,
): Profile {
  let next = profile
  for (const timer of dueTimers(profile, t)) {
    const session = fire(folding, { subject: subjectKey, session: timer.session }, profile, t)
    next =
      session === null
        ? { ...next, timers: next.timers.filter((other) => other !== timer) }
        : schedule(next, timer.session, session)
  }
  return next
}

/**
 * Fires one session's deadline and end of life, where they are due by `t`; answers with the session after it, null where
 * there is none that could be spoken of. Called for the event's own session too, whose timer the
 * profile's bounded list may have lost.
 */
export function fire(
  folding: Folding,
  keys: { readonly subject: string; readonly session: string },
  profile: Profile,
  t: number,
): Session | null {
  const { meta } = folding
  const session = sessionOf(folding, keys.session)
  if (session === null || session.startedAt < profile.notBefore) return null
  const expired = expire(session, keys.session, Math.min(t, session.notAfter || t))
  const after = endLife(expired.session, keys.session, t, isObserved(meta.control, profile.tenant))
  if (after.session === session) return session
  const eventId = `timer:${keys.subject}`
  const of = { tenant: profile.tenant, subject: subjectOf(profile), eventId }
  for (const draft of [...expired.decisions, ...after.decisions]) folding.drafts.push({ draft, of })
  put(folding.sessions, keys.session, after.session)
  return after.session
}
