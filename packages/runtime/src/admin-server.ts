/**
 * Health and metrics on a port of their own, apart from what users call. `/livez` must only look
 * inside the process: a restart does not bring a lost Kafka back.
 */
import fastify from 'fastify'
import type { MetricsRegistry } from './metrics.ts'

export interface CheckResult {
  readonly ok: boolean
  /** What is wrong and what mends it, or a word on what is well. Public to whoever reaches the port. */
  readonly detail?: string
}

export type Check = () => CheckResult | Promise<CheckResult>

export interface HealthChecks {
  /** A failure here asks for a restart. */
  readonly live: Readonly<Record<string, Check>>
  /** A failure here takes the instance out of traffic. */
  readonly ready: Readonly<Record<string, Check>>
  /** A failure here asks for patience: liveness is not judged before. */
  readonly startup: Readonly<Record<string, Check>>
}

export interface AdminServer {
  /** `http://host:port`, with the port that was really taken. */
  readonly url: string
  close(): Promise<void>
}

/** A check that does not answer in this time has failed. */
const checkDeadlineMs = 2_000

/** Serves `/livez`, `/readyz`, `/startupz` (JSON, 200 or 503, one entry per check) and `/metrics`. */
export async function startAdminServer(options: {
  readonly host: string
  readonly port: number
  readonly checks: HealthChecks
  readonly metrics: MetricsRegistry
}): Promise<AdminServer> {
  const { host, port, checks, metrics } = options
  const app = fastify({ logger: false, forceCloseConnections: true })
  const probes = { '/livez': 'live', '/readyz': 'ready', '/startupz': 'startup' } as const
  for (const [path, kind] of Object.entries(probes)) {
    app.get(path, async (_request, reply) => {
      // Looked up each time: a service has other checks before it is made.
      const report = await runChecks(checks[kind])
      return reply
        .code(report.status === 'ok' ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(report)
    })
  }
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  )
  const url = await app.listen({ host, port })
  return { url, close: () => app.close() }
}

/** Runs all checks at once; one that throws or does not answer has failed, and says so. */
export async function runChecks(checks: Readonly<Record<string, Check>>): Promise<{
  readonly status: 'ok' | 'unavailable'
  readonly checks: Readonly<Record<string, CheckResult>>
}> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await resultOf(check)] as const),
  )
  const ok = results.every(([, result]) => result.ok)
  return { status: ok ? 'ok' : 'unavailable', checks: Object.fromEntries(results) }
}

async function resultOf(check: Check): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(
      () => resolve({ ok: false, detail: `no answer within ${checkDeadlineMs} ms` }),
      checkDeadlineMs,
    )
  })
  try {
    return await Promise.race([Promise.resolve().then(check), late])
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
  }
}
