/** An operator's order, folded: the switch of `observe-only`, the release or the drop of a held revocation. */
import { spend } from './conclude.ts'
import { type Control, controlCaps, observedSince, switched, taken } from './control.ts'
import { schedule } from './deadline.ts'
import { endChildren } from './descent.ts'
import { type Draft, draft, reasonsOf, resolutionOf } from './draft.ts'
import type { FoldResult, States } from './fold-types.ts'
import { type Folding, finish, keep, nothing, profileOf, put, sessionOf } from './folding.ts'
import { livingSession } from './lifetimes.ts'
import { begins, type Notice } from './notice.ts'
import { eventIdOf, eventOf } from './order-event.ts'
import { subjectOf } from './stamp.ts'
import type { Profile, Session } from './state.ts'
import { fire } from './timers.ts'

/** The states that an order reads; every partition has the order, and one of them has these. */
export const ordersKeys = ({ keys }: Control) => ({
  profiles: keys.subject === '' ? [] : [keys.subject],
  sessions: keys.session === '' ? [] : [keys.session],
})

/** The sessions that a release ends with the one that it names, as far as the states tell; asked again once those are loaded. */
export function ordersKin({ kind, keys }: Control, states: States): readonly string[] {
  if (kind !== 'release' || keys.session === '') return []
  const children = states.session(keys.session)?.children ?? []
  return children.flatMap((key) => [key, ...(states.session(key)?.children ?? [])])
}

/**
 * Takes an order. One that was taken before is a repeat; one of an unknown kind, and one that finds
 * nothing held under its decision's id, is ignored.
 */
export function obey(folding: Folding, order: Control): FoldResult {
  const { meta } = folding
  if (meta.control.applied.includes(order.id)) return nothing('repeat', meta)
  const control = taken(meta.control, order.id)
  if (order.kind === 'observe-only') return observe(folding, order)
  const answered = order.kind === 'release' || order.kind === 'drop'
  if (!answered || !answer(folding, order)) return nothing('ignored', { ...meta, control })
  return finish(folding, { ...meta, control }, { event: null, t: order.t, signals: [] })
}

function observe(folding: Folding, order: Control): FoldResult {
  const { meta } = folding
  const next = switched(meta.control, order)
  const control = taken(next ?? meta.control, order.id)
  // Every partition takes the order, and one tells of it.
  if (meta.partition === 0) {
    const since = observedSince(meta.control, order.tenant)
    folding.notices.push(...observeNotices(order, since, next !== null))
  }
  return finish(folding, { ...meta, control }, { event: null, t: order.t, signals: [] })
}

/** @param since when the switch was on already, ms; 0 for off */
function observeNotices(order: Control, since: number, done: boolean): readonly Notice[] {
  const { tenant, on, t, operator, reason } = order
  const whose = tenant === '' ? 'all tenants' : `tenant ${tenant}`
  const message = done
    ? `Observe-only is ${on ? 'on' : 'off'} for ${whose}: decisions ${on ? 'go to session.shadow alone' : 'reach the apps'}`
    : `Observe-only was not turned on for ${whose}: it is on for ${controlCaps.observed} tenants already; turn it on for all`
  const evidence = { on, operator, reason }
  const notice = begins({
    code: 'observe_only',
    tenant,
    sessionKey: '',
    since: since || t,
    at: t,
    message,
    evidence,
  })
  // Nobody need look after an order that was refused, and nobody after one that changed nothing.
  if (!done) return [notice, { ...notice, activity: 'close', closedBy: 'refused' }]
  if (since === 0) return on ? [notice] : []
  return [
    on ? { ...notice, activity: 'update' } : { ...notice, activity: 'close', closedBy: 'answered' },
  ]
}

/**
 * Carries out or lets go what is held; false where nothing is held under this id. What its session's
 * timers owe by then comes first, as before an event: it may be over by itself.
 */
function answer(folding: Folding, order: Control): boolean {
  const { keys, decisionId, t } = order
  const profile = profileOf(folding, keys.subject)
  const before = livingSession(sessionOf(folding, keys.session), profile, t)
  if (profile === null || before === null || !isHeld(before, profile, decisionId)) return false
  const session = fire(folding, keys, profile, t) ?? before
  const after = isHeld(session, profile, decisionId)
    ? carryOut(folding, order, session, profile)
    : schedule(profile, keys.session, session)
  keep(folding, keys.subject, profile, after)
  return true
}

/** What was begun from a session ends with it, as with any that is revoked for cause. */
function carryOut(folding: Folding, order: Control, session: Session, profile: Profile): Profile {
  const { keys, t } = order
  const of = { tenant: profile.tenant, subject: subjectOf(profile), eventId: eventIdOf(order) }
  const next = order.kind === 'release' ? released(session, t) : dropped(session)
  const drafts = [...closing(session, keys.session, t), verdict(session, order)]
  for (const draft of drafts) folding.drafts.push({ draft, of })
  put(folding.sessions, keys.session, next)
  const scheduled = schedule(profile, keys.session, next)
  if (order.kind === 'drop') return scheduled
  const event = eventOf(order, profile, session)
  return endChildren(folding, { event, t }, keys.session, scheduled)
}

const isHeld = (session: Session, profile: Profile, decisionId: string): boolean =>
  session.held !== '' &&
  session.held === decisionId &&
  session.status === 'active' &&
  session.startedAt >= profile.notBefore

/** It is remembered as revoked for as long as any that was revoked now. */
const released = (session: Session, t: number): Session => ({
  ...session,
  status: 'revoked',
  endedAt: t,
  lastSeen: Math.max(session.lastSeen, t),
  held: '',
  stepUp: null,
})

/** It goes on, and what was held ends it no more; its risk stays, and asks for proof at the next event. */
const dropped = (session: Session): Session => ({
  ...session,
  held: '',
  stepUp: null,
  contributions: spend(session.contributions),
})

/** The open step-up is over either way: what must still be proven is asked for anew, with a time of its own. */
function closing({ stepUp, level, score }: Session, sessionKey: string, t: number): Draft[] {
  if (stepUp === null || stepUp.expired) return []
  const { rule, withheld } = stepUp
  const keptBack = withheld === 'observe-only' ? withheld : ''
  const resolution = resolutionOf(stepUp, 'superseded', t)
  const type = 'session.stepup.resolved'
  return [draft({ type, sessionKey, decidedAt: t, rule, level, score, keptBack, resolution })]
}

/** An operator's word reaches the apps also where the tenant is only observed: the engine did not decide it. */
const verdict = ({ held, level, score, contributions }: Session, order: Control): Draft =>
  draft({
    type: order.kind === 'release' ? 'session.revoked' : 'session.risk.changed',
    sessionKey: order.keys.session,
    decidedAt: order.t,
    rule: `operator.${order.kind}`,
    level,
    score,
    reasons: reasonsOf(contributions, order.t),
    supersedes: held,
  })
