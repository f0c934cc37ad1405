/** The wire event as producers send it, and its validation. JSON and Avro carry the same fields. */
import {
  type Access,
  accesses,
  type CredentialChange,
  type CredentialKind,
  type CredentialStatus,
  credentialChanges,
  credentialKinds,
  credentialStatuses,
  type EventType,
  eventTypes,
  type Initiator,
  initiators,
  type NetworkKind,
  networkKinds,
  type Outcome,
  outcomes,
  type SubjectKind,
} from '@holdpoint/risk'
import { z } from 'zod'
import type { FieldError } from './errors.ts'
import { faultsOf } from './wire-faults.ts'
import {
  address,
  country,
  flag,
  id,
  kind,
  label,
  list,
  nullable,
  number,
  optionalId,
  specversion,
  tenant,
  text,
  time,
  whole,
  word,
} from './wire-fields.ts'
import { listLimits } from './wire-limits.ts'
import { structureFaults } from './wire-structure.ts'

export const ipTrusts = ['unknown', 'socket', 'proxy', 'client'] as const
export type IpTrust = (typeof ipTrusts)[number]

/**
 * A validated wire event: what the producer said, in types that can be relied on. Times are
 * milliseconds since the epoch; absent, null and '' are undefined; unknown words are `unknown`.
 */
export interface RawEvent {
  readonly id: string
  readonly type: EventType
  readonly source: string
  readonly specversion: string
  readonly tenant: string
  readonly occurredAt: number
  /** Stated in recorded files only. */
  readonly receivedAt?: number | undefined
  /** Absent where the session id alone is known: one of the two always is. */
  readonly subject?:
    | { readonly id: string; readonly kind: SubjectKind; readonly iss?: string | undefined }
    | undefined
  /** Who acts for the subject, nearest first. */
  readonly actor: readonly { readonly id: string; readonly kind: SubjectKind }[]
  readonly sessionId?: string | undefined
  readonly previousSessionId?: string | undefined
  readonly parentSessionId?: string | undefined
  readonly client?:
    | {
        readonly ip?: string | undefined
        readonly ipTrust?: IpTrust | undefined
        readonly userAgent?: string | undefined
        readonly deviceId?: string | undefined
        readonly fingerprint?: string | undefined
        readonly appId?: string | undefined
      }
    | undefined
  readonly network?:
    | { readonly kind?: NetworkKind | undefined; readonly asn?: number | undefined }
    | undefined
  readonly location?:
    | {
        /** Degrees, north positive. */
        readonly latitude: number
        /** Degrees, east positive. */
        readonly longitude: number
        readonly radiusKm?: number | undefined
        readonly city?: string | undefined
        /** ISO 3166-1 alpha-2, upper case. */
        readonly country?: string | undefined
      }
    | undefined
  readonly assurance?:
    | {
        readonly acr?: string | undefined
        readonly amr: readonly string[]
        readonly authTime?: number | undefined
      }
    | undefined
  readonly outcome: Outcome
  readonly credential?:
    | {
        readonly id?: string | undefined
        readonly kind?: CredentialKind | undefined
        readonly status?: CredentialStatus | undefined
        readonly change?: CredentialChange | undefined
        readonly issuedAt?: number | undefined
        readonly expiresAt?: number | undefined
        readonly boundTo?: string | undefined
      }
    | undefined
  readonly posture?: { readonly managed: boolean; readonly compliant: boolean } | undefined
  readonly action?:
    | {
        readonly name: string
        readonly resource?: string | undefined
        readonly access?: Access | undefined
        readonly amount?: number | undefined
        readonly currency?: string | undefined
      }
    | undefined
  readonly initiator?: Initiator | undefined
  readonly feedback?: { readonly decisionId: string; readonly verdict: string } | undefined
  readonly privileges: readonly string[]
}

const schema = z.object({
  id: id('id'),
  type: label(eventTypes, 'unknown_type'),
  source: text('source'),
  specversion: specversion,
  tenant: tenant,
  occurredAt: time,
  receivedAt: nullable(time),
  subject: nullable(
    z.object({ id: id('subject.id'), kind: kind('human'), iss: optionalId('subject.iss') }),
  ),
  actor: list(z.object({ id: id('actor.id'), kind: kind('agent') }), listLimits.actor),
  sessionId: optionalId('sessionId'),
  previousSessionId: optionalId('previousSessionId'),
  parentSessionId: optionalId('parentSessionId'),
  client: nullable(
    z.object({
      ip: nullable(address),
      ipTrust: word(ipTrusts),
      userAgent: nullable(text('client.userAgent')),
      deviceId: optionalId('client.deviceId'),
      fingerprint: optionalId('client.fingerprint'),
      appId: optionalId('client.appId'),
    }),
  ),
  network: nullable(z.object({ kind: word(networkKinds), asn: nullable(whole(0, 4_294_967_295)) })),
  location: nullable(
    z.object({
      latitude: number(-90, 90),
      longitude: number(-180, 180),
      radiusKm: nullable(number(0, 20_038)),
      city: nullable(text('location.city')),
      country: nullable(country),
    }),
  ),
  assurance: nullable(
    z.object({
      acr: nullable(text('assurance.acr')),
      amr: list(text('assurance.amr'), listLimits['assurance.amr']),
      authTime: nullable(time),
    }),
  ),
  outcome: word(outcomes).transform((outcome) => outcome ?? 'success'),
  credential: nullable(
    z.object({
      id: optionalId('credential.id'),
      kind: word(credentialKinds),
      status: word(credentialStatuses),
      change: word(credentialChanges),
      issuedAt: nullable(time),
      expiresAt: nullable(time),
      boundTo: optionalId('credential.boundTo'),
    }),
  ),
  posture: nullable(z.object({ managed: flag, compliant: flag })),
  action: nullable(
    z.object({
      name: text('action.name'),
      resource: nullable(text('action.resource')),
      access: word(accesses),
      amount: nullable(number(-Number.MAX_VALUE, Number.MAX_VALUE)),
      currency: nullable(text('action.currency')),
    }),
  ),
  initiator: word(initiators),
  feedback: nullable(
    z.object({ decisionId: id('feedback.decisionId'), verdict: text('feedback.verdict') }),
  ),
  privileges: list(id('privileges'), listLimits.privileges),
})

/** `faults` are all that the event has. */
export type ParseResult =
  | { readonly ok: true; readonly event: RawEvent }
  | { readonly ok: false; readonly errors: readonly FieldError[] }

/**
 * Validates an event in the JSON form. Unknown fields are ignored and every field is copied into fresh
 * objects; all faults are told at once. The size of its bytes is the caller's to limit.
 */
export function parseRawEvent(value: unknown): ParseResult {
  const structure = structureFaults(value)
  return structure.length > 0 ? { ok: false, errors: structure } : parseFields(value)
}

/** As `parseRawEvent`, for a value that is known to be shallow and made of own fields. */
export function parseFields(value: unknown): ParseResult {
  const result = schema.safeParse(value)
  const errors = result.success ? [] : faultsOf(result.error, value)
  if (isNobodys(value)) {
    errors.push({
      path: 'subject',
      code: 'missing',
      message:
        'expected a subject or a sessionId: send at least one, so that the event has an owner',
    })
  }
  return result.success && errors.length === 0
    ? { ok: true, event: result.data }
    : { ok: false, errors }
}

/** True for an object that names neither subject nor session. */
function isNobodys(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { subject, sessionId } = value as { subject?: unknown; sessionId?: unknown }
  return (subject ?? null) === null && (sessionId ?? '') === ''
}
