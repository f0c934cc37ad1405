/**
 * The fold of one partition: every record of the internal log in its order, over the states it led to.
 * It has no clock and looks nothing up, so refolding a log gives the same decisions byte for byte.
 */
import { noteAlertOnly } from './alert-only.ts'
import { schedule } from './deadline.ts'
import { detectors as allDetectors } from './detectors/index.ts'
import type { LogRecord, SessionEvent } from './event.ts'
import type { FoldResult, PartitionMeta, PlacedRecord, States } from './fold-types.ts'
import { begin, type Folding, finish, keep, nothing, profileOf, put, sessionOf } from './folding.ts'
import { livingProfile, livingSession } from './lifetimes.ts'
import type { Policy } from './policy.ts'
import { decisionId } from './stamp.ts'
import { caps, emptyProfile, type Profile, type Session } from './state.ts'
import { step } from './step.ts'
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
})

/** The states to load for a record; timers may ask for more (`followUps`). */
export function keysOf(record: LogRecord): {
  readonly profiles: readonly string[]
  readonly sessions: readonly string[]
} {
  if (record.kind === 'tick') return { profiles: [], sessions: [] }
  const { subject, session, previousSession } = record.event.keys
  return { profiles: [subject], sessions: [session, previousSession].filter((key) => key !== '') }
}

/** Sessions that a record's fold also reads, known once the profiles are loaded: those whose timers it fires. */
export function followUps(record: LogRecord, states: States): readonly string[] {
  if (record.kind === 'event') {
    const { type, keys } = record.event
    const due = dueTimers(states.profile(keys.subject), decisionTime(record.event))
    const successor = type === 'revocation' ? (states.session(keys.session)?.successor ?? '') : ''
    return [...due.map((timer) => timer.session), ...(successor === '' ? [] : [successor])]
  }
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
  const { event, origin } = record
  const key = origin === null ? '' : `${origin.topic}:${origin.partition}`
  if (origin !== null && origin.offset <= states.origin(key)) return nothing('repeat', next)
  const moved = origin === null ? null : { key, offset: origin.offset }
  const folding = begin(next, offset, states, policy)
  const told = foldEvent(folding, event, detectors)
  if (told === null) return { ...nothing('repeat', next), origin: moved }
  const { signals, blind } = told
  const t = decisionTime(event)
  const session = isFailedLogin(event) ? '' : event.keys.session
  noteAlertOnly(folding, { subject: event.keys.subject, session }, signals, t)
  return { ...finish(folding, next, { event, t, signals }), origin: moved, signals, blind }
}

function foldEvent(
  folding: Folding,
  event: SessionEvent,
  detectors: typeof allDetectors,
): Pick<FoldResult, 'signals' | 'blind'> | null {
  const t = decisionTime(event)
  const keys = event.keys
  const stored = livingProfile(profileOf(folding, keys.subject), t)
  const hasSession = keys.session !== '' && !isFailedLogin(event)
  const known = livingSession(hasSession ? sessionOf(folding, keys.session) : null, stored, t)
  // Some frameworks keep the session id over a logout: a login after it begins a session anew.
  const session = known?.status === 'ended' && event.type === 'login' ? null : known
  const repeats = hasSession ? known?.repeats : stored?.repeats
  if (repeats?.includes(event.idHash)) return null

  let profile = fireTimers(folding, keys.subject, stored ?? newProfile(event), t)
  if (session !== null) fire(folding, keys, profile, t)
  if (isFailedLogin(event)) {
    keep(folding, keys.subject, stored, forgetful(profile, event, t))
    return { signals: [], blind: [] }
  }
  // A session that names itself takes over from nobody.
  const previousKey = keys.previousSession === keys.session ? '' : keys.previousSession
  const previous = previousKey === '' ? null : sessionOf(folding, previousKey)
  const index = folding.drafts.length
  const result = step({
    profile,
    session: session === null ? null : sessionOf(folding, keys.session),
    previous: livingSession(previous, stored, t),
    event,
    t,
    late: event.occurredAt < event.receivedAt - lateAfterMs,
    policy: folding.policy,
    detectors,
    idOf: (n) => decisionId({ ...folding.meta, offset: folding.offset }, index + n),
  })
  const whom = { tenant: event.tenant, subject: event.subject, eventId: event.id }
  // Without a session an event teaches the profile; it decides something only where it ends them all.
  if (hasSession || event.type === 'revocation') {
    for (const draft of result.decisions) folding.drafts.push({ draft, of: whom })
  }
  if (hasSession) {
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
  keep(folding, keys.subject, stored, seen(profile, t))
  if (event.type === 'revocation' && known !== null) revokeOn(folding, event, known, detectors)
  return { signals: result.signals, blind: result.blind }
}

/** A revocation that names an old id means the session that lives on under another. */
function revokeOn(
  folding: Folding,
  event: SessionEvent,
  { successor }: Session,
  detectors: typeof allDetectors,
): void {
  const next = successor === '' ? null : sessionOf(folding, successor)
  if (next === null) return
  const keys = { ...event.keys, session: successor }
  foldEvent(folding, { ...event, sessionId: next.sessionId, keys }, detectors)
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
