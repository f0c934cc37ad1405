/** The records of `holdpoint.control`: an operator's orders as JSON, one record an order. */
import { z } from 'zod'
import { CodecError, type FieldError } from './errors.ts'
import { faultsOf } from './wire-faults.ts'
import {
  flag,
  id,
  idWithin,
  label,
  nullable,
  specversion,
  tenantName,
  textWithin,
  time,
} from './wire-fields.ts'
import { readJson, refused } from './wire-json.ts'
import { structureFaults } from './wire-structure.ts'

/** Characters of the ids of orders and decisions: partitions keep them. */
const idMax = 64

/** Who orders, why, and since when. */
const head = {
  specversion,
  id: idWithin(idMax),
  issuedAt: time,
  operator: textWithin(128),
  reason: textWithin(512),
}

const observeOnly = z.object({
  ...head,
  kind: z.literal('observe-only'),
  /** Absent for all tenants. */
  tenant: nullable(tenantName).transform((value) => value ?? ''),
  on: flag,
})

const answer = z.object({
  ...head,
  kind: z.literal(['release', 'drop']),
  decisionId: idWithin(idMax),
  /** As the held decision names them: with them each partition finds the session, or sees that it is none of its own. */
  tenant: tenantName,
  subject: z.object({ id: id('subject.id') }),
  sessionId: id('sessionId'),
})

export type ControlOrder = z.output<typeof observeOnly> | z.output<typeof answer>

export type ControlParse =
  | { readonly ok: true; readonly order: ControlOrder }
  | { readonly ok: false; readonly errors: readonly FieldError[] }

const kinds = z.object({ kind: label(['observe-only', 'release', 'drop'], 'unknown_kind') })

/** One record of `holdpoint.control`. Total: what cannot be read comes back with its faults. */
export function parseControl(bytes: Buffer | null): ControlParse {
  if (bytes === null) return refused('null_value', 'expected one JSON object: a record has a value')
  const json = readJson(bytes)
  if (!json.ok) return json
  const structure = structureFaults(json.value)
  if (structure.length > 0) return { ok: false, errors: structure }
  const named = kinds.safeParse(json.value)
  if (!named.success) return { ok: false, errors: faultsOf(named.error, json.value) }
  const schema = named.data.kind === 'observe-only' ? observeOnly : answer
  const parsed = schema.safeParse(json.value)
  return parsed.success
    ? { ok: true, order: parsed.data }
    : { ok: false, errors: faultsOf(parsed.error, json.value) }
}

/**
 * An order as its record's value.
 * @throws CodecError `not_encodable` for one that would not be read back
 */
export function encodeControl(order: ControlOrder): Buffer {
  const bytes = Buffer.from(
    JSON.stringify({ ...order, issuedAt: new Date(order.issuedAt).toISOString() }),
  )
  const read = parseControl(bytes)
  if (read.ok) return bytes
  const faults = read.errors.map(({ path, message }) => `${path}: ${message}`).join('; ')
  throw new CodecError('not_encodable', `the order cannot be written: ${faults}`)
}

/**
 * What compaction keeps the latest of: the switch of a tenant (or of all), the answer to a held decision.
 */
export const controlKeyOf = (order: ControlOrder): string =>
  order.kind === 'observe-only' ? `observe-only|${order.tenant}` : `held|${order.decisionId}`
