/**
 * Ingest and engine in one process, on the embedded log, store and index and on the schemas of this
 * checkout: the one place where a service composes others. Nothing outlives the process.
 */
import { randomBytes } from 'node:crypto'
import { localCatalogue, type SchemaCatalogue, topicTable } from '@holdpoint/contracts'
import { createEngine } from '@holdpoint/engine'
import { type Clock, createIngest, type Enrichment } from '@holdpoint/ingest'
import { embeddedLog, type Log } from '@holdpoint/log'
import { defaultPolicy } from '@holdpoint/risk'
import { createRegistry, type Logger } from '@holdpoint/runtime'
import { embeddedRecentCounts, embeddedSessionIndex, embeddedStore } from '@holdpoint/state'

export interface ComposeOptions {
  readonly clock: Clock
  readonly enrichment: Enrichment
  /** On loopback; 0 takes any free port. */
  readonly httpPort: number
  readonly logger: Logger
  /** A part is dead and will not recover. */
  readonly crash: (error: Error) => void
  readonly tickMs?: number
}

export interface Composition {
  readonly log: Log
  readonly catalogue: SchemaCatalogue
  /** `http://127.0.0.1:port`, once started. */
  readonly url: string
  /** Resolves when events are taken and folded. Rejects where the port is taken (`EADDRINUSE`). */
  start(): Promise<void>
  stop(): Promise<void>
}

const tickMs = 2_000
const generation = 1
/** Sessions remembered for events that name no subject. */
const indexedSessionsMax = 100_000
/** What each partition keeps at most, bytes, so that a demonstration may run for days. */
const retentionBytes = String(2 * 1024 * 1024)

export function compose(options: ComposeOptions): Composition {
  const log = embeddedLog()
  const catalogue = localCatalogue()
  const registry = createRegistry()
  const { logger, crash } = options
  const store = embeddedStore({ generation })
  const ingest = createIngest({
    log,
    catalogue,
    registry,
    logger,
    crash,
    index: embeddedSessionIndex({ entriesMax: indexedSessionsMax }),
    recent: embeddedRecentCounts(),
    enrichment: options.enrichment,
    clock: options.clock,
    config: {
      groupId: 'holdpoint-ingest',
      // The state ends with the process, so the key of its hashes may too.
      hashKey: randomBytes(32).toString('base64url'),
      httpHost: '127.0.0.1',
      httpPort: options.httpPort,
      apiKeys: undefined,
      tenant: 'default',
      tenantEventsPerSecond: 20_000,
      tickMs: options.tickMs ?? tickMs,
    },
  })
  const config = { generation, groupId: 'holdpoint-engine' }
  const policy = defaultPolicy
  const engine = createEngine({ log, store, catalogue, policy, config, registry, logger, crash })
  return {
    log,
    catalogue,
    get url() {
      return ingest.url
    },
    async start() {
      await createTopics(log)
      await ingest.start()
      await engine.start()
    },
    async stop() {
      await ingest.stop()
      await engine.stop()
      await Promise.all([log.close(), store.close()])
    },
  }
}

async function createTopics(log: Log): Promise<void> {
  const admin = await log.admin()
  for (const { name, partitions, config } of topicTable) {
    const bounded = { ...config, 'retention.bytes': retentionBytes }
    await admin.create({ name, partitions, replicas: 1, config: bounded })
  }
  await admin.close()
}
