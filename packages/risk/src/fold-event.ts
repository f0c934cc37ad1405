/** The way of one event: what is known of its session, what is due, the step, and what that means for others. */
import { type Above, above, enlist } from './ascent.ts'
import { isObserved } from './control.ts'
import { schedule } from './deadline.ts'
import { decisionTime, isLate } from './decision-time.ts'
import { approveChildren, endChildren } from './descent.ts'
import type { Detector } from './detector.ts'
import type { SessionEvent } from './event.ts'
import { seeFailedLogin } from './failed-login.ts'
import { foldFeedback } from './fold-feedback.ts'
import { type EventTold, type Folding, keep, profileOf, put, sessionOf } from './folding.ts'
import { livingProfile, livingSession } from './lifetimes.ts'
import { isRevokedForCause } from './lineage.ts'
import type { Cause } from './placed.ts'
import { renewals } from './renewals.ts'
import { activeIn, calm, countDrafts, Room } from './restraint.ts'
import type { Signal } from './signal.ts'
import { decisionId } from './stamp.ts'
import { caps, emptyProfile, type Profile, type Session } from './state.ts'
import { step } from './step.ts'
import { storyOf } from './story.ts'
import { fire, fireTimers } from './timers.ts'
import type { StepResult } from './turn.ts'

/** A profile notes that it was seen no oftener, so that a quiet event does not rewrite it. */
const seenEveryMs = 10 * 60_000

/** Folds one event, and where it revokes a session under an old id, those that it lives on under too. */
export function foldEvent(
  folding: Folding,
  event: SessionEvent,
  detectors: readonly Detector[],
): EventTold | 'repeat' | 'unheard' {
  const of = knownOf(folding, event)
  const told = foldOne(folding, event, of, detectors)
  if (event.type === 'revocation' && of.known !== null && told !== 'repeat') {
    revokeOn(folding, event, of.known, detectors)
  }
  return told
}

/** What the states tell of an event's subject and session, as far as they are not forgotten by its time. */
interface Known {
  /** As the store has it, though it may be forgotten. */
  readonly written: Profile | null
  readonly stored: Profile | null
  readonly known: Session | null
  /** The session that the event goes on with; null where it begins one. */
  readonly session: Session | null
}

function knownOf(folding: Folding, event: SessionEvent): Known {
  const t = decisionTime(event)
  const written = profileOf(folding, event.keys.subject)
  const stored = livingProfile(written, t)
  const at = hasSession(event) ? sessionOf(folding, event.keys.session) : null
  const known = livingSession(at, stored, t)
  // Some frameworks keep the session id over a logout: a login after it begins a session anew.
  const session = known?.status === 'ended' && event.type === 'login' ? null : known
  return { written, stored, known, session }
}

function foldOne(
  folding: Folding,
  event: SessionEvent,
  of: Known,
  detectors: readonly Detector[],
): EventTold | 'repeat' | 'unheard' {
  const repeats = hasSession(event) ? of.known?.repeats : of.stored?.repeats
  if (repeats?.includes(event.idHash)) return 'repeat'
  if (event.type === 'feedback') return foldFeedback(folding, event, of.session, detectors)
  const profile = fireDue(folding, event, of)
  return isFailedLogin(event)
    ? foldFailedLogin(folding, event, of, profile, detectors)
    : foldStep(folding, event, of, profile, detectors)
}

/** Fires what was due before the event, and counts its session as active. */
function fireDue(folding: Folding, event: SessionEvent, of: Known): Profile {
  const { written, stored, known, session } = of
  const { keys } = event
  const t = decisionTime(event)
  // A profile that is forgotten still owes an end to what was asked of its sessions.
  if (stored === null && written !== null) fireTimers(folding, keys.subject, written, t)
  if (hasSession(event)) {
    calm(folding, t, event.tenant)
    folding.loads = activeIn(folding.loads, event.tenant, t, known)
  }
  const profile = fireTimers(folding, keys.subject, stored ?? newProfile(event), t)
  if (session !== null) fire(folding, keys, profile, t)
  return profile
}

function foldFailedLogin(
  folding: Folding,
  event: SessionEvent,
  { stored }: Known,
  profile: Profile,
  detectors: readonly Detector[],
): EventTold {
  const t = decisionTime(event)
  const { memory, signals, blind } = seeFailedLogin(profile, event, t, folding.policy, detectors)
  keep(folding, event.keys.subject, stored, forgetful({ ...profile, memory }, event, t))
  return { signals, blind }
}

/** Steps the event's session, and lays what comes of it over its subject, its predecessor and its kin. */
function foldStep(
  folding: Folding,
  event: SessionEvent,
  { stored, session }: Known,
  fired: Profile,
  detectors: readonly Detector[],
): EventTold {
  const t = decisionTime(event)
  const { keys } = event
  const previousKey = previousKeyOf(event)
  const before = session === null ? null : sessionOf(folding, keys.session)
  const previous =
    previousKey === '' ? null : livingSession(sessionOf(folding, previousKey), stored, t)
  const of = hasSession(event) ? { session: before, previous } : nobody
  const kin = above(folding, { event, t }, of, fired)
  const result = stepOf(folding, event, { known: before !== null, previous, kin }, detectors)
  decided(folding, event, result)
  let profile = hasSession(event)
    ? laidOver(folding, event, result)
    : taught(kin.profile, event, result)
  if (result.previous !== null) {
    put(folding.sessions, previousKey, result.previous)
    profile = schedule(profile, previousKey, result.previous)
  }
  if (hasSession(event)) {
    const isNew = before === null || before.parent !== kin.parent.key
    enlist(folding, kin.parent.key, { key: keys.session, previousKey, isNew })
    profile = tellKin(
      folding,
      { event, t },
      { before, after: result.session, previousKey },
      profile,
    )
  }
  keep(folding, keys.subject, stored, seen(profile, t))
  return { signals: result.signals, blind: result.blind }
}

const nobody = { session: null, previous: null }

function stepOf(
  folding: Folding,
  event: SessionEvent,
  of: { readonly known: boolean; readonly previous: Session | null; readonly kin: Above },
  detectors: readonly Detector[],
): StepResult {
  const { kin, previous } = of
  const t = decisionTime(event)
  const index = folding.drafts.length
  return step({
    profile: kin.profile,
    // It may have been revoked just now, with the one that it was begun from.
    session: of.known ? sessionOf(folding, event.keys.session) : null,
    previous,
    parentKey: kin.parent.key,
    parent: kin.parent.session,
    approver: kin.approver,
    event,
    t,
    late: isLate(event),
    policy: folding.policy,
    detectors,
    observeOnly: isObserved(folding.meta.control, event.tenant),
    room: new Room(folding.loads, event.tenant, t),
    idOf: (n) => decisionId({ ...folding.meta, offset: folding.offset }, index + n),
  })
}

/** Without a session an event teaches the profile; it decides something only where it ends them all. */
function decided(folding: Folding, event: SessionEvent, { decisions }: StepResult): void {
  if (!hasSession(event) && event.type !== 'revocation') return
  const whom = { tenant: event.tenant, subject: event.subject, eventId: event.id }
  for (const draft of decisions) folding.drafts.push({ draft, of: whom })
  countDrafts(folding, event.tenant, decisionTime(event), decisions)
}

/** Puts the session's new state, and answers with the profile that goes with it. */
function laidOver(folding: Folding, event: SessionEvent, result: StepResult): Profile {
  const key = event.keys.session
  tell(folding, event, result.signals, decisionTime(event))
  put(folding.sessions, key, result.session)
  return schedule(result.profile, key, result.session)
}

/** The profile after an event without a session. */
function taught(profile: Profile, event: SessionEvent, result: StepResult): Profile {
  const { memory, notBefore, enrolments } = result.profile
  return forgetful({ ...profile, memory, notBefore, enrolments }, event, decisionTime(event))
}

/** Before the session's new state is put: what is new is told by the one before. */
function tell(folding: Folding, event: SessionEvent, signals: readonly Signal[], t: number): void {
  if (signals.length === 0) return
  const before = sessionOf(folding, event.keys.session)
  for (const entry of storyOf(event, signals, { before, t, offset: folding.offset })) {
    folding.story.push([event.keys.session, entry])
  }
}

/** What an event's session means for those begun from it: they end where it was revoked, and a person's new authentication approves. */
function tellKin(
  folding: Folding,
  cause: Cause,
  of: { readonly before: Session | null; readonly after: Session; readonly previousKey: string },
  profile: Profile,
): Profile {
  const { before, after, previousKey } = of
  const key = cause.event.keys.session
  let next = profile
  const previous = previousKey === '' ? null : sessionOf(folding, previousKey)
  if (previous?.status === 'revoked') next = endChildren(folding, cause, previousKey, next)
  if (after.children.length === 0) return next
  if (isRevokedForCause(after, next)) return endChildren(folding, cause, key, next)
  const isNewer = after.assurance.authTime > (before?.assurance.authTime ?? 0)
  return isNewer && after.acting === 'human' ? approveChildren(folding, cause, key, next) : next
}

/** A revocation that names an old id means each of its renewals, and above all the one that lives on. */
function revokeOn(
  folding: Folding,
  event: SessionEvent,
  { successor }: Session,
  detectors: readonly Detector[],
): void {
  for (const key of renewals(successor, (of) => sessionOf(folding, of))) {
    const next = sessionOf(folding, key)
    if (next === null) return
    const keys = { ...event.keys, session: key }
    const renewed = { ...event, sessionId: next.sessionId, keys }
    foldOne(folding, renewed, knownOf(folding, renewed), detectors)
  }
}

/** A session that names itself takes over from nobody. */
const previousKeyOf = ({ keys }: SessionEvent): string =>
  keys.previousSession === keys.session ? '' : keys.previousSession

const hasSession = (event: SessionEvent): boolean =>
  event.keys.session !== '' && !isFailedLogin(event)

/** A login that failed, or was only attempted, opens no session and says nothing of one. */
export const isFailedLogin = (event: SessionEvent): boolean =>
  event.type === 'login' && event.outcome !== 'success'

/** Without a session to remember it, the profile remembers the event's id. */
function forgetful(profile: Profile, event: SessionEvent, t: number): Profile {
  const max = event.subject.kind === 'human' ? caps.repeatsHuman : caps.repeatsOther
  return seen({ ...profile, repeats: [...profile.repeats, event.idHash].slice(-max) }, t)
}

const seen = (profile: Profile, t: number): Profile =>
  t - profile.lastSeen < seenEveryMs ? profile : { ...profile, lastSeen: t }

const newProfile = ({ tenant, subject }: SessionEvent): Profile => ({
  ...emptyProfile,
  tenant,
  subjectId: subject.id,
  kind: subject.kind,
  iss: subject.iss,
})
