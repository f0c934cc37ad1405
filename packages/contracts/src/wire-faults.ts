/** zod's issues as faults with a dotted path, a code, and a message that says the mend. */
import type { z } from 'zod'
import type { ErrorCode, FieldError } from './errors.ts'

const mends: Readonly<Record<string, string>> = {
  string: 'a text: put it in quotes',
  number: 'a number: send it without quotes',
  boolean: 'true or false, without quotes',
  object: 'an object',
  array: 'a list',
}

export function faultsOf(error: z.ZodError, value: unknown): FieldError[] {
  return error.issues.map((issue) => faultOf(issue, value))
}

function faultOf(issue: z.core.$ZodIssue, value: unknown): FieldError {
  const path = issue.path.join('.')
  if (issue.code === 'custom') {
    return { path, code: issue.params?.['code'] as ErrorCode, message: issue.message }
  }
  const expected = issue.code === 'invalid_type' ? (mends[issue.expected] ?? issue.expected) : ''
  const found = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  )
  if (path === '') {
    return {
      path,
      code: 'not_an_object',
      message: `expected an event as an object, got ${nameOf(found)}`,
    }
  }
  return found === undefined || found === null
    ? { path, code: 'missing', message: `is required: expected ${expected}` }
    : { path, code: 'wrong_type', message: `expected ${expected}; got ${nameOf(found)}` }
}

/** The type of what came, never its value: a message may be logged, an event may hold personal data. */
function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'object':
      return 'an object'
    case 'string':
      return 'a text'
    case 'number':
      return Number.isFinite(value) ? 'a number' : 'a number that is not finite'
    default:
      return `a ${typeof value}`
  }
}
