/** `POST /v1/events`: one event, or a list of up to 500, as JSON. */
import { eventBytesMax, parseRawEvent, type RawEvent } from '@holdpoint/contracts'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { accept } from './accept.ts'
import type { Authenticate } from './api-keys.ts'
import type { Fault } from './faults.ts'
import { decodeFaults, traceparentOf } from './handle.ts'
import type { IngestMetrics } from './metrics.ts'
import { type Problem, type ProblemError, pointerTo, problem, problemType } from './problem.ts'
import type { Intake } from './raw-intake.ts'
import type { TokenBuckets } from './token-buckets.ts'

export const batchMax = 500
/** Bytes of a request: 500 events of ordinary size with room to spare. */
const bodyMax = 8 * 1024 * 1024

export interface HttpDeps {
  readonly authenticate: Authenticate
  readonly buckets: TokenBuckets
  readonly metrics: IngestMetrics
  readonly onFailure: (what: string, error: unknown, attempts: number) => void
  /** null until the log is reached: then the answer is 503. */
  readonly intake: () => Intake | null
}

/**
 * The HTTP side of ingest. 202 `{"accepted": n}` only after the log has acknowledged every event; 400
 * with each fault's place and nothing taken; 401; 413; 429 and 503 with `Retry-After`, after which the
 * client repeats the whole request with the same ids (repeats are recognised).
 *
 * An event without a subject whose session is not known is refused (`unknown_session`) instead of
 * waiting as one from Kafka does: a promise to keep it could not be kept over a restart.
 */
export function createHttpApp(deps: HttpDeps): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: bodyMax, forceCloseConnections: 'idle' })
  // A connection that was busy when the closing began would be kept for its client's next request, and the
  // closing would wait for it: 72 s.
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close')
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  app.setNotFoundHandler((_request, reply) => send(reply, notFound))
  app.setErrorHandler((error, _request, reply) => send(reply, problemOf(error, deps)))
  app.post('/v1/events', async (request, reply) => {
    const tenant = deps.authenticate(request.headers.authorization)
    if (tenant === null) {
      return send(reply.header('www-authenticate', 'Bearer realm="holdpoint"'), unauthorized)
    }
    const parsed = parseBody(request.body)
    count(deps, parsed.events.length + parsed.refusals.length, parsed.refusals)
    if (parsed.refusals.length > 0) return send(reply, badRequest(parsed.refusals))
    const waitMs = deps.buckets.take(tenant, parsed.events.length)
    if (waitMs > 0) {
      deps.metrics.limited.add(1)
      return send(reply.header('retry-after', String(Math.ceil(waitMs / 1000))), tooMany)
    }
    const traceparent = traceparentOf(request.headers['traceparent'])
    const refusal = await take(tenant, parsed, traceparent, deps)
    if (refusal === null) return reply.code(202).send({ accepted: parsed.events.length })
    if (refusal.status === 503) reply.header('retry-after', '1')
    return send(reply, refusal)
  })
  return app
}

/** Throws on bytes that are no UTF-8, where a buffer would put other letters in silence. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** All faults of one event, or of a request that cannot be read as events; at least one. */
type Refusal = readonly ProblemError[]

interface Parsed {
  readonly events: readonly RawEvent[]
  readonly refusals: readonly Refusal[]
  /** True where the body is a list, so that pointers name the item. */
  readonly isList: boolean
}

function parseBody(body: unknown): Parsed {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch {
    return unreadable({ pointer: '#', code: 'not_json', detail: notJson })
  }
  const isList = Array.isArray(value)
  const items: readonly unknown[] = isList ? (value as unknown[]) : [value]
  if (items.length === 0 || items.length > batchMax) {
    const detail = `expected one event or a list of 1 to ${batchMax}, got ${items.length}: split the list`
    return unreadable({ pointer: '#', code: 'bad_count', detail })
  }
  const events: RawEvent[] = []
  const refusals: Refusal[] = []
  for (const [at, item] of items.entries()) {
    const parsed = parseItem(item, bytes.length)
    if (parsed.ok) events.push(parsed.event)
    else refusals.push(problemErrors(parsed.faults, isList ? at : null))
  }
  return { events, refusals, isList }
}

const unreadable = (error: ProblemError): Parsed => ({
  events: [],
  refusals: [[error]],
  isList: false,
})

type Item =
  | { readonly ok: true; readonly event: RawEvent }
  | { readonly ok: false; readonly faults: readonly Fault[] }

function parseItem(item: unknown, bodyBytes: number): Item {
  const parsed = parseRawEvent(item)
  if (!parsed.ok) return { ok: false, faults: decodeFaults(parsed.errors) }
  // Measured after the parse has bounded its depth, and only where it can be too large at all.
  const size = bodyBytes > eventBytesMax ? Buffer.byteLength(JSON.stringify(item)) : 0
  if (size <= eventBytesMax) return { ok: true, event: parsed.event }
  const message = `expected at most ${eventBytesMax} bytes for an event, got ${size}: send less`
  return { ok: false, faults: [{ stage: 'decode', path: '', code: 'too_large', message }] }
}

/** Appends all, or refuses all. */
async function take(
  tenant: string,
  parsed: Parsed,
  traceparent: string | null,
  deps: HttpDeps,
): Promise<Problem | null> {
  const intake = deps.intake()
  if (intake === null) return unavailable
  try {
    const refused = await accept(tenant, parsed.events, traceparent, intake, deps.metrics)
    const refusals = refused.map(({ fault, at }) =>
      problemErrors([fault], parsed.isList ? at : null),
    )
    count(deps, 0, refusals)
    return refusals.length > 0 ? badRequest(refusals) : null
  } catch (error) {
    deps.onFailure('http', error, 1)
    return unavailable
  }
}

const problemErrors = (faults: readonly Fault[], item: number | null): Refusal =>
  faults.map(({ path, code, message }) => ({
    pointer: pointerTo(path, item),
    code,
    detail: message,
  }))

function count({ metrics }: HttpDeps, received: number, refusals: readonly Refusal[]): void {
  metrics.received.add(received, { source: 'http' })
  for (const [first] of refusals) {
    metrics.refused.add(1, { source: 'http', code: first?.code ?? 'unknown' })
  }
}

const send = (reply: FastifyReply, body: Problem): FastifyReply =>
  reply.code(body.status).type(problemType).send(JSON.stringify(body))

const notJson = 'expected JSON in UTF-8: check quotes, commas and braces'

function badRequest(refusals: readonly Refusal[]): Problem {
  const errors = refusals.flat()
  return problem(
    400,
    'invalid-events',
    'The request was refused',
    `${errors.length} fault(s); no event was taken. Mend them and send the whole request again with the same ids.`,
    errors,
  )
}

const unavailable = problem(
  503,
  'log-unavailable',
  'Events cannot be taken now',
  'The log or the session index does not answer. Send the whole request again with the same ids.',
)
const unauthorized = problem(
  401,
  'unauthorized',
  'No valid API key',
  'Send "Authorization: Bearer <key>" with a key of HOLDPOINT_API_KEYS.',
)
const tooMany = problem(
  429,
  'rate-limited',
  'Too many events',
  'The tenant has sent more than HOLDPOINT_TENANT_EVENTS_PER_SECOND allows. Wait as Retry-After says.',
)
const notFound = problem(404, 'not-found', 'No such resource', 'Events go to POST /v1/events.')

/** The framework's own errors, in the same form. */
function problemOf(error: unknown, deps: HttpDeps): Problem {
  const { statusCode = 500, code } = error as { statusCode?: number; code?: string }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return problem(
      413,
      'too-large',
      'The request is too large',
      `At most ${bodyMax} bytes: split the list.`,
    )
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return problem(
      415,
      'not-json',
      'The request is not JSON',
      'Send Content-Type: application/json.',
    )
  }
  if (statusCode < 500) {
    return problem(
      statusCode,
      'bad-request',
      'The request was refused',
      'The request is not valid HTTP.',
    )
  }
  deps.onFailure('http', error, 1)
  return problem(
    500,
    'internal',
    'Internal error',
    'The fault is logged. Send the request again later.',
  )
}
