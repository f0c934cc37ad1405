import type { FieldError } from '@holdpoint/contracts'

/** Why ingest itself refuses an event, beside what contracts refuse. Each is a row of the reference. */
export const ingestErrorCodes = {
  bad_count: 'A request is an empty list, or one of more events than it may have.',
  too_old: 'The event occurred more than 24 hours before it was received.',
  unknown_session: 'The event names no subject, and no login with its session is known.',
  internal_error:
    'The event is valid, but this release fails on it: a fault of Holdpoint, to be reported.',
} as const

export type IngestErrorCode = keyof typeof ingestErrorCodes

/** Where in ingest an event was refused. */
export type Stage = 'decode' | 'normalise' | 'resolve' | 'encode'

/** One reason for which an event is refused. The message never repeats what the event holds. */
export interface Fault {
  readonly stage: Stage
  /** Dotted, as `client.ip`; '' for the event as a whole. */
  readonly path: string
  readonly code: FieldError['code'] | IngestErrorCode
  readonly message: string
}
