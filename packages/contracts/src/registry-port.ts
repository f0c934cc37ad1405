/** A schema registry as a port, and the adapter to Confluent's REST API (also Apicurio's `ccompat`). */
import { RegistryRefusedError, RegistryUnavailableError } from './errors.ts'

export interface SchemaRegistryPort {
  /** The id of exactly this schema under the subject, null where it is not registered there. */
  lookUp(subject: string, schema: string): Promise<number | null>
  /** The subject's latest schema, null where there is no such subject. */
  latest(subject: string): Promise<{ readonly id: number; readonly version: number } | null>
  /** Whether the schema could follow those of the subject. */
  isCompatible(subject: string, schema: string): Promise<boolean>
  register(subject: string, schema: string): Promise<number>
  /** The subject's own compatibility, null where it has none. */
  compatibility(subject: string): Promise<string | null>
  setCompatibility(subject: string, level: string): Promise<void>
}

/**
 * The port over HTTP. Rejects with `RegistryUnavailableError` where no answer comes within
 * `timeoutMs`, or a 5xx, and with `RegistryRefusedError` for every other refusal.
 */
export function confluentRegistry(url: string, timeoutMs = 10_000): SchemaRegistryPort {
  const call = <T>(method: string, path: string, body?: unknown) =>
    request<T>(url, method, path, body, timeoutMs)
  const of = encodeURIComponent
  return {
    async lookUp(subject, schema) {
      const found = await call<{ id: number }>('POST', `/subjects/${of(subject)}`, { schema })
      return found?.id ?? null
    },
    latest: (subject) => call('GET', `/subjects/${of(subject)}/versions/latest`),
    async isCompatible(subject, schema) {
      const answer = await call<{ is_compatible: boolean }>(
        'POST',
        `/compatibility/subjects/${of(subject)}/versions`,
        { schema },
      )
      return answer?.is_compatible ?? true
    },
    async register(subject, schema) {
      const path = `/subjects/${of(subject)}/versions`
      const answer = await call<{ id: number }>('POST', path, { schema })
      if (answer === null) throw refused('POST', path, 404, 'not found')
      return answer.id
    },
    async compatibility(subject) {
      const answer = await call<{ compatibilityLevel: string }>('GET', `/config/${of(subject)}`)
      return answer?.compatibilityLevel ?? null
    },
    async setCompatibility(subject, level) {
      const path = `/config/${of(subject)}`
      const answer = await call('PUT', path, { compatibility: level })
      if (answer === null) throw refused('PUT', path, 404, 'not found')
    },
  }
}

/** The answer's body, null for 404. */
async function request<T>(
  base: string,
  method: string,
  path: string,
  body: unknown,
  timeoutMs: number,
): Promise<T | null> {
  let response: Response
  let text: string
  try {
    response = await fetch(`${base.replace(/\/$/, '')}${path}`, {
      method,
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    })
    text = await response.text()
  } catch (cause) {
    throw new RegistryUnavailableError(
      `the schema registry at ${base} gives no answer: check HOLDPOINT_REGISTRY_URL and that it runs`,
      { cause },
    )
  }
  if (response.status === 404) return null
  if (response.status >= 500) {
    throw new RegistryUnavailableError(
      `the schema registry at ${base} answers ${response.status} to ${method} ${path}: ${text}`,
    )
  }
  if (!response.ok) throw refused(method, path, response.status, text)
  return JSON.parse(text) as T
}

const refused = (method: string, path: string, status: number, text: string) =>
  new RegistryRefusedError(
    'registry_refused',
    `the schema registry refuses ${method} ${path} with ${status}: ${text}`,
  )
