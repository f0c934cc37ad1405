/**
 * From a wire event to what the fold reads: times judged, hashes made, place, network and client
 * stamped. Pure: the same event, context and data give the same result.
 */
import type { RawEvent } from '@holdpoint/contracts'
import type {
  Client,
  Credential,
  EventType,
  Facts,
  Network,
  Place,
  SessionEvent,
  StateKeys,
  Subject,
} from '@holdpoint/risk'
import type { AddressFacts, Enrichment } from './enrichment.ts'
import type { Fault } from './faults.ts'
import { eventHash, type Hasher } from './hash.ts'

export interface NormaliseContext {
  readonly tenant: string
  /** ms. */
  readonly receivedAt: number
  /** Whose event it is, by the event itself or by the login of its session. */
  readonly subject: Subject
  readonly claimedSubject: boolean
  /** Counted across subjects; null but on logins. */
  readonly facts: Facts | null
}

export type Normalised =
  | { readonly ok: true; readonly event: SessionEvent }
  | { readonly ok: false; readonly fault: Fault }

/** How far a producer's clock may run ahead, ms. What is later is clamped to it. */
const futureMaxMs = 5_000
/** What is later than this after it occurred is refused. */
const ageMaxMs = 24 * 3_600_000
/** These apply however late: an ended session must not come back because the news was slow. */
const ageless: ReadonlySet<EventType> = new Set(['logout', 'revocation', 'credential-change'])

/** Whether an event is refused for its age: past it a state may have expired that the event would bring back. */
export const isTooOld = (
  { occurredAt, type }: Pick<SessionEvent, 'occurredAt' | 'type'>,
  receivedAt: number,
): boolean => receivedAt - occurredAt > ageMaxMs && !ageless.has(type)

/** Makes a session event of a valid wire event, or says why it is refused (`too_old`). */
export function normalise(
  raw: RawEvent,
  context: NormaliseContext,
  enrichment: Enrichment,
  hasher: Hasher,
): Normalised {
  const { tenant, receivedAt, subject, claimedSubject } = context
  if (isTooOld(raw, receivedAt)) return { ok: false, fault: tooOld }
  const clockSuspect = raw.occurredAt > receivedAt + futureMaxMs
  const facts = raw.client?.ip ? enrichment.address(raw.client.ip, raw.network?.asn) : null
  const place = placeOf(raw, facts, enrichment.edition)
  const event: SessionEvent = {
    id: raw.id,
    source: raw.source,
    idHash: eventHash(tenant, raw.source, raw.id),
    type: raw.type,
    tenant,
    occurredAt: clockSuspect ? receivedAt + futureMaxMs : raw.occurredAt,
    receivedAt,
    clockSuspect,
    subject: { id: subject.id, kind: subject.kind, iss: subject.iss },
    actor: raw.actor.map(({ id, kind }) => ({ id, kind })),
    sessionId: raw.sessionId ?? '',
    previousSessionId: raw.previousSessionId ?? '',
    parentSessionId: raw.parentSessionId ?? '',
    keys: keysOf(raw, tenant, subject.id, hasher),
    network: networkOf(raw, facts, place, tenant, enrichment, hasher),
    place,
    client: clientOf(raw, tenant, enrichment, hasher),
    assurance: raw.assurance
      ? {
          acr: raw.assurance.acr ?? '',
          amr: raw.assurance.amr,
          authTime: raw.assurance.authTime ?? null,
        }
      : null,
    outcome: raw.outcome,
    credential: credentialOf(raw, tenant, hasher),
    posture: raw.posture ?? null,
    action: raw.action
      ? {
          name: raw.action.name,
          resource: raw.action.resource ?? '',
          access: raw.action.access ?? 'unknown',
          amount: raw.action.amount ?? null,
          currency: raw.action.currency ?? '',
        }
      : null,
    initiator: raw.initiator ?? 'unknown',
    feedback: raw.feedback ?? null,
    privileges: raw.privileges,
    claimedSubject,
    facts: context.facts,
  }
  return { ok: true, event }
}

const tooOld: Fault = {
  stage: 'normalise',
  path: 'occurredAt',
  code: 'too_old',
  message:
    'is more than 24 hours before the event was received: send events as they happen, or replay old ones from a file',
}

/** A session is named by tenant, subject and session id: another subject's session of the same id is another one. */
function keysOf(raw: RawEvent, tenant: string, subjectId: string, hasher: Hasher): StateKeys {
  const session = (id: string | undefined): string => (id ? hasher.key(tenant, subjectId, id) : '')
  return {
    subject: hasher.key(tenant, subjectId),
    session: session(raw.sessionId),
    previousSession: session(raw.previousSessionId),
    parentSession: session(raw.parentSessionId),
  }
}

/**
 * A stated location is one statement: its point, radius and city belong together and are not mixed
 * with those of the address; only the country falls back on it.
 */
function placeOf(raw: RawEvent, facts: AddressFacts | null, edition: number): Place | null {
  const found = facts?.place ?? null
  if (raw.location) {
    const { latitude, longitude, radiusKm, city, country } = raw.location
    return {
      latitude: hundredths(latitude),
      longitude: hundredths(longitude),
      radiusKm: Math.round(radiusKm ?? 0),
      city: city ?? '',
      country: country || found?.country || '',
      edition: 0,
    }
  }
  if (found === null || found.point === null) return null
  return {
    latitude: hundredths(found.point.latitude),
    longitude: hundredths(found.point.longitude),
    radiusKm: Math.round(found.point.radiusKm),
    city: found.city,
    country: found.country,
    edition,
  }
}

/** Degrees rounded to hundredths, never -0, so that every machine writes the same. */
const hundredths = (degrees: number): number => Math.round(degrees * 100) / 100 || 0

function networkOf(
  raw: RawEvent,
  facts: AddressFacts | null,
  place: Place | null,
  tenant: string,
  enrichment: Enrichment,
  hasher: Hasher,
): Network | null {
  if (facts === null && !raw.network) return null
  const stated = raw.network?.kind
  const { kind, asn } = facts?.network ?? enrichment.system(raw.network?.asn ?? 0)
  return {
    kind: stated !== undefined && stated !== 'unknown' ? stated : kind,
    asn,
    country: place?.country || facts?.place?.country || '',
    address: facts ? hasher.number('address', tenant, facts.address.text) : 0,
    prefix: facts ? hasher.number('prefix', tenant, facts.address.prefix) : 0,
    family: facts?.address.family ?? 0,
    // A word that is not known might mean that the client chose the address.
    trusted: raw.client?.ipTrust !== 'client' && raw.client?.ipTrust !== 'unknown',
  }
}

function clientOf(
  raw: RawEvent,
  tenant: string,
  enrichment: Enrichment,
  hasher: Hasher,
): Client | null {
  const { userAgent, deviceId, fingerprint, appId } = raw.client ?? {}
  if (!userAgent && !deviceId && !fingerprint && !appId) return null
  const facts = enrichment.client(userAgent ?? '')
  return {
    kind: facts.kind,
    os: facts.os,
    browser: facts.browser,
    version: facts.version,
    device: deviceId ? hasher.number('device', tenant, deviceId) : 0,
    fingerprint: fingerprint ? hasher.number('fingerprint', tenant, fingerprint) : 0,
    app: appId ? hasher.number('app', tenant, appId) : 0,
  }
}

function credentialOf(raw: RawEvent, tenant: string, hasher: Hasher): Credential | null {
  const { credential } = raw
  if (!credential) return null
  return {
    id: credential.id ? hasher.number('credential', tenant, credential.id) : 0,
    kind: credential.kind ?? 'unknown',
    // `unknown` is what was asked and not answered; a producer that does not say has not asked.
    status: credential.status ?? 'active',
    change: credential.change ?? null,
    issuedAt: credential.issuedAt ?? null,
    expiresAt: credential.expiresAt ?? null,
    boundTo: credential.boundTo ? hasher.number('binding', tenant, credential.boundTo) : 0,
  }
}
