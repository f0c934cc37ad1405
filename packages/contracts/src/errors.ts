/** Why a record was refused, by code. The sentences are the reference's; a fault's own message says more. */
export const errorCodes = {
  null_value: 'The record has no value.',
  too_large: 'The record is larger than 64 KiB.',
  not_json: 'The bytes are no JSON.',
  no_magic_byte: 'The value begins neither as JSON nor as Avro in the Confluent wire format.',
  schema_unknown: 'The registry knows no schema with the id that the record names.',
  schema_unsupported: 'The schema, or the major version of the event, is none that can be read.',
  not_avro: 'The bytes are no record of the schema that they name.',
  long_out_of_range: 'A long lies beyond 2^53 - 1.',
  not_an_object: 'The event is no object.',
  too_deep: 'The event is nested deeper than 16 levels.',
  forbidden_key: 'A key is named __proto__ or constructor.',
  missing: 'A required field is missing.',
  empty: 'A required text is empty.',
  wrong_type: 'A field has another type than its own.',
  too_long: 'An id is longer than its limit: cutting it could make two ids one.',
  too_many: 'A list has more items than its limit.',
  bad_date: 'A time is neither an ISO 8601 date-time with its offset nor whole milliseconds.',
  out_of_range: 'A number lies outside its range.',
  bad_address: 'An address is neither IPv4 nor IPv6.',
  bad_country: 'A country is no ISO 3166-1 alpha-2 code.',
  bad_tenant: 'A tenant has letters that its name cannot have.',
  unknown_type: 'The event type is none that is known.',
  unknown_kind: 'The kind of a subject, of an actor or of an order is none that is known.',
  wrong_topic: 'The topic does not carry events of this type.',
  not_encodable: 'A value does not fit the schema that it is to be written with.',
} as const

export type ErrorCode = keyof typeof errorCodes

/** One fault of an event. Its message names no value, so that it may be logged. */
export interface FieldError {
  /** Dotted, as `client.ip` or `actor.0.id`; '' for the event as a whole. */
  readonly path: string
  readonly code: ErrorCode
  /** What was expected, and the mend. */
  readonly message: string
}

/** Bytes that cannot be read, or a value that cannot be written. Repeating it cannot help. */
export class CodecError extends Error {
  override readonly name = 'CodecError'
  readonly code: ErrorCode
  /** The schema that the record names, where it is the schema that is not known. */
  readonly schemaId: number | null
  constructor(code: ErrorCode, message: string, schemaId: number | null = null, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.schemaId = schemaId
  }
}

/** The registry gives no answer: pause and try again, nothing is wrong with the record. */
export class RegistryUnavailableError extends Error {
  override readonly name = 'RegistryUnavailableError'
  readonly code = 'registry_unavailable'
  readonly transient = true
}

/** The registry answers, but lacks what this build writes with, or refuses a change. */
export class RegistryRefusedError extends Error {
  override readonly name = 'RegistryRefusedError'
  readonly code: 'schema_not_registered' | 'registry_refused'
  readonly transient = false
  constructor(code: 'schema_not_registered' | 'registry_refused', message: string) {
    super(message)
    this.code = code
  }
}
