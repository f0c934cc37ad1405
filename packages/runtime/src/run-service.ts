import closeWithGrace from 'close-with-grace'
import { type HealthChecks, startAdminServer } from './admin-server.ts'
import { ConfigError, type ConfigOf, type ConfigSchema, loadConfig } from './config.ts'
import { createLogger, type Logger } from './logger.ts'
import { createRegistry, type MetricsRegistry } from './metrics.ts'
import type { serviceVariables } from './variables.ts'

export interface Service {
  /** Resolves when it works. */
  start(): Promise<void>
  /** Finishes what is in hand and leaves; resolves within `stopDeadlineMs`. */
  stop(): Promise<void>
  readonly checks: HealthChecks
}

export interface ServiceContext<C> {
  readonly config: C
  readonly logger: Logger
  readonly registry: MetricsRegistry
  /** Says that the service cannot go on: it is stopped and the process exits 1, for its supervisor to start again. */
  readonly crash: (error: Error) => void
}

/** A stop that takes longer ends the process all the same. */
export const stopDeadlineMs = 5_000

/** Exit code for a wrong configuration (`EX_CONFIG` of sysexits.h): a restart does not mend it. */
const configExitCode = 78

/**
 * Runs one service as this process: configuration, logger, health and metrics, start, and a graceful
 * stop on a signal, an uncaught error or a crash. The only place that reads `process.env`.
 */
export async function runService<S extends ConfigSchema & ReturnType<typeof serviceVariables>>(
  name: string,
  schema: S,
  create: (context: ServiceContext<ConfigOf<S>>) => Promise<Service>,
): Promise<void> {
  const config = configOrExit(schema)
  const { logLevel, adminHost, adminPort } = config as ConfigOf<ReturnType<typeof serviceVariables>>
  const logger = createLogger({ service: `holdpoint-${name}`, level: logLevel })
  const registry = createRegistry({ processMetrics: true })
  let crashed: Error | null = null
  let stopping = false
  const parts: (() => Promise<void>)[] = []

  const closing = closeWithGrace(
    {
      delay: stopDeadlineMs,
      logger: { error: (message: unknown) => logger.error(String(message)) },
    },
    async ({ err, signal }) => {
      stopping = true
      if (err !== undefined) logger.fatal({ error: err }, 'uncaught error, stopping')
      else logger.info({ signal }, 'stopping')
      for (const stop of parts.toReversed()) await stop()
      logger.info('stopped')
      if (crashed !== null) throw crashed
    },
  )
  const crash = (error: Error): void => {
    if (crashed !== null || stopping) return
    crashed = error
    logger.fatal({ error }, 'cannot go on, stopping')
    closing.close()
  }

  let service: Service | null = null
  const checks = checksOf(
    () => service?.checks ?? null,
    () => stopping,
  )
  try {
    const admin = await startAdminServer({
      host: adminHost,
      port: adminPort,
      checks,
      metrics: registry,
    })
    parts.push(() => admin.close())
    logger.info({ admin: admin.url }, 'starting')
    service = await create({ config, logger, registry, crash })
    parts.push(() => (service as Service).stop())
    await service.start()
    logger.info('started')
  } catch (error) {
    if (error instanceof ConfigError) exitFor(error)
    crash(error instanceof Error ? error : new Error(String(error)))
  }
}

/** The service's checks; before it is made it is alive, and neither started nor ready. */
function checksOf(made: () => HealthChecks | null, isStopping: () => boolean): HealthChecks {
  const starting = { process: () => ({ ok: false, detail: 'starting' }) }
  const running = {
    process: () => (isStopping() ? { ok: false, detail: 'stopping' } : { ok: true }),
  }
  return {
    get live() {
      return made()?.live ?? {}
    },
    get ready() {
      return { ...(made()?.ready ?? starting), ...(made() ? running : {}) }
    },
    get startup() {
      return made()?.startup ?? starting
    },
  }
}

function configOrExit<S extends ConfigSchema>(schema: S): ConfigOf<S> {
  try {
    return loadConfig(schema, process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return exitFor(error)
  }
}

function exitFor(error: ConfigError): never {
  process.stderr.write(`${error.message}\n`)
  process.exit(configExitCode)
}
