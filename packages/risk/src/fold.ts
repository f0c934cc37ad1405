/**
 * The fold of one partition: every record of the internal log in its order, over the states it led to.
 * It has no clock and looks nothing up, so refolding a log gives the same decisions byte for byte.
 */
import { noteAlertOnly } from './alert-only.ts'
import { above, enlist, kinOf } from './ascent.ts'
import { isObserved, noControl } from './control.ts'
import { schedule } from './deadline.ts'
import { approveChildren, endChildren } from './descent.ts'
import { detectors as allDetectors } from './detectors/index.ts'
import type { LogRecord, SessionEvent } from './event.ts'
import { seeFailedLogin } from './failed-login.ts'
import { hearing, judge } from './feedback.ts'
import type { FoldResult, PartitionMeta, PlacedRecord, States } from './fold-types.ts'
import { begin, type Folding, finish, keep, nothing, profileOf, put, sessionOf } from './folding.ts'
import { livingProfile, livingSession } from './lifetimes.ts'
import { isRevokedForCause } from './lineage.ts'
import { obey, ordersKeys } from './orders.ts'
import type { Cause } from './placed.ts'
import type { Policy } from './policy.ts'
import { activeIn, countDrafts, Room } from './restraint.ts'
import type { Signal } from './signal.ts'
import { decisionId } from './stamp.ts'
import { caps, emptyProfile, type Profile, type Session } from './state.ts'
import { step } from './step.ts'
import { storyOf } from './story.ts'
import { dueTimers, fire, fireTimers, tick, timersPerTick } from './timers.ts'

/** A profile notes that it was seen no oftener, so that a quiet event does not rewrite it. */
const seenEveryMs = 10 * 60_000
/** An event later than this updates memory, and neither prompts nor revokes by score. */
const lateAfterMs = 10 * 60_000
export const emptyMeta = (generation: number, partition: number): PartitionMeta => ({
  generation,
  partition,
  appliedOffset: -1,
  lastTick: 0,
  origins: {},
  control: noControl,
  loads: [],
})

/** The states to load for a record; timers may ask for more (`followUps`). */
export function keysOf(record: LogRecord): {
  readonly profiles: readonly string[]
  readonly sessions: readonly string[]
} {
  if (record.kind === 'tick') return { profiles: [], sessions: [] }
  if (record.kind === 'control') return ordersKeys(record.control)
  const { subject, session, previousSession, parentSession } = record.event.keys
  const sessions = [session, previousSession, parentSession].filter((key) => key !== '')
  return { profiles: [subject], sessions }
}

/**
 * Sessions that a record's fold also reads, known once others are loaded: those whose timers it fires, and
 * those that its own was begun from or that were begun from it. Asked until it names nothing new.
 */
export function followUps(record: LogRecord, states: States): readonly string[] {
  if (record.kind === 'event') {
    const { type, keys } = record.event
    const due = dueTimers(states.profile(keys.subject), decisionTime(record.event))
    const reachesOn = type === 'revocation' || type === 'feedback'
    const successor = reachesOn ? (states.session(keys.session)?.successor ?? '') : ''
    const on = renewals(successor, (key) => states.session(key))
    const kin = kinOf(record.event, (key) => (key === '' ? null : states.session(key)))
    return [...due.map((timer) => timer.session), ...on, ...kin]
  }
  if (record.kind === 'control') return []
  return states
    .dueSubjects(record.t, timersPerTick)
    .flatMap((key) => dueTimers(states.profile(key), record.t).map((timer) => timer.session))
}

/** Decision time: `clamp(occurredAt, receivedAt - 10 min, receivedAt)`. */
export const decisionTime = ({ occurredAt, receivedAt }: SessionEvent): number =>
  Math.min(receivedAt, Math.max(occurredAt, receivedAt - lateAfterMs))

/** Folds one record. Never throws for anything that ingest may have let through. */
export function foldPartition(
  meta: PartitionMeta,
  { offset, record }: PlacedRecord,
  states: States,
  policy: Policy,
  detectors = allDetectors,
): FoldResult {
  const next = { ...meta, appliedOffset: offset }
  if (record.kind === 'tick') {
    if (record.t <= meta.lastTick) return nothing('ignored', next)
    const folding = begin(next, offset, states, policy)
    tick(folding, record.t)
    const told = { event: null, t: record.t, signals: [] }
    return finish(folding, { ...next, lastTick: record.t }, told)
  }
  if (record.kind === 'control') return obey(begin(next, offset, states, policy), record.control)
  const { event, origin } = record
  const key = origin === null ? '' : `${origin.topic}:${origin.partition}`
  if (origin !== null && origin.offset <= states.origin(key)) return nothing('repeat', next)
  const moved = origin === null ? null : { key, offset: origin.offset }
  const folding = begin(next, offset, states, policy)
  const told = foldEvent(folding, event, detectors)
  if (typeof told === 'string') return { ...nothing(told, next), origin: moved }
  const { signals, blind } = told
  const t = decisionTime(event)
  const session = isFailedLogin(event) ? '' : event.keys.session
  noteAlertOnly(folding, { subject: event.keys.subject, session }, signals, t)
  const { loads } = folding
  const after = loads === next.loads ? next : { ...next, loads }
  return finish(folding, after, { event, t, signals }, { origin: moved, blind })
}

type Told = Pick<FoldResult, 'signals' | 'blind'>

function foldEvent(
  folding: Folding,
  event: SessionEvent,
  detectors: typeof allDetectors,
  goesOn = true,
): Told | 'repeat' | 'unheard' {
  const t = decisionTime(event)
  const keys = event.keys
  const written = profileOf(folding, keys.subject)
  const stored = livingProfile(written, t)
  const hasSession = keys.session !== '' && !isFailedLogin(event)
  const known = livingSession(hasSession ? sessionOf(folding, keys.session) : null, stored, t)
  // Some frameworks keep the session id over a logout: a login after it begins a session anew.
  const session = known?.status === 'ended' && event.type === 'login' ? null : known
  const repeats = hasSession ? known?.repeats : stored?.repeats
  if (repeats?.includes(event.idHash)) return 'repeat'
  if (event.type === 'feedback') return foldFeedback(folding, event, session, detectors)

  // A profile that is forgotten still owes an end to what was asked of its sessions.
  if (stored === null && written !== null) fireTimers(folding, keys.subject, written, t)
  if (hasSession) folding.loads = activeIn(folding.loads, event.tenant, t, known)
  let profile = fireTimers(folding, keys.subject, stored ?? newProfile(event), t)
  if (session !== null) fire(folding, keys, profile, t)
  if (isFailedLogin(event)) {
    const { memory, signals, blind } = seeFailedLogin(profile, event, t, folding.policy, detectors)
    keep(folding, keys.subject, stored, forgetful({ ...profile, memory }, event, t))
    return { signals, blind }
  }
  // A session that names itself takes over from nobody.
  const previousKey = keys.previousSession === keys.session ? '' : keys.previousSession
  const previous = previousKey === '' ? null : sessionOf(folding, previousKey)
  const before = session === null ? null : sessionOf(folding, keys.session)
  const cause = { event, t }
  const kin = above(
    folding,
    cause,
    hasSession ? { session: before, previous: livingSession(previous, stored, t) } : nobody,
    profile,
  )
  profile = kin.profile
  const index = folding.drafts.length
  const result = step({
    profile,
    // It may have been revoked just now, with the one that it was begun from.
    session: before && sessionOf(folding, keys.session),
    previous: livingSession(previous, stored, t),
    parentKey: kin.parent.key,
    parent: kin.parent.session,
    approver: kin.approver,
    event,
    t,
    late: event.occurredAt < event.receivedAt - lateAfterMs,
    policy: folding.policy,
    detectors,
    observeOnly: isObserved(folding.meta.control, event.tenant),
    room: new Room(folding.loads, event.tenant, t),
    idOf: (n) => decisionId({ ...folding.meta, offset: folding.offset }, index + n),
  })
  const whom = { tenant: event.tenant, subject: event.subject, eventId: event.id }
  // Without a session an event teaches the profile; it decides something only where it ends them all.
  if (hasSession || event.type === 'revocation') {
    for (const draft of result.decisions) folding.drafts.push({ draft, of: whom })
    countDrafts(folding, event.tenant, t, result.decisions)
  }
  if (hasSession) {
    tell(folding, event, result.signals, t)
    profile = result.profile
    put(folding.sessions, keys.session, result.session)
    profile = schedule(profile, keys.session, result.session)
  } else {
    const { memory, notBefore, enrolments } = result.profile
    profile = forgetful({ ...profile, memory, notBefore, enrolments }, event, t)
  }
  if (result.previous !== null) {
    put(folding.sessions, previousKey, result.previous)
    profile = schedule(profile, previousKey, result.previous)
  }
  if (hasSession) {
    const isNew = before === null || before.parent !== kin.parent.key
    enlist(folding, kin.parent.key, { key: keys.session, previousKey, isNew })
    profile = tellKin(folding, cause, { before, after: result.session, previousKey }, profile)
  }
  keep(folding, keys.subject, stored, seen(profile, t))
  if (event.type === 'revocation' && known !== null && goesOn) {
    revokeOn(folding, event, known, detectors)
  }
  return { signals: result.signals, blind: result.blind }
}

/** Before the session's new state is put: what is new is told by the one before. */
function tell(folding: Folding, event: SessionEvent, signals: readonly Signal[], t: number): void {
  if (signals.length === 0) return
  const before = sessionOf(folding, event.keys.session)
  for (const entry of storyOf(event, signals, { before, t, offset: folding.offset })) {
    folding.story.push([event.keys.session, entry])
  }
}

const nobody = { session: null, previous: null }

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

/**
 * Feedback is not of the session: it comes from an operator, at a desk of their own, so it moves no context
 * and keeps no session alive. What it says of an old id, it says of the session that lives on under another.
 */
function foldFeedback(
  folding: Folding,
  event: SessionEvent,
  session: Session | null,
  detectors: typeof allDetectors,
): Told | 'repeat' | 'unheard' {
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

const quiet: Told = { signals: [], blind: [] }

/** Renewals that are followed from an old id to the present one. */
const renewalsMax = 256

/** The session that lives on under another id, and those between, as far as they are known. */
function renewals(key: string, session: (key: string) => Session | null): readonly string[] {
  const keys: string[] = []
  let next = key
  while (next !== '' && keys.length < renewalsMax && !keys.includes(next)) {
    keys.push(next)
    next = session(next)?.successor ?? ''
  }
  return keys
}

/** A revocation that names an old id means each of its renewals, and above all the one that lives on. */
function revokeOn(
  folding: Folding,
  event: SessionEvent,
  { successor }: Session,
  detectors: typeof allDetectors,
): void {
  for (const key of renewals(successor, (of) => sessionOf(folding, of))) {
    const next = sessionOf(folding, key)
    if (next === null) return
    const keys = { ...event.keys, session: key }
    foldEvent(folding, { ...event, sessionId: next.sessionId, keys }, detectors, false)
  }
}

/** A login that failed, or was only attempted, opens no session and says nothing of one. */
const isFailedLogin = (event: SessionEvent): boolean =>
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
