/** What a session was begun from: who stands above it, and whether they still stand. */
import { end, endChildren } from './descent.ts'
import type { SessionEvent } from './event.ts'
import { type Folding, put, sessionOf } from './folding.ts'
import { delegationDepthMax, isRevokedForCause } from './lineage.ts'
import { type Cause, type Placed, present } from './placed.ts'
import { caps, type Profile, type Session } from './state.ts'

export interface Above {
  readonly parent: Placed
  /** The nearest session above in which a person acts. */
  readonly approver: Session | null
  readonly profile: Profile
}

const none: Placed = { key: '', session: null }

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
  // It may have ended with what was set right above it.
  const mine = sessionOf(folding, key)
  if (mine === null || isRevokedForCause(mine, next)) return next
  next = end(folding, cause, { key, session: mine }, { key: parent.key, session: now }, next)
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
