/**
 * Sessions that were begun from another: an app's from single sign-on, an agent's from the person who sent
 * it. They end with it in the same record, and a person's approval reaches them in hers. Both are of one
 * subject, so they are in one partition.
 */
import { approve } from './approve.ts'
import { contribute } from './assess.ts'
import { revokes, tellLevel } from './conclude.ts'
import { isObserved } from './control.ts'
import { schedule } from './deadline.ts'
import { groundsOf } from './decide.ts'
import { detectAll } from './detect.ts'
import { parentRevoked } from './detectors/parent-revoked.ts'
import { type Folding, put, sessionOf } from './folding.ts'
import { delegationDepthMax, isRevokedForCause } from './lineage.ts'
import { type Cause, living, present } from './placed.ts'
import { sceneOf } from './scene.ts'
import { decisionId } from './stamp.ts'
import { type Context, copyOf, type Profile, type Session } from './state.ts'
import { storyOf } from './story.ts'
import { setRisk, type Turn } from './turn.ts'

/** How many sessions one record ends or approves at most; the rest are judged at their own next event. */
const perRecordMax = 200
/**
 * How many decisions of one record are about them: each has up to three. The rest of `decisionsMax` is for
 * timers, and for up to 256 renewals of a session that is revoked, two each.
 */
const decisionsAboutThem = 400

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
        if (at.key !== parentKey || left === 0 || folding.ofKin >= decisionsAboutThem) continue
        left -= 1
        const child = { key: childKey, session }
        const before = folding.drafts.length
        if (visit(child, { key: parentKey, session: parent })) below.push(childKey)
        folding.ofKin += folding.drafts.length - before
      }
    }
    level = below
  }
}

/** Revokes one session because its parent was, unless it was revoked before. */
export function end(
  folding: Folding,
  cause: Cause,
  child: Known,
  parent: Known,
  profile: Profile,
): Profile {
  // Its own life may have run out in this very record.
  if (child.session.status === 'revoked') return profile
  const turn = turnOf(folding, cause, child, { ...parent, approver: null }, profile)
  const context = turn.session.contexts.find((c) => c.id === turn.session.currentContext) ?? nowhere
  const scene = sceneOf(turn, { context, told: null }, false, null)
  const { signals } = detectAll([parentRevoked], scene, folding.policy)
  if (signals.length === 0) return profile
  const told = { before: child.session, t: cause.t, offset: folding.offset }
  for (const entry of storyOf(cause.event, signals, told)) folding.story.push([child.key, entry])
  setRisk(turn, contribute(turn.session.contributions, signals, cause.t))
  // Where its tenant was only observed, it was told once, and lives.
  if (!groundsOf(turn.session).some(({ reason }) => reason === 'PARENT_REVOKED')) return profile
  revokes(turn, 'revoke.parent')
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
      observeOnly: isObserved(folding.meta.control, event.tenant),
      // What ends its parent has passed the caps: they count one danger once.
      room: { revocation: true, stepUp: true },
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
