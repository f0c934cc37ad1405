/** The kinds of field that a wire event is made of, as zod schemas whose faults carry our codes. */
import { isIP } from 'node:net'
import { subjectKinds } from '@holdpoint/risk'
import { z } from 'zod'
import type { ErrorCode } from './errors.ts'
import { idLimits, textLimits } from './wire-limits.ts'

/** Reports a fault of our own code from within a transform. */
function refuse(
  ctx: { issues: z.core.$ZodRawIssue[] },
  input: unknown,
  code: ErrorCode,
  message: string,
): never {
  ctx.issues.push({ code: 'custom', input, message, params: { code } })
  return z.NEVER
}

/** Absent, null and '' are one: undefined. */
export const nullable = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (value === null || value === '' ? undefined : value), schema.optional())

/** A text that describes: cut at its limit, between characters. */
export const text = (field: keyof typeof textLimits) => textWithin(textLimits[field])

export const textWithin = (limit: number) =>
  z.string().transform((value, ctx) => {
    if (value === '') return refuse(ctx, value, 'empty', 'expected a text that is not empty')
    if (value.length <= limit) return value
    const cut = value.slice(0, limit)
    const last = cut.charCodeAt(limit - 1)
    return last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut
  })

/** An id: whole or not at all. */
export const id = (field: keyof typeof idLimits) => idWithin(idLimits[field])

export const idWithin = (limit: number) =>
  z.string().transform((value, ctx) => {
    if (value === '') return refuse(ctx, value, 'empty', 'expected an id that is not empty')
    if (value.length <= limit) return value
    return refuse(
      ctx,
      value,
      'too_long',
      `expected at most ${limit} characters: send a hash of an id that is longer`,
    )
  })

export const optionalId = (field: keyof typeof idLimits) => nullable(id(field))

/** A word of a list; one that is not in it is `unknown`, as a newer producer may know more. */
export const word = <const W extends string>(words: readonly W[]) =>
  nullable(z.string()).transform((value) =>
    value === undefined
      ? undefined
      : (words as readonly string[]).includes(value)
        ? (value as W)
        : ('unknown' as const),
  )

/** A word without which the event cannot be understood: one that is not in its list is refused. */
export const label = <const W extends string>(words: readonly W[], code: ErrorCode) =>
  z
    .string()
    .transform((value, ctx) =>
      (words as readonly string[]).includes(value)
        ? (value as W)
        : refuse(ctx, value, code, `expected one of ${words.join(', ')}`),
    )

/** Who a subject or actor is decides between a prompt and a fresh credential, so it is never guessed. */
export const kind = (absent: 'human' | 'agent') =>
  nullable(label(subjectKinds, 'unknown_kind')).transform((value) => value ?? absent)

export const flag = z.boolean()

/** A finite number within its range. */
export const number = (min: number, max: number) =>
  z.number().transform((value, ctx) => {
    if (value >= min && value <= max) return value
    return refuse(ctx, value, 'out_of_range', `expected a number from ${min} to ${max}`)
  })

export const whole = (min: number, max: number) =>
  z.number().transform((value, ctx) => {
    if (Number.isInteger(value) && value >= min && value <= max) return value
    return refuse(ctx, value, 'out_of_range', `expected a whole number from ${min} to ${max}`)
  })

export const list = <S extends z.ZodType>(item: S, limit: number) =>
  nullable(
    z.array(item).check((ctx) => {
      if (ctx.value.length > limit) {
        ctx.issues.push({
          code: 'custom',
          input: ctx.value,
          message: `expected at most ${limit} items`,
          params: { code: 'too_many' },
        })
      }
    }),
  ).transform((items) => items ?? [])

const isoDateTime = z.iso.datetime({ offset: true })
/** The last millisecond that a date can have (ECMA-262, section 21.4.1.1). */
const lastDate = 8.64e15

/** ISO 8601 with an offset, or whole milliseconds since the epoch, as Avro's timestamp-millis. */
export const time = z.unknown().transform((value, ctx) => {
  if (value === undefined) return refuse(ctx, value, 'missing', 'a time is required')
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= lastDate) {
    return value
  }
  if (typeof value === 'string' && isoDateTime.safeParse(value).success) {
    const at = Date.parse(value)
    if (at >= 0) return at
  }
  return refuse(
    ctx,
    value,
    'bad_date',
    'expected a date-time of 1970 or later with its offset, as 2026-11-22T10:00:00.000Z, or whole milliseconds since then',
  )
})

export const address = z
  .string()
  .transform((value, ctx) =>
    isIP(value) === 0
      ? refuse(
          ctx,
          value,
          'bad_address',
          'expected an IPv4 or IPv6 address, as 192.0.2.1 or 2001:db8::1, without port or prefix',
        )
      : value,
  )

export const country = z
  .string()
  .transform((value, ctx) =>
    /^[A-Za-z]{2}$/.test(value)
      ? value.toUpperCase()
      : refuse(ctx, value, 'bad_country', 'expected two letters (ISO 3166-1 alpha-2), as GB'),
  )

/** A tenant stands in record keys, before a `|`, in URIs and in names of topics. */
export const tenantName = z
  .string()
  .transform((value, ctx) =>
    value.length <= idLimits.tenant && /^[A-Za-z0-9._-]+$/.test(value)
      ? value
      : refuse(
          ctx,
          value,
          'bad_tenant',
          `expected at most ${idLimits.tenant} of the characters A-Z a-z 0-9 . _ -`,
        ),
  )

export const tenant = nullable(tenantName).transform((value) => value ?? 'default')

/** The major version is the promise: fields come in minor ones. */
export const specversion = nullable(
  z
    .string()
    .transform((value, ctx) =>
      /^1(\.\d+)?$/.test(value)
        ? value
        : refuse(
            ctx,
            value,
            'schema_unsupported',
            'expected major version 1: send specversion 1.0',
          ),
    ),
).transform((value) => value ?? '1.0')
