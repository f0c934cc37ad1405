/** The timers of a session: its step-up's deadline, and the end of its life. */
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

/**
 * The session's life was cut and has run out: whoever uses it must authenticate anew. It is told as a
 * revocation, as nothing else ends a session for apps.
 */
export function endLife(
  session: Session,
  sessionKey: string,
  due: number,
  observeOnly: boolean,
): { readonly session: Session; readonly decisions: readonly Draft[] } {
  const { notAfter, stepUp: open, level, score } = session
  if (notAfter === 0 || notAfter > due || session.status !== 'active') {
    return { session, decisions: [] }
  }
  const keptBack = observeOnly ? 'observe-only' : ''
  const told = { sessionKey, decidedAt: notAfter, level, score, keptBack } as const
  // What is only observed puts an end to nothing.
  const held = observeOnly ? '' : session.held
  const decisions = [
    draft({ ...told, type: 'session.revoked', rule: 'revoke.not-after', supersedes: held }),
  ]
  // Where the tenant is only observed it goes on, without the limit: what nobody enforced is told once.
  if (observeOnly) return { session: { ...session, notAfter: 0 }, decisions }
  if (open !== null && !open.expired) {
    const resolution = resolutionOf(open, 'superseded', notAfter)
    decisions.unshift(
      draft({
        ...told,
        type: 'session.stepup.resolved',
        rule: open.rule,
        keptBack: open.withheld === 'observe-only' ? 'observe-only' : keptBack,
        resolution,
      }),
    )
  }
  const ended: Session = {
    ...session,
    status: 'revoked',
    endedAt: notAfter,
    held: '',
    stepUp: null,
  }
  return { session: ended, decisions }
}

/** When a session next needs to be looked at, ms; null where it waits for nothing. */
function dueOf({ stepUp: open, notAfter, status }: Session): number | null {
  if (status !== 'active') return null
  const deadline = open !== null && !open.expired ? open.deadline : 0
  if (deadline === 0 || notAfter === 0) return deadline || notAfter || null
  return Math.min(deadline, notAfter)
}

/** Keeps the profile's timers true to a session's step-up and life; what is over waits for nothing. Returns the profile it was given where they are. */
export function schedule(profile: Profile, sessionKey: string, session: Session): Profile {
  const due = dueOf(session)
  const kept = profile.timers.find((timer) => timer.session === sessionKey)
  if ((kept?.due ?? null) === due) return profile
  const others = profile.timers.filter((timer) => timer !== kept)
  const timers = due === null ? others : [...others, { session: sessionKey, due }]
  timers.sort((a, b) => a.due - b.due || (a.session < b.session ? -1 : 1))
  return { ...profile, timers: timers.slice(0, caps.profileTimers) }
}
