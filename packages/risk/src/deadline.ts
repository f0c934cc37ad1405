/** The only timer of a session so far: its step-up's deadline. */
import { type Draft, draft, resolutionOf } from './draft.ts'
import { caps, type Profile, type Session } from './state.ts'

/**
 * The step-up was not answered in time. At HIGH it stays open as overdue, and the session's next act
 * ends it; below, it closes and the next action that needs proof asks again.
 */
export function expire(
  session: Session,
  sessionKey: string,
  due: number,
): { readonly session: Session; readonly decisions: readonly Draft[] } {
  const open = session.stepUp
  if (open === null || open.expired || open.deadline > due || session.status !== 'active') {
    return { session, decisions: [] }
  }
  const resolved = draft({
    type: 'session.stepup.resolved',
    sessionKey,
    decidedAt: open.deadline,
    rule: open.rule,
    level: session.level,
    score: session.score,
    keptBack: open.withheld === 'observe-only' ? 'observe-only' : '',
    resolution: resolutionOf(open, 'expired', open.deadline),
  })
  const stepUp = session.level === 'HIGH' ? { ...open, expired: true } : null
  return { session: { ...session, stepUp }, decisions: [resolved] }
}

/** Keeps the profile's timers true to a session's step-up; what is over waits for nothing. Returns the profile it was given where they are. */
export function schedule(profile: Profile, sessionKey: string, session: Session): Profile {
  const open = session.stepUp
  const waits = open !== null && !open.expired && session.status === 'active'
  const due = waits ? open.deadline : null
  const kept = profile.timers.find((timer) => timer.session === sessionKey)
  if ((kept?.due ?? null) === due) return profile
  const others = profile.timers.filter((timer) => timer !== kept)
  const timers = due === null ? others : [...others, { session: sessionKey, due }]
  timers.sort((a, b) => a.due - b.due || (a.session < b.session ? -1 : 1))
  return { ...profile, timers: timers.slice(0, caps.profileTimers) }
}
