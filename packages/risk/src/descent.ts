/**
 * Sessions that were begun from another: an app's from single sign-on, an agent's from the person who sent
 * it. They end with it in the same record, and a person's approval reaches them in hers. Both are of one
 * subject, so they are in one partition.
 */
import { approve } from './approve.ts'
import { contribute } from './assess.ts'
import { revoke, tellLevel } from './conclude.ts'
import { schedule } from './deadline.ts'
import { detectAll } from './detect.ts'
import { parentRevoked } from './detectors/parent-revoked.ts'
import type { SessionEvent } from './event.ts'
import { type Folding, put, sessionOf } from './folding.ts'
import { livingSession } from './lifetimes.ts'
import { delegationDepthMax, isRevokedForCause, keepsChild } from './lineage.ts'
import { decisionId } from './stamp.ts'
import { type Context, caps, copyOf, type Profile, type Session } from './state.ts'
import { sceneOf } from './step.ts'
import { setRisk, type Turn } from './turn.ts'

/** How many sessions one record ends or approves at most; the rest are judged at their own next event. */
const perRecordMax = 200
/** How many renewals of a session id are followed at once; the last that was reached is remembered. */
const renewalsMax = 32

/** What a record is busy with. */
export interface Cause {
  readonly event: SessionEvent
  /** Decision time, ms. */
  readonly t: number
}

export interface Placed {
  /** '' where there is none. */
  readonly key: string
  /** null where it is not known. */
  readonly session: Session | null
}

export interface Above {
  readonly parent: Placed
  /** The nearest session above in which a person acts. */
  readonly approver: Session | null
  readonly profile: Profile
}

const none: Placed = { key: '', session: null }

const living = (folding: Folding, key: string, profile: Profile, t: number): Session | null =>
  livingSession(sessionOf(folding, key), profile, t)

/** Follows a session's renewals to the one that counts for a child that was begun at `since`. */
function present(
  folding: Folding,
  key: string,
  since: number,
  profile: Profile,
  t: number,
): Placed {
  let at: Placed = { key, session: key === '' ? null : living(folding, key, profile, t) }
  for (let n = 0; n < renewalsMax; n += 1) {
    const { session } = at
    if (session === null || session.successor === '' || keepsChild(session, since)) return at
    at = { key: session.successor, session: living(folding, session.successor, profile, t) }
  }
  return at
}

/**
 * The session that the event's session was begun from, as it stands now: the one that the event names, else
 * the one remembered. A remembered one that was revoked is never left for another. Where a session further
 * up was revoked and this one was missed then, it is revoked now.
 */
export function above(
  folding: Folding,
  { event, t }: Cause,
  of: { readonly session: Session | null; readonly previous: Session | null },
  profile: Profile,
): Above {
  const { keys, occurredAt } = event
  const since = of.session?.startedAt ?? occurredAt
  const known = of.session?.parent || of.previous?.parent || ''
  const named =
    event.outcome === 'failure' || keys.parentSession === keys.session ? '' : keys.parentSession
  if (known === '' && named === '') return { parent: none, approver: null, profile }
  let parent = present(folding, known, since, profile, t)
  const lost = parent.session !== null && isRevokedForCause(parent.session, profile)
  if (named !== '' && named !== known && !lost) parent = present(folding, named, since, profile, t)
  const next = setRight(folding, { event, t }, parent, profile, 1)
  const session = parent.session && sessionOf(folding, parent.key)
  return {
    parent: { key: parent.key, session },
    approver: approverOf(folding, session, next, t),
    profile: next,
  }
}

/** Revokes a session, where it is not yet, whose own parent was revoked, and what was begun from it. */
function setRight(
  folding: Folding,
  cause: Cause,
  { key, session }: Placed,
  profile: Profile,
  depth: number,
): Profile {
  if (session === null || session.parent === '' || depth >= delegationDepthMax) return profile
  if (isRevokedForCause(session, profile)) return profile
  const parent = present(folding, session.parent, session.startedAt, profile, cause.t)
  let next = setRight(folding, cause, parent, profile, depth + 1)
  const now = parent.session && sessionOf(folding, parent.key)
  if (now === null || !isRevokedForCause(now, next)) return next
  next = end(folding, cause, { key, session }, { key: parent.key, session: now }, next)
  return endChildren(folding, cause, key, next)
}

function approverOf(
  folding: Folding,
  parent: Session | null,
  profile: Profile,
  t: number,
): Session | null {
  let session = parent
  for (let depth = 1; depth < delegationDepthMax; depth += 1) {
    if (session === null || session.acting === 'human' || session.parent === '') break
    session = present(folding, session.parent, session.startedAt, profile, t).session
  }
  return session?.acting === 'human' ? session : null
}

/** Keeps the parent's list true to a child after its event; the child of a new id stands for the old one. */
export function enlist(
  folding: Folding,
  parentKey: string,
  child: { readonly key: string; readonly previousKey: string; readonly isNew: boolean },
): void {
  const parent = parentKey === '' ? null : sessionOf(folding, parentKey)
  const session = sessionOf(folding, child.key)
  if (parent === null || session === null) return
  const { children } = parent
  const over = session.status !== 'active' && session.children.length === 0
  const listed = children.includes(child.key)
  const replaces = child.previousKey !== '' && children.includes(child.previousKey)
  // One that was pushed out comes back only where there is room: else many would push each other out at every event.
  const joins = !over && !listed && (child.isNew || children.length < caps.sessionChildren)
  if (!joins && !replaces && !(over && listed)) return
  const others = children.filter((key) => key !== child.previousKey && key !== child.key)
  const next = over ? others : [...others, child.key].slice(-caps.sessionChildren)
  put(folding.sessions, parentKey, { ...parent, children: next })
}

/** Revokes what was begun from a session that was revoked, and from that, to the depth of a chain of delegation. */
export function endChildren(
  folding: Folding,
  cause: Cause,
  key: string,
  profile: Profile,
): Profile {
  let next = profile
  forChildren(folding, cause, key, profile, (child, parent) => {
    next = end(folding, cause, child, parent, next)
    return true
  })
  return next
}

/** Takes a person's authentication as the approval that what acts for her waits for. */
export function approveChildren(
  folding: Folding,
  cause: Cause,
  key: string,
  profile: Profile,
): Profile {
  const approver = sessionOf(folding, key)
  let next = profile
  forChildren(folding, cause, key, profile, (child, parent) => {
    if (child.session.acting === 'human') return false
    if (child.session.stepUp?.obligation !== 'approval') return true
    const turn = turnOf(folding, cause, child, { ...parent, approver }, next)
    if (approve(turn, cause.event.assurance?.amr.join(','))) {
      tellLevel(turn)
      next = lay(folding, cause, child.key, turn)
    }
    return true
  })
  return next
}

interface Known {
  readonly key: string
  readonly session: Session
}

/** Visits what was begun from a session and still counts as begun from it; `visit` says whether to go on below. */
function forChildren(
  folding: Folding,
  { t }: Cause,
  key: string,
  profile: Profile,
  visit: (child: Known, parent: Known) => boolean,
): void {
  let level: readonly string[] = [key]
  let left = perRecordMax
  for (let depth = 1; depth <= delegationDepthMax && level.length > 0; depth += 1) {
    const below: string[] = []
    for (const parentKey of level) {
      for (const childKey of sessionOf(folding, parentKey)?.children ?? []) {
        const parent = sessionOf(folding, parentKey)
        const session = living(folding, childKey, profile, t)
        if (parent === null || session === null || isRevokedForCause(session, profile)) continue
        const at = present(folding, session.parent, session.startedAt, profile, t)
        if (at.key !== parentKey || left === 0) continue
        left -= 1
        const child = { key: childKey, session }
        if (visit(child, { key: parentKey, session: parent })) below.push(childKey)
      }
    }
    level = below
  }
}

/** Revokes one session because its parent was, unless it was revoked before. */
function end(
  folding: Folding,
  cause: Cause,
  child: Known,
  parent: Known,
  profile: Profile,
): Profile {
  const turn = turnOf(folding, cause, child, { ...parent, approver: null }, profile)
  const context = turn.session.contexts.find((c) => c.id === turn.session.currentContext) ?? nowhere
  const scene = sceneOf(turn, context, false)
  const { signals } = detectAll([parentRevoked], scene, folding.policy)
  if (signals.length === 0) return profile
  setRisk(turn, contribute(turn.session.contributions, signals, cause.t))
  revoke(turn, 'revoke.conclusive')
  // It is remembered as revoked for as long as any that was revoked now.
  turn.session.lastSeen = Math.max(turn.session.lastSeen, cause.t)
  return lay(folding, cause, child.key, turn)
}

const nowhere: Context = {
  id: 0,
  proven: false,
  firstSeen: 0,
  lastSeen: 0,
  network: null,
  place: null,
  client: null,
}

/** A turn of a session that the event is not its own of. */
function turnOf(
  folding: Folding,
  { event, t }: Cause,
  { key, session }: Known,
  parent: Known & { readonly approver: Session | null },
  profile: Profile,
): Turn {
  const index = folding.drafts.length
  const keys = { ...event.keys, session: key, previousSession: '', parentSession: parent.key }
  const { sessionId } = session
  return {
    input: {
      profile,
      session,
      previous: null,
      parentKey: parent.key,
      parent: parent.session,
      approver: parent.approver,
      event: { ...event, type: 'feedback', sessionId, action: null, credential: null, keys },
      t,
      late: false,
      policy: folding.policy,
      detectors: [parentRevoked],
      idOf: (n) => decisionId({ ...folding.meta, offset: folding.offset }, index + n),
    },
    kind: session.acting,
    startLevel: session.level,
    profile,
    session: copyOf(session),
    previous: null,
    drafts: [],
  }
}

/** Lays a turn over the states and the record's decisions. */
function lay(folding: Folding, { event }: Cause, key: string, turn: Turn): Profile {
  const of = { tenant: event.tenant, subject: event.subject, eventId: event.id }
  for (const draft of turn.drafts) folding.drafts.push({ draft, of })
  const session: Session = { ...turn.session }
  put(folding.sessions, key, session)
  return schedule(turn.profile, key, session)
}

/** The sessions above and below an event's own that its fold reads, as far as the states tell; asked again once those are loaded. */
export function kinOf(
  { type, keys }: SessionEvent,
  session: (key: string) => Session | null,
): readonly string[] {
  const kin: string[] = []
  const own = session(keys.session)
  const authenticates = type === 'login' || type === 'reauthentication'
  let up = keys.parentSession || own?.parent || ''
  for (let depth = 0; depth < delegationDepthMax && up !== ''; depth += 1) {
    kin.push(up)
    const parent = session(up)
    up = parent?.successor || parent?.parent || ''
  }
  if (type !== 'revocation' && !authenticates) return kin
  const previous = keys.previousSession === '' ? null : session(keys.previousSession)
  for (const key of [...(own?.children ?? []), ...(previous?.children ?? [])]) {
    kin.push(key)
    if (type === 'revocation') kin.push(...(session(key)?.children ?? []))
  }
  return kin
}
