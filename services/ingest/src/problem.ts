/** Errors over HTTP as `application/problem+json` (RFC 9457). */

export const problemType = 'application/problem+json'

/** One fault: `pointer` is a JSON pointer as a fragment (`#/3/client/ip`), as in RFC 9457 section 3. */
export interface ProblemError {
  readonly pointer: string
  readonly code: string
  readonly detail: string
}

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** Present where the body is at fault; at most `problemErrorsMax`. */
  readonly errors?: readonly ProblemError[]
}

const problemErrorsMax = 100

/** `code` names the problem for programs: the last part of its type. */
export function problem(
  status: number,
  code: string,
  title: string,
  detail: string,
  errors?: readonly ProblemError[],
): Problem {
  const base = { type: `urn:holdpoint:problem:${code}`, title, status, detail }
  return errors === undefined ? base : { ...base, errors: errors.slice(0, problemErrorsMax) }
}

/** The pointer to a field by its dotted path, within the item of a list where there is one. */
export function pointerTo(path: string, item: number | null): string {
  const parts = [...(item === null ? [] : [String(item)]), ...(path === '' ? [] : path.split('.'))]
  return `#${parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`
}
