/**
 * What the core reads: the normalised facts about sessions, and the records that carry them in the
 * internal log. Times are milliseconds since the epoch, hashes are keyed and made by ingest, so that
 * neither the core nor its state ever needs a raw address.
 */
import type { Control } from './control.ts'

export const subjectKinds = ['human', 'workload', 'agent'] as const
export type SubjectKind = (typeof subjectKinds)[number]

export const eventTypes = [
  'login',
  'device',
  'ip',
  'action',
  'reauthentication',
  'logout',
  'revocation',
  'credential-change',
  'privilege-change',
  'compliance-change',
  'feedback',
] as const
export type EventType = (typeof eventTypes)[number]

export const networkKinds = [
  'unknown',
  'residential',
  'mobile',
  'corporate',
  'hosting',
  'vpn',
  'relay',
  'satellite',
  'tor',
] as const
export type NetworkKind = (typeof networkKinds)[number]

export const outcomes = ['unknown', 'success', 'failure', 'attempted'] as const
export type Outcome = (typeof outcomes)[number]

/** What software speaks: a browser, an app of the producer's own, or a programmatic client (curl, a library, headless). */
export const clientKinds = ['unknown', 'browser', 'app', 'programmatic'] as const
export type ClientKind = (typeof clientKinds)[number]

export const osFamilies = [
  'unknown',
  'windows',
  'macos',
  'linux',
  'android',
  'ios',
  'chromeos',
  'other',
] as const
export type OsFamily = (typeof osFamilies)[number]

export interface Subject {
  readonly id: string
  readonly kind: SubjectKind
  /** Issuer of the identity, '' when not stated. */
  readonly iss: string
}

export interface Actor {
  readonly id: string
  readonly kind: SubjectKind
}

/** Keyed hashes that name state: 16 bytes as 22 characters of base64url, '' where the event has no such id. */
export interface StateKeys {
  readonly subject: string
  readonly session: string
  readonly previousSession: string
  readonly parentSession: string
}

/** A network is its ASN, else its country, else its address prefix. */
export interface Network {
  readonly kind: NetworkKind
  /** Autonomous system number, 0 when unknown. */
  readonly asn: number
  /** ISO 3166-1 alpha-2 of the address, '' when unknown. */
  readonly country: string
  /** Keyed hash of the whole address (below 2^53), 0 when there is none. */
  readonly address: number
  /** Keyed hash of the /24 (IPv4) or /48 (IPv6), 0 when there is none. */
  readonly prefix: number
  /** 4 or 6; 0 when there is no address. */
  readonly family: number
  /** False when only the client says so (`ipTrust: client`): such a place never judges travel. */
  readonly trusted: boolean
}

export interface Place {
  /** Degrees, north positive, rounded to hundredths (about 1 km) by ingest, so that every machine agrees. */
  readonly latitude: number
  /** Degrees, east positive, rounded to hundredths. */
  readonly longitude: number
  /** How far the subject may be from the point, whole km. */
  readonly radiusKm: number
  /** '' when unknown. */
  readonly city: string
  /** ISO 3166-1 alpha-2, '' when unknown. */
  readonly country: string
  /** Names the data edition that placed it; 0 when the producer stated the place. */
  readonly edition: number
}

export interface Client {
  readonly kind: ClientKind
  readonly os: OsFamily
  /** Browser or library family in lower case (`chrome`, `mobile safari`, `curl`), '' when unknown. */
  readonly browser: string
  /** Major version, 0 when unknown. */
  readonly version: number
  /** Keyed hash of the device id, 0 when there is none. */
  readonly device: number
  /** Keyed hash of the fingerprint, 0 when there is none. */
  readonly fingerprint: number
  /** Keyed hash of the app id, 0 when there is none. */
  readonly app: number
}

export interface Assurance {
  readonly acr: string
  readonly amr: readonly string[]
  /** When the authentication was made, ms; null when the event does not say. */
  readonly authTime: number | null
}

export const credentialKinds = [
  'unknown',
  'password',
  'otp',
  'push',
  'passkey',
  'session-token',
  'api-key',
  'certificate',
  'workload-identity',
] as const
export type CredentialKind = (typeof credentialKinds)[number]

/** What people authenticate with; the rest is issued to software, for a time. */
export const authenticatorKinds: readonly CredentialKind[] = ['password', 'otp', 'push', 'passkey']

export const credentialStatuses = ['unknown', 'active', 'revoked', 'reused'] as const
export type CredentialStatus = (typeof credentialStatuses)[number]

/** CAEP 1.0 credential-change, `change_type`. */
export const credentialChanges = ['unknown', 'create', 'update', 'revoke', 'delete'] as const
export type CredentialChange = (typeof credentialChanges)[number]

export const accesses = ['unknown', 'read', 'write', 'admin', 'secret'] as const
export type Access = (typeof accesses)[number]

/** CAEP 1.0 `initiating_entity`. */
export const initiators = ['unknown', 'admin', 'user', 'policy', 'system'] as const
export type Initiator = (typeof initiators)[number]

export interface Credential {
  /** Keyed hash of the credential's id, 0 when there is none. */
  readonly id: number
  readonly kind: CredentialKind
  readonly status: CredentialStatus
  /** CAEP credential-change `change_type`, null when nothing changed. */
  readonly change: CredentialChange | null
  readonly issuedAt: number | null
  readonly expiresAt: number | null
  /** Keyed hash of the proof-of-possession key that the credential is bound to, 0 when unbound. */
  readonly boundTo: number
}

/** What a device says of itself. */
export interface Posture {
  /** True where the organisation manages it. */
  readonly managed: boolean
  /** True where it keeps the organisation's rules. */
  readonly compliant: boolean
}

export interface Action {
  readonly name: string
  readonly resource: string
  readonly access: Access
  /** null when the action has no amount. */
  readonly amount: number | null
  readonly currency: string
}

/** Where facts stop counting: it stands for as many and more. */
export const factMax = 200

/**
 * What ingest has counted across the subjects of a tenant when a login came, itself included. A network is
 * its /24 or /48 here: a whole provider would be a crowd. Each stops at `factMax`, and is 0 also where
 * there was nothing to count by.
 */
export interface Facts {
  /** Failed logins from the event's network in the last 10 minutes. */
  readonly networkFailures: number
  /** How many subjects they were for. */
  readonly networkFailedSubjects: number
  /** How many subjects logged in from that network in the same time. */
  readonly networkLogins: number
  /** How many subjects logged in on the event's device in the last 24 hours. */
  readonly deviceSubjects: number
}

export interface SessionEvent {
  readonly id: string
  readonly source: string
  /** Hash of source and id (below 2^53), by which repeats are known. */
  readonly idHash: number
  readonly type: EventType
  readonly tenant: string
  /** Claimed by the producer, its future side already clamped to `receivedAt` + 5 s. Evidence time. */
  readonly occurredAt: number
  readonly receivedAt: number
  /** True where `occurredAt` had to be clamped. */
  readonly clockSuspect: boolean
  readonly subject: Subject
  /** Who acts for the subject, nearest first. */
  readonly actor: readonly Actor[]
  /** '' where a failed login has no session. */
  readonly sessionId: string
  readonly previousSessionId: string
  readonly parentSessionId: string
  readonly keys: StateKeys
  readonly network: Network | null
  readonly place: Place | null
  readonly client: Client | null
  readonly assurance: Assurance | null
  readonly outcome: Outcome
  readonly credential: Credential | null
  readonly posture: Posture | null
  readonly action: Action | null
  readonly initiator: Initiator
  readonly feedback: { readonly decisionId: string; readonly verdict: string } | null
  readonly privileges: readonly string[]
  /** True where the session's login named another subject than this event did. */
  readonly claimedSubject: boolean
  /** null but on logins, and where the counts did not answer. */
  readonly facts: Facts | null
}

/** Where a raw record stood: what makes its repeat recognisable. */
export interface Origin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** One record of `holdpoint.events`, the only thing that the fold reads. */
export type LogRecord =
  | {
      readonly kind: 'event'
      readonly event: SessionEvent
      readonly origin: Origin | null
      /** As the producer gave it, absent where it gave none. For alerts alone: the fold does not read it. */
      readonly address?: string
    }
  | { readonly kind: 'tick'; readonly t: number }
  | { readonly kind: 'control'; readonly control: Control }
