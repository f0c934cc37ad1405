/** An operator's order, folded: the switch of `observe-only`, the release or the drop of a held revocation. */
import { spend } from './conclude.ts'
import { type Control, controlCaps, switched, taken } from './control.ts'
import { schedule } from './deadline.ts'
import { type Draft, draft, reasonsOf, resolutionOf } from './draft.ts'
import type { FoldResult } from './fold-types.ts'
import { type Folding, finish, keep, nothing, profileOf, put, sessionOf } from './folding.ts'
import { livingSession } from './lifetimes.ts'
import type { Notice } from './notice.ts'
import { subjectOf } from './stamp.ts'
import type { Profile, Session } from './state.ts'

/** The states that an order reads; every partition has the order, and one of them has these. */
export const ordersKeys = ({ keys }: Control) => ({
  profiles: keys.subject === '' ? [] : [keys.subject],
  sessions: keys.session === '' ? [] : [keys.session],
})

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
  if (meta.partition === 0) folding.notices.push(observeNotice(order, next !== null))
  return finish(folding, { ...meta, control }, { event: null, t: order.t, signals: [] })
}

function observeNotice({ tenant, on, t, operator, reason }: Control, done: boolean): Notice {
  const whose = tenant === '' ? 'all tenants' : `tenant ${tenant}`
  const message = done
    ? `Observe-only is ${on ? 'on' : 'off'} for ${whose}: decisions ${on ? 'go to session.shadow alone' : 'reach the apps'}`
    : `Observe-only was not turned on for ${whose}: it is on for ${controlCaps.observed} tenants already; turn it on for all`
  const evidence = { on, operator, reason }
  return { code: 'observe_only', tenant, sessionKey: '', at: t, message, evidence }
}

/** Carries out or lets go what is held; false where nothing is held under this id. */
function answer(folding: Folding, order: Control): boolean {
  const { keys, decisionId, t } = order
  const profile = profileOf(folding, keys.subject)
  const session = livingSession(sessionOf(folding, keys.session), profile, t)
  if (profile === null || session === null || !isHeld(session, profile, decisionId)) return false
  const of = {
    tenant: profile.tenant,
    subject: subjectOf(profile),
    eventId: `control:${order.id}`,
  }
  const next = order.kind === 'release' ? released(session, t) : dropped(session)
  const drafts = [...closing(session, keys.session, t), verdict(session, order)]
  for (const draft of drafts) folding.drafts.push({ draft, of })
  put(folding.sessions, keys.session, next)
  keep(folding, keys.subject, profile, schedule(profile, keys.session, next))
  return true
}

const isHeld = (session: Session, profile: Profile, decisionId: string): boolean =>
  session.held !== '' &&
  session.held === decisionId &&
  session.status === 'active' &&
  session.startedAt >= profile.notBefore

const released = (session: Session, t: number): Session => ({
  ...session,
  status: 'revoked',
  endedAt: t,
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
