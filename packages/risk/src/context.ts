/**
 * Contexts: which one an event comes from, what it is compared with, and what a session and its
 * subject remember of the proven ones.
 */
import { type SeenClient, sameClient, sameDevice } from './client.ts'
import type { Sighting } from './detector.ts'
import type { SessionEvent } from './event.ts'
import { cutText } from './fields.ts'
import { sameNetwork } from './network.ts'
import { type Context, caps, type Profile, type Session, textMax } from './state.ts'

type Halves = Pick<Context, 'network' | 'client' | 'place'>
type Pair = Pick<Context, 'network' | 'client'>

const hourMs = 3_600_000
/** How long a context is taken as just seen. */
const settledMs = 60_000
/** A sighting of another session is refreshed no oftener, so that a quiet event does not rewrite the profile. */
const sightingEveryMs = 5 * 60_000

/** How long after its first event a context is still being told: login, address and device may come one by one. */
const tellingMs = 60_000

/** True where what is seen belongs to a known context: it is the same, or tells a half that nobody has told yet. */
function isIn(known: Context, seen: Halves, at: number): boolean {
  const untold =
    (known.network === null || known.client === null) && at - known.firstSeen <= tellingMs
  return untold ? sameSoFar(known, seen) : sameContext(known, seen)
}

const sameSoFar = (a: Halves, b: Halves): boolean =>
  (a.network === null || b.network === null || sameNetwork(a.network, b.network)) &&
  (a.client === null || b.client === null || sameClient(a.client, b.client))

/** Two contexts are one where network and client are the same; a half that only one of them knows differs. */
export function sameContext(a: Pair, b: Pair): boolean {
  return sameHalf(a.network, b.network, sameNetwork) && sameHalf(a.client, b.client, sameClient)
}

function sameHalf<T>(a: T | null, b: T | null, same: (a: T, b: T) => boolean): boolean {
  if (a === null || b === null) return a === b
  return same(a, b)
}

/** True where an operator confirmed the context as a thief's. */
export const isPoisoned = ({ poisoned }: Profile, context: Pair): boolean =>
  poisoned.length > 0 && poisoned.some((known) => sameContext(known, context))

export interface Located {
  readonly context: Context
  /** The session's contexts after the event. */
  readonly contexts: readonly Context[]
  /** What the session's login told of the context, where this event tells the half that was missing; else null. */
  readonly told: Context | null
}

/**
 * The context that an event comes from. A half that the event does not name is the current context's:
 * what is missing never looks like a change. A context of which a login told one half alone is proven by
 * that login only once the other half was judged as well.
 */
export function locate(session: Session, profile: Profile, event: SessionEvent): Located {
  const current = session.contexts.find((c) => c.id === session.currentContext)
  const network = event.network ?? current?.network ?? null
  const client = cutClient(event.client ?? current?.client ?? null)
  const unplaced = event.network === null && event.place === null
  const place = cutPlace(unplaced ? (current?.place ?? null) : event.place)
  const seen: Halves = { network, client, place }
  const at = event.occurredAt
  const known =
    current !== undefined && isIn(current, seen, at)
      ? current
      : session.contexts.find((c) => isIn(c, seen, at))
  if (known !== undefined && isSettled(known, seen, event.occurredAt)) {
    return { context: known, contexts: session.contexts, told: null }
  }
  const told = known !== undefined && completes(event, known, session) ? known : null
  const context: Context = {
    id: known?.id ?? session.lastContextId + 1,
    proven:
      !isPoisoned(profile, seen) &&
      ((told === null && known?.proven === true) ||
        profile.contexts.some((c) => sameContext(c, seen))),
    firstSeen: known?.firstSeen ?? event.occurredAt,
    lastSeen: Math.max(known?.lastSeen ?? 0, event.occurredAt),
    network,
    place,
    client,
  }
  if (known !== undefined) {
    return { context, contexts: session.contexts.map((c) => (c === known ? context : c)), told }
  }
  return { context, contexts: bound([...session.contexts, context], session, context.id), told }
}

/** True where an event tells, within the minute, the half of its login's context that the login did not. */
function completes(event: SessionEvent, known: Context, { assurance }: Session): boolean {
  const isLogins = assurance.context === known.id
  if (!isLogins || event.occurredAt - known.firstSeen > tellingMs) return false
  return (
    (known.network === null && event.network !== null) ||
    (known.client === null && event.client !== null)
  )
}

/** Takes back what half a context taught: its other half is judged now. */
export const unlearn = (profile: Profile, { firstSeen }: Context): Profile => ({
  ...profile,
  contexts: profile.contexts.filter(
    (c) => c.firstSeen !== firstSeen || (c.network !== null && c.client !== null),
  ),
})

/** Texts are cut before they are kept, or what a state says would depend on whether it was read back. */
const cutPlace = (place: Context['place']): Context['place'] =>
  place === null || place.city.length <= textMax.city
    ? place
    : { ...place, city: cutText(place.city, textMax.city) }

const cutClient = (client: Context['client']): Context['client'] =>
  client === null || client.browser.length <= textMax.browser
    ? client
    : { ...client, browser: cutText(client.browser, textMax.browser) }

/**
 * True where an event adds nothing to a proven context that was seen within the minute: then it is
 * kept as it is, so that a busy session is not rewritten at every event.
 */
function isSettled(known: Context, { network, place, client }: Halves, at: number): boolean {
  return (
    known.proven &&
    at >= known.lastSeen &&
    at - known.lastSeen < settledMs &&
    known.network?.address === network?.address &&
    known.network?.kind === network?.kind &&
    known.place?.latitude === place?.latitude &&
    known.place?.longitude === place?.longitude &&
    known.place?.edition === place?.edition &&
    known.client?.version === client?.version &&
    known.client?.device === client?.device &&
    known.client?.fingerprint === client?.fingerprint
  )
}

/** Past the cap an unproven context that no risk rests on goes first, then the one not seen for longest. */
function bound(contexts: Context[], session: Session, keep: number): readonly Context[] {
  if (contexts.length <= caps.sessionContexts) return contexts
  const weight = (c: Context) =>
    (session.contributions.some((x) => x.context === c.id) ? 2 : 0) + (c.proven ? 1 : 0)
  const candidates = contexts.filter((c) => c.id !== keep && c.id !== session.currentContext)
  candidates.sort((a, b) => weight(a) - weight(b) || a.lastSeen - b.lastSeen)
  return contexts.filter((c) => c !== candidates[0])
}

/** Marks a context as proven. */
export const prove = (contexts: readonly Context[], id: number): readonly Context[] =>
  contexts.map((c) => (c.id === id && !c.proven ? { ...c, proven: true } : c))

/** The session's last stay in a proven context before `at` by evidence time, and the next after it. */
export function neighbours(
  session: Session,
  at: number,
): { readonly base: Sighting | null; readonly next: Sighting | null } {
  let base: Sighting | null = null
  let next: Sighting | null = null
  for (const run of session.runs) {
    const context = session.contexts.find((c) => c.id === run.context)
    if (context === undefined) continue
    if (run.from <= at) base = { context, at: Math.min(run.until, at) }
    else next ??= { context, at: run.from }
  }
  return { base, next }
}

/** Extends the session's stays by a sighting in a proven context. */
export function stay(runs: Session['runs'], context: number, at: number): Session['runs'] {
  const index = runs.findLastIndex((run) => run.from <= at)
  const run = runs[index]
  if (run?.context === context) {
    if (at <= run.until) return runs
    return runs.map((r, i) => (i === index ? { ...r, until: at } : r))
  }
  if (run !== undefined && at < run.until) return runs
  const next = [
    ...runs.slice(0, index + 1),
    { context, from: at, until: at },
    ...runs.slice(index + 1),
  ]
  return next.slice(-caps.sessionRuns)
}

/** The subject's last sighting in a proven context of another session at or before `at`, and the next after it. */
export function elsewhere(
  profile: Profile,
  sessionKey: string,
  at: number,
): { readonly before: Sighting | null; readonly after: Sighting | null } {
  let before: Sighting | null = null
  let after: Sighting | null = null
  for (const sighting of profile.sightings) {
    if (sighting.session === sessionKey) continue
    const isBefore = sighting.at <= at
    if (isBefore && before !== null && before.at >= sighting.at) continue
    if (!isBefore && after !== null && after.at <= sighting.at) continue
    const context = profile.contexts.find((c) => c.id === sighting.context)
    if (context === undefined) continue
    if (isBefore) before = { context, at: sighting.at }
    else after = { context, at: sighting.at }
  }
  return { before, after }
}

/**
 * Teaches the profile a proven context and the session's sighting in it. Returns the profile it was
 * given where nothing worth writing changed.
 */
export function learn(profile: Profile, context: Context, sessionKey: string, at: number): Profile {
  const sighting = profile.sightings.find((s) => s.session === sessionKey)
  if (sighting !== undefined && at - sighting.at < sightingEveryMs) {
    const seen = profile.contexts.find((c) => c.id === sighting.context)
    if (seen !== undefined && at - seen.lastSeen < hourMs && sameContext(seen, context)) {
      return profile
    }
  }
  const known = profile.contexts.find((c) => sameContext(c, context))
  const id = known?.id ?? profile.lastContextId + 1
  let next = profile
  if (known === undefined || at - known.lastSeen >= hourMs) {
    const learnt: Context = {
      ...context,
      id,
      proven: true,
      firstSeen: known?.firstSeen ?? at,
      lastSeen: Math.max(at, known?.lastSeen ?? 0),
    }
    const others = profile.contexts.filter((c) => c !== known)
    const contexts = [...others, learnt].sort((a, b) => a.lastSeen - b.lastSeen)
    next = {
      ...profile,
      contexts: contexts.slice(-caps.profileContexts),
      lastContextId: Math.max(profile.lastContextId, id),
    }
  }
  if (sighting?.context === id && at - sighting.at < sightingEveryMs) return next
  if (sighting !== undefined && at < sighting.at) return next
  const others = profile.sightings.filter((s) => s !== sighting)
  return {
    ...next,
    sightings: [...others, { session: sessionKey, at, context: id }].slice(-caps.profileSightings),
  }
}

/** Whether the subject has proven this client's device; true where nothing is known to hold it against. */
export const deviceKnown = (profile: Profile, client: SeenClient): boolean =>
  hasUsed(profile, client) || profile.contexts.every((c) => c.client === null)

/** Whether a proven context of the subject has this client's device. */
export const hasUsed = ({ contexts }: Profile, client: SeenClient): boolean =>
  contexts.some((c) => c.client !== null && sameDevice(c.client, client))

/** Whether the subject has used the event's network from a proven context; true where the event names none. */
export function networkKnown(context: Context, session: Session, profile: Profile): boolean {
  const network = context.network
  if (network === null || context.proven) return true
  const holds = (c: Context) => c.proven && c.network !== null && sameNetwork(c.network, network)
  return (
    session.contexts.some((c) => c.id !== context.id && holds(c)) || profile.contexts.some(holds)
  )
}
