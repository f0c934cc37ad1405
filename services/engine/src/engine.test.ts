import { topics } from '@holdpoint/contracts'
import { StateError } from '@holdpoint/state'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { coreFold } from './fold.ts'
import { type Bench, byId, createBench, generation } from './testing/bench.ts'
import { families, traffic } from './testing/events.ts'

let bench: Bench
beforeEach(async () => {
  bench = await createBench(4)
})
afterEach(() => bench.close())

describe('engine', () => {
  it('publishes each decision once, with the bytes that a fold of the log alone gives', async () => {
    await bench.run()
    await bench.append(traffic(40))
    await bench.settled()
    const published = await bench.published()
    const expected = await bench.expected()
    expect(expected.size).toBeGreaterThanOrEqual(80)
    expect(byId(published)).toEqual(expected)
    expect(published).toHaveLength(expected.size)
    expect(published.filter(({ topic }) => topic === topics.shadow)).toEqual([])
  })

  it('publishes in the order of sequences within a topic and subject', async () => {
    await bench.run()
    await bench.append([...traffic(20), ...traffic(20, 0, 1_795_341_600_000 + 86_400_000)])
    await bench.settled()
    for (const topic of [topics.stepUpRequired, topics.revoked, topics.stepUpResolved]) {
      const last = new Map<string, string>()
      for (const { decision } of await bench.published([topic])) {
        const { id } = decision.subject
        expect((last.get(id) ?? '') < decision.sequence).toBe(true)
        last.set(id, decision.sequence)
      }
      expect(last.size).toBeGreaterThan(0)
    }
  })

  it('fires the timers of quiet subjects at a tick, as a fold of the log alone does', async () => {
    await bench.run()
    await bench.append(
      traffic(150).filter((r) => r.kind !== 'event' || r.event.type !== 'revocation'),
    )
    await bench.settled()
    const expired = (await bench.published([topics.stepUpResolved])).length
    expect(expired).toBeGreaterThan(100)
    expect(byId(await bench.published())).toEqual(await bench.expected())
  })

  it('loads what the fold asks for, though nobody had named it before', async () => {
    const named = { profiles: [], sessions: [] }
    await bench.run({ fold: { ...coreFold, keysOf: () => named, followUps: () => [] } })
    await bench.append(traffic(40))
    await bench.settled()
    expect(byId(await bench.published())).toEqual(await bench.expected())
  })

  it.each([
    ['what it names', coreFold],
    ['nothing that anybody named', { ...coreFold, followUps: () => [] }],
  ])('ends what was begun from a session with it, having loaded %s', async (_name, fold) => {
    await bench.run({ fold })
    await bench.append(families(50))
    await bench.settled()
    expect(await bench.published([topics.revoked])).toHaveLength(150)
    expect(byId(await bench.published())).toEqual(await bench.expected())
  })

  it('trims what was acknowledged from the outbox when nothing more comes', async () => {
    await bench.run()
    await bench.append(traffic(5))
    await bench.settled()
    for (let p = 0; p < 4; p += 1) expect((await bench.store.open(p)).outbox).toEqual([])
  })

  it('says that it is ready, and counts what it did', async () => {
    const engine = await bench.run()
    await bench.append(traffic(10))
    await bench.settled()
    expect(await engine.checks.ready.group!()).toEqual({ ok: true })
    expect(await engine.checks.ready.partitions!()).toEqual({ ok: true, detail: '4 partitions' })
    expect(await engine.checks.live.progress!()).toEqual({ ok: true })
    const text = await engine.registry.render()
    expect(text).toContain('holdpoint_engine_events_total{outcome="applied"} 38')
    expect(text).toContain('holdpoint_engine_decisions_total{type="session.revoked"} 10')
    expect(text).toContain('holdpoint_engine_lag_records{partition="3"} 0')
    expect(text).toContain('holdpoint_engine_decision_latency_seconds_count')
  })

  it('publishes what was committed before it stops, and takes nothing more', async () => {
    const engine = await bench.run()
    await bench.append(traffic(30))
    await engine.stop()
    const published = byId(await bench.published())
    const folded = new Map<string, string>()
    const applied = await Promise.all([0, 1, 2, 3].map((p) => bench.store.open(p)))
    for (const [id, bytes] of await bench.expected()) {
      const [, partition, offset] = id.split('.').map(Number)
      if (offset! <= (applied[partition!]?.meta?.appliedOffset ?? -1)) folded.set(id, bytes)
    }
    expect(published).toEqual(folded)
    expect(applied.flatMap(({ outbox }) => outbox)).toEqual([])
  })

  it('refuses to start where a topic is missing, and names it with the mend', async () => {
    const admin = await bench.log.admin()
    const log = {
      ...bench.log,
      admin: async () => ({
        ...admin,
        describe: async () => new Map([[topics.revoked, null]]),
      }),
    }
    await expect(bench.run({ log })).rejects.toThrow(
      'topics are missing: session.revoked. Create them with: holdpoint topics apply',
    )
  })

  it('refuses to start on a store that may evict state', async () => {
    const refusal = new StateError('eviction_policy', 'it may evict: set it to noeviction')
    const store = { ...bench.store, check: () => Promise.reject(refusal) }
    await expect(bench.run({ store })).rejects.toThrow('set it to noeviction')
    expect((await bench.store.open(0)).meta).toBeNull()
  })

  it('marks an empty partition as begun, so that what comes later is no remainder of lost state', async () => {
    await bench.run()
    const { meta } = await bench.store.open(0)
    expect(meta).toMatchObject({ generation, partition: 0, appliedOffset: -1 })
  })
})
