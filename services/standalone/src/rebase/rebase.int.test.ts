/** A lost log, for real: topics deleted and cut on the broker, the state in Redis, engines before and after. */
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  decodeDecision,
  encodeLogRecord,
  localCatalogue,
  parseRawJson,
  topics,
  topicTable,
} from '@holdpoint/contracts'
import { createEngine } from '@holdpoint/engine'
import { admit, createFacts, createHasher, createSubjects, recordedClock } from '@holdpoint/ingest'
import { kafkaLog, type NewRecord } from '@holdpoint/log'
import { type Decision, defaultPolicy, emptyMeta } from '@holdpoint/risk'
import { createLogger, createRegistry, type Service } from '@holdpoint/runtime'
import {
  embeddedRecentCounts,
  embeddedSessionIndex,
  type OutboxEntry,
  redisGenerations,
  redisStore,
} from '@holdpoint/state'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prefixedLog } from '../../../ingest/test/prefixed-log.ts'
import { statedOnly } from '../testing.ts'
import { type RebaseOptions, rebase, removeOld } from './rebase.ts'

const url = process.env['HOLDPOINT_REDIS_URL'] ?? ''
const brokers = (process.env['HOLDPOINT_KAFKA_BROKERS'] ?? '').split(',').filter(Boolean)
if (url === '' || brokers.length === 0)
  throw new Error('HOLDPOINT_REDIS_URL and HOLDPOINT_KAFKA_BROKERS must name the parts to test on')

/** What no port offers, since Holdpoint itself never does it. */
interface Breaking {
  connect(): Promise<void>
  deleteTopics(of: { topics: string[] }): Promise<void>
  deleteTopicRecords(of: {
    topic: string
    partitions: { partition: number; offset: string }[]
  }): Promise<void>
  fetchTopicOffsets(topic: string): Promise<unknown>
  disconnect(): Promise<void>
}
const kafkajs = createRequire(new URL('../../../../packages/log/package.json', import.meta.url))(
  'kafkajs',
) as {
  Kafka: new (of: object) => { admin(): Breaking }
  logLevel: { NOTHING: number }
}
const breaking = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin()

const partitions = 2
const catalogue = localCatalogue()
const real = kafkaLog({ brokers, clientId: 'rebase-test' })
const outputs = topicTable.filter(({ role }) => role === 'decision').map(({ name }) => name)
const story = readFileSync(
  new URL('../../../../test/replay/05a-stolen-cookie-kinds-known.ndjson', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Wire)

interface Wire extends Record<string, unknown> {
  readonly id: string
  readonly occurredAt: string
}

const at = (time: string): string => `2026-11-21T${time}.000Z`
const thief = story.at(-1)!
/** Past the step-up's deadline, from where the thief is. */
const thiefLater: Wire = { ...thief, id: 'later', occurredAt: at('09:45:00') }
const bob = { ...story[0]!, subject: { id: 'bob' }, sessionId: 'b-1' }
const bobLogin: Wire = { ...bob, id: 'bob-login', occurredAt: at('08:00:00') }
const bobPays: Wire = {
  ...bob,
  id: 'bob-pays',
  type: 'action',
  occurredAt: at('09:40:00'),
  action: { name: 'payments.approve', amount: 5_000, currency: 'EUR', access: 'write' },
}

const run = `rebase.${process.pid}.${Date.now()}.`
let prefix: string
let log: ReturnType<typeof prefixedLog>
let generation: number
let runs = 0
let engines: Running[] = []
let admission: Parameters<typeof admit>[2]
/** Every raw event so far, in the order of its raw topic: its offset there is its place. */
let raw: Wire[]
const closing: (() => Promise<unknown>)[] = []
/** What the shared parts are rid of afterwards. */
const made: string[] = []
const used = new Set<number>()

afterAll(async () => {
  for (const close of closing.splice(0)) await close()
  const generations = redisGenerations({ url })
  await generations.remove(
    (one) => used.has(one),
    () => undefined,
  )
  await generations.close()
  await breaking.deleteTopics({ topics: made })
  await breaking.disconnect()
  await real.close()
})

beforeEach(async () => {
  runs += 1
  prefix = `${run}${runs}.`
  log = prefixedLog(real, prefix)
  generation = randomInt(2_000, 9_000)
  for (const one of [0, 1, 2]) used.add(generation + one)
  raw = []
  const parts = {
    enrichment: statedOnly(),
    hasher: createHasher('a key for tests, of 32 characters or more'),
    clock: recordedClock(),
  }
  admission = {
    subjects: createSubjects(embeddedSessionIndex()),
    facts: createFacts({ recent: embeddedRecentCounts(), ...parts, onFailure: () => undefined }),
    ...parts,
    catalogue,
    partitions,
  }
  const admin = await log.admin()
  const names = new Set([
    topics.internal,
    `${topics.internal}.dlq`,
    topics.any,
    topics.alerts,
    ...outputs,
  ])
  for (const name of names) made.push(`${prefix}${name}`)
  for (const name of names)
    await admin.create({
      name,
      partitions: name === topics.internal ? partitions : 1,
      replicas: 1,
      config: {},
    })
  await admin.close()
})
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()))
})

/** As ingest would have: taken from the raw topic, at their places there, into the internal log. */
async function ingest(events: readonly Wire[]): Promise<void> {
  const writer = await log.writer()
  for (const event of events) {
    let offset = raw.findIndex(({ id }) => id === event.id)
    if (offset < 0) {
      offset = raw.push(event) - 1
      await writer.append(topics.any, [{ partition: 0, key: null, value: Buffer.from(event.id) }])
    }
    const parsed = parseRawJson(Buffer.from(JSON.stringify(event)))
    if (!parsed.ok) throw new Error(parsed.errors[0]?.message)
    const origin = { topic: topics.any, partition: 0, offset }
    const admitted = await admit('default', [{ raw: parsed.event, origin }], admission)
    const disposition = admitted.dispositions[0]
    if (disposition?.kind !== 'ok') throw new Error('an event was refused')
    await admitted.remember()
    await writer.append(topics.internal, [
      ...ticks(disposition.placed.receivedAt),
      disposition.placed.record,
    ])
  }
  await writer.close()
}

function ticks(t: number): readonly NewRecord[] {
  const value = encodeLogRecord({ kind: 'tick', t: t - 1 }, catalogue)
  return Array.from({ length: partitions }, (_, partition) => ({ partition, key: null, value }))
}

interface Running extends Service {
  readonly state: () => Promise<string>
}

async function startEngine(of: number, now = at('09:46:00')): Promise<Running> {
  const store = redisStore({ url, generation: of })
  closing.push(() => store.close())
  const engine = createEngine({
    log,
    store,
    catalogue,
    policy: defaultPolicy,
    config: { generation: of, groupId: 'holdpoint-engine' },
    registry: createRegistry(),
    logger: createLogger({ service: 'engine', level: 'silent' }),
    clock: () => Date.parse(now),
  })
  await engine.start()
  const state = async () => (await engine.checks.ready.partitions!()).detail ?? ''
  const running = { ...engine, state }
  engines.push(running)
  return running
}

async function stop(engine: Running): Promise<void> {
  engines = engines.filter((one) => one !== engine)
  await engine.stop()
}

async function folded(of: number): Promise<void> {
  const admin = await log.admin()
  const store = redisStore({ url, generation: of })
  const bounds = await admin.bounds(topics.internal)
  await expect
    .poll(
      async () => {
        const opened = await Promise.all(bounds.map((_, partition) => store.open(partition)))
        return opened.map(({ meta, outbox }) => [(meta?.appliedOffset ?? -1) + 1, outbox.length])
      },
      { timeout: 20_000 },
    )
    .toEqual(bounds.map(({ high }) => [high, 0]))
  await Promise.all([admin.close(), store.close()])
}

async function read(topic: string) {
  const admin = await log.admin()
  const { low, high } = (await admin.bounds(topic))[0]!
  await admin.close()
  const found: Decision[] = []
  if (high === low) return found
  const reader = log.reader({ groupId: `look-${Math.random()}`, topics: [topic] })
  await reader.start({
    onAssigned: async () => new Map(),
    onRevoked: () => {},
    onBatch: async ({ records }) => {
      for (const { value } of records) found.push(decodeDecision(catalogue, value!))
    },
    onCrash: () => {},
  })
  await expect.poll(() => found.length, { timeout: 20_000 }).toBe(high - low)
  await reader.stop()
  return found
}

async function published(): Promise<readonly Decision[]> {
  const all: Decision[] = []
  for (const name of outputs) all.push(...(await read(name)))
  return all
}

/** One effect has one id: nothing was decided twice under two names. */
function expectNothingDoubled(decisions: readonly Decision[]): void {
  const ids = new Map<string, string>()
  for (const { decisionId, type, sessionId, cause } of decisions) {
    const effect = JSON.stringify([type, sessionId, cause.eventId])
    expect(ids.get(effect) ?? decisionId, effect).toBe(decisionId)
    ids.set(effect, decisionId)
  }
}

const options = (changes: Partial<RebaseOptions> = {}): RebaseOptions => ({
  log,
  redisUrl: url,
  from: generation,
  to: generation + 1,
  groupIds: ['holdpoint-engine', 'holdpoint-ingest'],
  dryRun: false,
  force: false,
  anew: false,
  ...changes,
})

async function makeAnew(): Promise<void> {
  await breaking.connect()
  await breaking.deleteTopics({ topics: [`${prefix}${topics.internal}`] })
  const admin = await log.admin()
  const gone = async () => (await admin.describe([topics.internal])).get(topics.internal)
  await expect.poll(gone, { timeout: 20_000 }).toBeNull()
  await admin.create({ name: topics.internal, partitions, replicas: 1, config: {} })
  await admin.close()
}

/** Every session of the generation that is at HIGH. */
async function highSessions(of: number): Promise<number> {
  const store = redisStore({ url, generation: of })
  const { hasher } = admission
  const sessions = [hasher.key('default', 'alice', 's-1')]
  let high = 0
  for (let partition = 0; partition < partitions; partition += 1)
    for (const { level } of (
      await store.load(partition, { profiles: [], sessions })
    ).sessions.values())
      if (level === 'HIGH') high += 1
  await store.close()
  return high
}

describe('the topic was deleted and made anew', () => {
  it('engines stop, and after a rebase go on: risk is kept, ids stay unique, sequences grow, nothing is doubled', async () => {
    const before = await startEngine(generation, at('09:31:00'))
    await ingest([bobLogin, ...story])
    await folded(generation)
    await stop(before)
    const first = await published()
    expect(first.length).toBeGreaterThan(0)
    expect(await highSessions(generation)).toBe(1)

    // In the log, and lost with it before anybody has folded it.
    await ingest([bobPays])
    await makeAnew()
    const stopped = await startEngine(generation)
    for (const partition of [0, 1])
      expect(await stopped.state()).toMatch(
        new RegExp(`partition ${partition} is stopped, log_truncated: .*holdpoint rebase`),
      )
    await expect(rebase(options())).rejects.toThrow(
      "1 process reads in the group 'holdpoint-engine': stop ingest and all engines first",
    )
    await stop(stopped)

    const plan = await rebase(options({ dryRun: true }))
    expect(plan.partitions.map(({ verdict, next }) => [verdict, next])).toEqual([
      ['log-anew', 0],
      ['log-anew', 0],
    ])
    // Somebody has tried the next generation without its state: that one is lost for the rebase.
    const hasty = await startEngine(generation + 1)
    expect(await hasty.state()).toBe('2 partitions')
    await stop(hasty)
    await expect(rebase(options())).rejects.toMatchObject({ code: 'generation_in_use' })

    const to = generation + 2
    expect((await rebase(options({ to }))).copied).toBeGreaterThanOrEqual(5)
    expect(await highSessions(to)).toBe(1)
    const after = await startEngine(to)
    // Ingest reads again from before the loss: repeats, then what was lost, then what is new.
    await ingest([...story.slice(-3), bobPays, thiefLater])
    await folded(to)
    await stop(after)

    const all = await published()
    const added = all.filter(({ decisionId }) => decisionId.startsWith(`${to}.`))
    expect(all).toHaveLength(first.length + added.length)
    expectNothingDoubled(all)
    const ofAlice = added.filter(({ subject }) => subject.id === 'alice')
    expect(ofAlice.map(({ type }) => type)).toContain('session.revoked')
    expect(added.map(({ cause }) => cause.eventId)).toContain('bob-pays')
    const lastBefore = first
      .map(({ sequence }) => sequence)
      .sort()
      .at(-1)!
    for (const { sequence } of added) expect(sequence > lastBefore).toBe(true)

    await expect(removeOld({ redisUrl: url, present: 9_999 })).rejects.toThrow('holds no state')
  })
})

describe('retention took records that nobody had folded', () => {
  it('engines stop, and after a rebase go on with what is left', async () => {
    const before = await startEngine(generation, at('09:31:00'))
    await ingest(story)
    await folded(generation)
    await stop(before)
    await ingest([bobLogin])
    const admin = await log.admin()
    const low = (await admin.bounds(topics.internal)).map(({ high }) => high)
    await ingest([bobPays, thiefLater])
    await breaking.connect()
    await breaking.fetchTopicOffsets(`${prefix}${topics.internal}`)
    await breaking.deleteTopicRecords({
      topic: `${prefix}${topics.internal}`,
      partitions: low.map((offset, partition) => ({ partition, offset: String(offset) })),
    })
    const stopped = await startEngine(generation)
    expect(await stopped.state()).toMatch(/partition 0 is stopped, log_gap: .*holdpoint rebase/)
    await stop(stopped)

    const report = await rebase(options())
    expect(report.partitions.map(({ verdict, next }) => [verdict, next])).toEqual([
      ['records-lost', low[0]],
      ['records-lost', low[1]],
    ])
    const after = await startEngine(generation + 1)
    expect(await after.state()).toBe('2 partitions')
    await folded(generation + 1)
    const all = await published()
    expectNothingDoubled(all)
    const ended = all.filter(({ type }) => type === 'session.revoked')
    expect(ended.map(({ decisionId }) => decisionId.split('.')[0])).toEqual([`${generation + 1}`])
    await admin.close()
  })
})

describe('nothing needs it', () => {
  it('it says so and writes nothing, unless it is forced; what was not published is published first', async () => {
    await expect(rebase(options())).rejects.toThrow('holds no state in this Redis')
    const before = await startEngine(generation, at('09:31:00'))
    await ingest(story)
    await folded(generation)
    await stop(before)
    await expect(rebase(options())).rejects.toThrow('--force carries the state all the same')
    await expect(rebase(options({ force: true, to: generation }))).rejects.toThrow('is not after')
    expect(await highSessions(generation + 1)).toBe(0)

    const store = redisStore({ url, generation })
    const { commitId, meta } = await store.open(0)
    const decided = (await published())[0]!
    const [waiting] = await records(decided.type)
    const left: OutboxEntry = {
      ...waiting!,
      offset: meta!.appliedOffset,
      index: 9,
      partition: 0,
      topic: decided.type,
    }
    const nothing = {
      profiles: [],
      sessions: [],
      stories: [],
      timers: [],
      acknowledged: null,
      rebuildUntil: 0,
    }
    const commit = {
      ...nothing,
      expected: commitId,
      next: 'left',
      meta: meta!,
      outbox: [left],
    }
    expect(await store.commit(0, commit)).toBe('committed')
    const report = await rebase(options({ force: true }))
    expect(report).toMatchObject({ published: 1 })
    expect(await records(decided.type)).toHaveLength(2)
    expect((await store.open(0)).outbox).toEqual([])
    await store.close()

    const after = await startEngine(generation + 1)
    await ingest([thiefLater])
    await folded(generation + 1)
    expect(await after.state()).toBe('2 partitions')
    expectNothingDoubled(await published())
  })
})

it('is refused while ingest runs, which would go on with the old session index', async () => {
  const reader = log.reader({ groupId: 'holdpoint-ingest', topics: [topics.any] })
  const assigned = new Promise<void>((resolve) => {
    void reader.start({
      onAssigned: async () => {
        resolve()
        return new Map()
      },
      onRevoked: () => undefined,
      onBatch: async () => undefined,
      onCrash: () => undefined,
    })
  })
  await assigned
  await expect(rebase(options({ dryRun: true }))).rejects.toThrow(
    "1 process reads in the group 'holdpoint-ingest': stop ingest and all engines first",
  )
  await reader.stop()
})

describe('a state that the log or the generation does not fit', () => {
  const meta = (partition: number, of = generation) => ({
    ...emptyMeta(of, partition),
    appliedOffset: 5,
  })
  const nothing = {
    profiles: [],
    sessions: [],
    stories: [],
    timers: [],
    outbox: [],
    acknowledged: null,
  }
  const commit = async (partition: number): Promise<void> => {
    const store = redisStore({ url, generation })
    const one = { ...nothing, expected: '', next: 'a', meta: meta(partition), rebuildUntil: 0 }
    expect(await store.commit(partition, one)).toBe('committed')
    await store.close()
  }

  it('is not carried to a log of fewer partitions', async () => {
    await commit(2)
    await expect(rebase(options())).rejects.toThrow(
      'holdpoint.events has 2 partitions and the state has at least 3: subjects would meet',
    )
  })

  it('is not carried on from a generation that was begun and never finished', async () => {
    await commit(0)
    const redis = new Redis(url)
    await redis.hset(`{hp:${generation}:0}:m`, 'generation', generation - 1)
    await redis.quit()
    await expect(rebase(options())).rejects.toThrow(
      `set HOLDPOINT_GENERATION to ${generation - 1} and run this again with --to ${generation}`,
    )
  })
})

async function records(topic: string): Promise<OutboxEntry[]> {
  const found: OutboxEntry[] = []
  const reader = log.reader({ groupId: `look-${Math.random()}`, topics: [topic] })
  await reader.start({
    onAssigned: async () => new Map(),
    onRevoked: () => {},
    onBatch: async ({ records: read }) => {
      for (const { key, value, headers } of read)
        found.push({ key, value, headers, topic, partition: 0, offset: 0, index: 0 })
    },
    onCrash: () => {},
  })
  await sleep(1_500)
  await reader.stop()
  return found
}
