/** Scenes for the detectors' tables of cases: one honest afternoon in London, of which a case changes what it is about. */
import { defaultPolicy } from '../default-policy.ts'
import { detectAll, rememberAll } from '../detect.ts'
import type { Detector, Scene, Sighting } from '../detector.ts'
import type { Client, Credential, Network, Place, SessionEvent } from '../event.ts'
import type { Signal } from '../signal.ts'
import {
  type Context,
  emptyProfile,
  emptySession,
  type Memories,
  type Profile,
  type Session,
} from '../state.ts'

/** 2026-11-22T10:00:00Z: when the session began. */
export const start = 1_795_341_600_000
export const minutes = (n: number): number => n * 60_000
export const hours = (n: number): number => n * 3_600_000

export const place = (over: Partial<Place> = {}): Place => ({ ...london, ...over })
export const london: Place = {
  latitude: 51.5,
  longitude: -0.1,
  radiusKm: 20,
  city: 'London',
  country: 'GB',
  edition: 7,
}
export const saoPaulo = place({
  latitude: -23.55,
  longitude: -46.63,
  city: 'São Paulo',
  country: 'BR',
})
export const newYork = place({
  latitude: 40.71,
  longitude: -74.01,
  city: 'New York',
  country: 'US',
})

export const network = (over: Partial<Network> = {}): Network => ({ ...homeNetwork, ...over })
export const homeNetwork: Network = {
  kind: 'residential',
  asn: 2856,
  country: 'GB',
  address: 11,
  prefix: 101,
  family: 4,
  trusted: true,
}
/** Another household's, far away. */
export const farNetwork = network({ asn: 28573, country: 'BR', address: 22, prefix: 202 })

export const client = (over: Partial<Client> = {}): Client => ({ ...chrome, ...over })
export const chrome: Client = {
  kind: 'browser',
  os: 'windows',
  browser: 'chrome',
  version: 140,
  device: 501,
  fingerprint: 601,
  app: 0,
}
/** The browser of before by all that lies beside the cookie; nothing tells its fingerprint. */
export const copied = client({ fingerprint: 0 })
export const python = client({
  kind: 'programmatic',
  os: 'unknown',
  browser: 'python-requests',
  version: 2,
  device: 0,
  fingerprint: 0,
})

export const context = (over: Partial<Context> = {}): Context => ({
  id: 2,
  proven: false,
  firstSeen: start,
  lastSeen: start,
  network: farNetwork,
  place: saoPaulo,
  client: copied,
  ...over,
})
/** Where the session began: proven. */
export const home = context({
  id: 1,
  proven: true,
  network: homeNetwork,
  place: london,
  client: chrome,
})

export const sighting = (over: Partial<Context> = {}, at = start): Sighting => ({
  context: { ...home, ...over },
  at,
})

export const credential = (over: Partial<Credential> = {}): Credential => ({
  id: 701,
  kind: 'session-token',
  status: 'active',
  change: null,
  issuedAt: null,
  expiresAt: null,
  boundTo: 0,
  ...over,
})

export const event = (over: Partial<SessionEvent> = {}): SessionEvent => {
  const occurredAt = over.occurredAt ?? start + minutes(20)
  return {
    id: 'e-1',
    source: 'app/web',
    idHash: occurredAt,
    type: 'action',
    tenant: 'default',
    occurredAt,
    receivedAt: occurredAt,
    clockSuspect: false,
    subject: { id: 'alice', kind: 'human', iss: '' },
    actor: [],
    sessionId: 's-1',
    previousSessionId: '',
    parentSessionId: '',
    keys: { subject: 'subject-1', session: 'session-1', previousSession: '', parentSession: '' },
    network: null,
    place: null,
    client: null,
    assurance: null,
    outcome: 'success',
    credential: null,
    posture: null,
    action: { name: 'docs.read', resource: '', access: 'read', amount: null, currency: '' },
    initiator: 'unknown',
    feedback: null,
    privileges: [],
    claimedSubject: false,
    facts: null,
    ...over,
  }
}

/** What a case says about a scene; the rest is the honest afternoon. */
export interface SceneParts
  extends Partial<Omit<Scene, 'event' | 'context' | 'session' | 'profile'>> {
  readonly event?: Partial<SessionEvent>
  readonly context?: Partial<Context>
  readonly session?: Partial<Session>
  readonly profile?: Partial<Profile>
}

/**
 * An action 20 min after the login. The event names its context's network, place and client; the
 * network is known where the context is proven, unless a case says otherwise.
 */
export function scene(parts: SceneParts = {}): Scene {
  const here = context(parts.context)
  const happening = event({
    network: here.network as Network | null,
    place: here.place,
    client: here.client,
    ...parts.event,
  })
  return {
    t: happening.occurredAt,
    kind: 'human',
    begins: false,
    phishingResistant: false,
    base: { context: home, at: start },
    next: null,
    elsewhere: null,
    elsewhereNext: null,
    hasHistory: true,
    networkKnown: here.proven,
    rank: 'read',
    sensitivity: 'routine',
    parent: null,
    approver: null,
    actionRule: '',
    rights: [],
    ...parts,
    event: happening,
    context: here,
    session: { ...emptySession, sessionId: 's-1', contexts: [home, here], ...parts.session },
    profile: {
      ...emptyProfile,
      subjectId: 'alice',
      logins: 20,
      loginDays: 9,
      contexts: [home],
      ...parts.profile,
    },
  }
}

const untuned = { ...defaultPolicy, detectors: {} }

/**
 * What the detector finds in the last scene, having remembered those before it, run as the engine
 * runs it: each session, by its key, has a memory of its own. Null where it finds nothing, or is blind.
 */
export function find(detector: Detector, ...scenes: readonly Scene[]): Signal | null {
  let profile: Memories = {}
  const sessions = new Map<string, Memories>()
  const within = (seen: Scene): Scene => ({
    ...seen,
    session: { ...seen.session, memory: sessions.get(seen.event.keys.session) ?? {} },
    profile: { ...seen.profile, memory: profile },
  })
  for (const seen of scenes.slice(0, -1)) {
    const kept = rememberAll([detector], within(seen), untuned)
    sessions.set(seen.event.keys.session, kept.session)
    profile = kept.profile
  }
  const present = scenes.at(-1)
  if (present === undefined) throw new TypeError('find: name at least one scene')
  return detectAll([detector], within(present), untuned).signals[0] ?? null
}

/** True where the detector lacks an input in the scene. */
export const isBlind = (detector: Detector, seen: Scene): boolean =>
  detectAll([detector], seen, untuned).blind.includes(detector.name)
