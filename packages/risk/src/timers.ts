/** Fires step-up deadlines: of quiet subjects by ticks, of an event's own subject before the event. */
import { expire, schedule } from './deadline.ts'
import type { SessionEvent } from './event.ts'
import { type Folding, keep, put, sessionOf } from './folding.ts'
import { subjectOf } from './stamp.ts'
import type { Profile } from './state.ts'

/** How many quiet subjects' timers one tick fires; the rest fire at the next. */
export const timersPerTick = 100

export const dueTimers = (profile: Profile | null, t: number) =>
  profile === null ? [] : profile.timers.filter((timer) => timer.due <= t)

export function tick(folding: Folding, t: number): void {
  for (const key of folding.states.dueSubjects(t, timersPerTick)) {
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
    const session = sessionOf(folding, timer.session)
    if (session === null || session.startedAt < profile.notBefore) {
      next = { ...next, timers: next.timers.filter((other) => other !== timer) }
      continue
    }
    const expired = expire(session, timer.session, timer.due)
    const of = {
      tenant: profile.tenant,
      subject: subjectOf(profile),
      eventId: `timer:${subjectKey}`,
    }
    for (const draft of expired.decisions) folding.drafts.push({ draft, of })
    if (expired.session !== session) put(folding.sessions, timer.session, expired.session)
    next = schedule(next, timer.session, expired.session)
  }
  return next
}

/** The deadline of the event's own session, which the profile's bounded list of timers may have lost. */
export function fireOwn(
  folding: Folding,
  keys: SessionEvent['keys'],
  profile: Profile,
  t: number,
): void {
  const session = sessionOf(folding, keys.session)
  if (session === null || session.startedAt < profile.notBefore) return
  const expired = expire(session, keys.session, t)
  if (expired.session === session) return
  const eventId = `timer:${keys.subject}`
  const of = { tenant: profile.tenant, subject: subjectOf(profile), eventId }
  for (const draft of expired.decisions) folding.drafts.push({ draft, of })
  put(folding.sessions, keys.session, expired.session)
}
