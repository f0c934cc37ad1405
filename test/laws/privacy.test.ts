/** I13: tenants do not meet, and what users sent stands neither in logs nor in metrics. */
import { Writable } from 'node:stream'
import {
  decodeDecision,
  encodeRaw,
  localCatalogue,
  type RawEvent,
  topics,
  topicTable,
} from '@holdpoint/contracts'
import { createEngine } from '@holdpoint/engine'
import {
  createClients,
  createIngest,
  createNetworks,
  joinEnrichment,
  noNetworkLists,
  wallClock,
} from '@holdpoint/ingest'
import { embeddedLog } from '@holdpoint/log'
import { defaultPolicy } from '@holdpoint/risk'
import { createLogger, createRegistry } from '@holdpoint/runtime'
import {
  embeddedRecentCounts,
  embeddedSessionIndex,
  embeddedStore,
  StateError,
  type StateStore,
} from '@holdpoint/state'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const catalogue = localCatalogue()
const generation = 1
const keys = [
  { key: 'key-of-tenant-a', tenant: 'a' },
  { key: 'key-of-tenant-b', tenant: 'b' },
]
/** Stands in every text that a user, or somebody who pretends to be one, can send. */
const mark = 'Zebedee'
const address = '203.0.113.77'

/** Ingest and engine as one, with every line that they log and every number that they show. */
async function platform() {
  const lines: string[] = []
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString())
      done()
    },
  })
  const logger = createLogger({ service: 'test', level: 'trace' }, sink)
  const log = embeddedLog({ drainMs: 200 })
  const admin = await log.admin()
  for (const { name, config } of topicTable) {
    await admin.create({ name, partitions: 1, replicas: 1, config })
  }
  const store = embeddedStore({ generation })
  let failures = 3
  // A store that fails now and then makes the engine speak.
  const failing: StateStore = {
    ...store,
    async commit(partition, commit) {
      failures -= 1
      if (failures > 0 && commit.profiles.length > 0) {
        throw new StateError('redis_unreachable', 'away', { transient: true, unknown: true })
      }
      return store.commit(partition, commit)
    },
  }
  const registry = createRegistry()
  const crash = (error: Error) => {
    throw error
  }
  const ingest = createIngest({
    log,
    catalogue,
    index: embeddedSessionIndex(),
    recent: embeddedRecentCounts(),
    enrichment: joinEnrichment({
      places: { edition: 20261101, lookup: () => null },
      networks: createNetworks(null, noNetworkLists),
      clients: createClients(),
    }),
    clock: wallClock(),
    config: {
      groupId: 'holdpoint-ingest',
      hashKey: 'a key for tests, of 32 characters or more',
      httpHost: '127.0.0.1',
      httpPort: 0,
      apiKeys: keys,
      tenant: 'a',
      tenantEventsPerSecond: 10_000,
      tickMs: 60_000,
    },
    registry,
    logger,
    crash,
  })
  const config = { generation, groupId: 'holdpoint-engine' }
  const policy = defaultPolicy
  const deps = { log, store: failing, catalogue, policy, config, registry, logger, crash }
  const engine = createEngine(deps)
  await ingest.start()
  await engine.start()
  const writer = await log.writer()
  return {
    lines,
    metrics: () => registry.render(),
    async post(key: string, ...events: unknown[]): Promise<number> {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
      const payload = JSON.stringify(events)
      const request = { method: 'POST', url: '/v1/events', headers, payload } as const
      return (await ingest.app.inject(request)).statusCode
    },
    produce: (topic: string, value: Buffer) =>
      writer.append(topic, [{ partition: 0, key: Buffer.from(mark), value }]),
    published: async (topic: string) => {
      const { low, high } = (await admin.bounds(topic))[0]!
      return high - low
    },
    /** The tenants of the decisions of a topic, in order. */
    async tenantsOf(topic: string): Promise<readonly string[]> {
      const tenants: string[] = []
      const reader = log.reader({ groupId: 'test', topics: [topic] })
      await reader.start({
        onAssigned: async () => new Map(),
        onRevoked: () => undefined,
        async onBatch({ records }) {
          for (const { value } of records) {
            tenants.push(decodeDecision(catalogue, value ?? Buffer.alloc(0)).tenant)
          }
        },
        onCrash: crash,
      })
      const wanted = await this.published(topic)
      await vi.waitFor(() => expect(tenants.length).toBeGreaterThanOrEqual(wanted), 5_000)
      await reader.stop()
      return tenants
    },
    /** Resolves when this many records are folded, and all that they decided is published. */
    async done(records: number): Promise<void> {
      await vi.waitFor(async () => {
        const { meta, outbox } = await store.open(0)
        expect({ applied: meta?.appliedOffset, waiting: outbox.length }).toEqual({
          applied: records - 1,
          waiting: 0,
        })
      }, 5_000)
    },
    /** Records that the engine has folded. */
    applied: async () => ((await store.open(0)).meta?.appliedOffset ?? -1) + 1,
    async stop() {
      await ingest.stop()
      await engine.stop()
      await log.close()
    },
  }
}

let running: Awaited<ReturnType<typeof platform>>
beforeEach(async () => {
  running = await platform()
})
afterEach(() => running.stop())

const event = (over: object): object => ({
  source: 'app/web',
  occurredAt: new Date().toISOString(),
  subject: { id: 'alice' },
  sessionId: 's-1',
  ...over,
})
const login = (over: object = {}) =>
  event({ id: 'login', type: 'login', assurance: { acr: 'aal1', amr: ['pwd'] }, ...over })
const revocation = (over: object = {}) =>
  event({ id: 'revocation', type: 'revocation', initiator: 'admin', ...over })

describe('I13: tenants', () => {
  it('do not meet: the same subject and session of another tenant is somebody else’s', async () => {
    await running.post('key-of-tenant-a', login())
    await running.post('key-of-tenant-b', login())
    await running.post('key-of-tenant-a', revocation())
    await vi.waitFor(async () => expect(await running.published(topics.revoked)).toBe(1), 5_000)
    // A revoked session has nothing left to revoke: tenant b's still has.
    await running.post('key-of-tenant-a', revocation({ id: 'again' }))
    await running.post('key-of-tenant-b', revocation())
    await vi.waitFor(async () => expect(await running.applied()).toBe(5), 5_000)
    await vi.waitFor(async () => expect(await running.published(topics.revoked)).toBe(2), 5_000)
  })

  it('come from the key alone: an event that names another tenant is not theirs', async () => {
    await running.post('key-of-tenant-b', login())
    expect(await running.post('key-of-tenant-a', revocation({ tenant: 'b' }))).toBe(202)
    await running.done(2)
    // It revokes its own tenant's session of that name, which nobody has seen yet.
    expect(await running.tenantsOf(topics.revoked)).toEqual(['a'])
    await running.post('key-of-tenant-b', revocation({ id: 'own' }))
    await running.done(3)
    expect(await running.tenantsOf(topics.revoked)).toEqual(['a', 'b'])
  })
})

describe('I13: what users sent', () => {
  const marked = {
    subject: { id: `${mark}-subject`, iss: `https://${mark}.example` },
    sessionId: `${mark}-session`,
    client: {
      ip: address,
      ipTrust: 'socket',
      userAgent: `${mark}/1.0`,
      deviceId: `${mark}-device`,
      fingerprint: `${mark}-print`,
      appId: `${mark}-app`,
    },
    location: { latitude: 51, longitude: 0, city: `${mark}ville`, country: 'GB' },
    action: { name: `${mark}.read`, resource: `${mark}-1` },
    credential: { id: `${mark}-key`, kind: 'passkey' },
  }

  it('stands neither in a log line nor in a metric, whatever becomes of it', async () => {
    const key = 'key-of-tenant-a'
    expect(await running.post(key, login({ id: `${mark}-1`, ...marked }))).toBe(202)
    const after = revocation({ id: `${mark}-2`, ...marked })
    expect(await running.post(key, after)).toBe(202)
    expect(await running.post(key, { ...after, occurredAt: mark })).toBe(400)
    expect(await running.post(`${key}-${mark}`, after)).toBe(401)
    await running.produce(topics.any, Buffer.from(`{"id":"${mark}"`))
    await running.produce(topics.any, Buffer.from(JSON.stringify({ id: mark, type: mark })))
    const raw = { id: mark, type: 'action', source: mark, specversion: '1.0', tenant: 'default' }
    const avro = { ...raw, occurredAt: 1, sessionId: mark, actor: [], outcome: 'success' }
    const old = { ...avro, subject: { id: mark, kind: 'human' }, privileges: [mark] }
    await running.produce(topics.any, encodeRaw(catalogue, topics.any, old as RawEvent))
    await running.produce(topics.internal, Buffer.from(mark))
    await vi.waitFor(async () => expect(await running.published(topics.revoked)).toBe(1), 8_000)
    await vi.waitFor(
      async () => expect(await running.published(`${topics.any}.dlq`)).toBe(3),
      8_000,
    )
    await vi.waitFor(
      async () => expect(await running.published(`${topics.internal}.dlq`)).toBe(1),
      8_000,
    )
    expect(running.lines.length).toBeGreaterThan(3)
    for (const text of [...running.lines, await running.metrics()]) {
      expect(text).not.toMatch(new RegExp(mark, 'i'))
      expect(text).not.toContain(address)
    }
  })
})
