/** The way of one feedback: heard or not, judged, and passed on to the session that lives on. */
import { isObserved } from './control.ts'
import { schedule } from './deadline.ts'
import { decisionTime } from './decision-time.ts'
import type { Detector } from './detector.ts'
import type { SessionEvent } from './event.ts'
import { hearing, judge } from './feedback.ts'
import { type EventTold, type Folding, keep, profileOf, put, sessionOf } from './folding.ts'
import { renewals } from './renewals.ts'
import { Room } from './restraint.ts'
import { decisionId } from './stamp.ts'
import type { Session } from './state.ts'
import { fireTimers } from './timers.ts'

/**
 * Feedback is not of the session: it comes from an operator, at a desk of their own, so it moves no context
 * and keeps no session alive. What it says of an old id, it says of the session that lives on under another.
 */
export function foldFeedback(
  folding: Folding,
  event: SessionEvent,
  session: Session | null,
  detectors: readonly Detector[],
): EventTold | 'repeat' | 'unheard' {
  const heard = hearing(event, session)
  const stored = profileOf(folding, event.keys.subject)
  if (heard.outcome !== 'heard') return heard.outcome
  if (session === null || stored === null) return 'unheard'
  const t = decisionTime(event)
  const fired = fireTimers(folding, event.keys.subject, stored, t)
  const index = folding.drafts.length
  const judged = judge(
    {
      profile: fired,
      session: sessionOf(folding, event.keys.session) ?? session,
      previous: null,
      parentKey: '',
      parent: null,
      approver: null,
      event,
      t,
      late: false,
      policy: folding.policy,
      observeOnly: isObserved(folding.meta.control, event.tenant),
      room: new Room(folding.loads, event.tenant, t),
      detectors,
      idOf: (n) => decisionId({ ...folding.meta, offset: folding.offset }, index + n),
    },
    heard,
  )
  const whom = { tenant: event.tenant, subject: event.subject, eventId: event.id }
  for (const draft of judged.drafts) folding.drafts.push({ draft, of: whom })
  put(folding.sessions, event.keys.session, judged.session)
  const profile = schedule(judged.profile, event.keys.session, judged.session)
  keep(folding, event.keys.subject, stored, profile)
  const on = renewals(session.successor, (key) => sessionOf(folding, key)).at(-1) ?? ''
  const next = on === '' ? null : sessionOf(folding, on)
  if (next !== null) {
    const keys = { ...event.keys, session: on }
    foldFeedback(folding, { ...event, sessionId: next.sessionId, keys }, next, detectors)
  }
  return quiet
}

const quiet: EventTold = { signals: [], blind: [] }
