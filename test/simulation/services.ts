/** The services under test, as processes that die, come back, and are two where one should be. */

import type { RawEvent } from '@holdpoint/contracts'
import { localCatalogue } from '@holdpoint/contracts'
import { createEngine, type EngineDeps } from '@holdpoint/engine'
import {
  accept,
  createClients,
  createHasher,
  createNetworks,
  createWaitingRoom,
  ingestMetrics,
  joinEnrichment,
  noNetworkLists,
  RawIntake,
  wallClock,
} from '@holdpoint/ingest'
import { defaultPolicy } from '@holdpoint/risk'
import { createLogger, createMetrics, createRegistry, type HealthChecks } from '@holdpoint/runtime'
import { embeddedRecentCounts, type SessionIndex } from '@holdpoint/state'
import { generation } from './oracle.ts'
import { type Cluster, simLog } from './sim-log.ts'
import { type SharedStore, simIndex, simStore } from './sim-store.ts'
import type { Process, World } from './world.ts'

export type Role = 'engine' | 'ingest'

export interface Running {
  readonly role: Role
  readonly process: Process
  readonly group: string
  readonly checks: HealthChecks | null
  start(): Promise<void>
  stop(): Promise<void>
  /** `POST /v1/events`; rejects where the log does not answer. Ingest only. */
  post(event: RawEvent): Promise<void>
}

/** What all services of a run share. */
export interface Setting {
  readonly world: World
  readonly cluster: Cluster
  readonly store: SharedStore
  /** The present one: it is lost with the store. */
  index: SessionIndex
  /** The parts of an engine as they are, or with a guard taken away to see whether that is caught. */
  readonly weaken: (deps: EngineDeps) => EngineDeps
}

const catalogue = localCatalogue()
const logger = createLogger({ service: 'simulation', level: 'silent' })
const hasher = createHasher('a key of the simulation, of 32 characters')
const enrichment = joinEnrichment({
  places: { edition: 20261101, lookup: () => null },
  networks: createNetworks(null, noNetworkLists),
  clients: createClients(),
})

export const groups: Readonly<Record<Role, string>> = {
  engine: 'holdpoint-engine',
  ingest: 'holdpoint-ingest',
}

/**
 * An engine; `crash` is told that its reader died. Another `group` makes it an owner beside the owners;
 * its clock is `skewMs` ahead of the others'.
 */
export function engine(
  setting: Setting,
  name: string,
  crash: (error: Error) => void,
  { group = groups.engine, skewMs = 0 } = {},
): Running {
  const { world, cluster, store } = setting
  const process: Process = { name, alive: true }
  const deps: EngineDeps = {
    log: simLog(cluster, process),
    store: simStore(world, store, process),
    catalogue,
    policy: defaultPolicy,
    config: { generation, groupId: group },
    registry: createRegistry(),
    logger,
    crash,
    clock: () => world.time.now() + skewMs,
    reportMs: 150_000,
    statesMax: 64,
  }
  const service = createEngine(setting.weaken(deps))
  return {
    role: 'engine',
    process,
    group,
    checks: service.checks,
    start: () => service.start(),
    stop: () => service.stop(),
    post: () => Promise.reject(new Error('an engine takes no events')),
  }
}

/** An ingest whose clock is `skewMs` ahead of the others'. */
export function ingest(
  setting: Setting,
  name: string,
  crash: (error: Error) => void,
  skewMs: number,
): Running {
  const { world, cluster } = setting
  const process: Process = { name, alive: true }
  const metrics = createMetrics(createRegistry(), ingestMetrics)
  const raw = new RawIntake({
    log: simLog(cluster, process),
    catalogue,
    index: simIndex(world, () => setting.index, process),
    recent: embeddedRecentCounts(),
    enrichment,
    clock: wallClock(() => world.time.now() + skewMs),
    hasher,
    sessionsCached: 100,
    config: {
      groupId: groups.ingest,
      tenant: 'default',
      tickMs: 240_000,
    },
    buckets: { take: () => 0 },
    room: createWaitingRoom(),
    metrics,
    onFailure: () => undefined,
    crash,
  })
  return {
    role: 'ingest',
    process,
    group: groups.ingest,
    checks: null,
    start: () => raw.start(),
    stop: () => raw.stop(),
    async post(event) {
      if (raw.intake === null) throw new Error('the log is not reached yet')
      const refused = await accept('default', [event], null, raw.intake, metrics)
      if (refused.length > 0) throw new Error(refused[0]!.fault.message)
    },
  }
}
