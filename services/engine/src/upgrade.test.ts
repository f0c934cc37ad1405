/** Two releases whose states have another format, one after the other and side by side: docs/how-to/upgrade.md. */
import type { StateStore } from '@holdpoint/state'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formats0, formatsAfter0, olderRelease } from '../../../packages/state/fixtures/format-0.ts'
import { type Bench, byId, createBench, type Running, until } from './testing/bench.ts'
import { traffic } from './testing/events.ts'

const partitions = 4
let bench: Bench
let older: StateStore
let newer: StateStore
beforeEach(async () => {
  bench = await createBench(partitions)
  older = olderRelease(bench.store.as(formats0))
  newer = bench.store.as(formatsAfter0)
})
afterEach(() => bench.close())

/** All that was appended to these partitions is folded, published and trimmed. */
async function settled(of: readonly number[] = [0, 1, 2, 3]): Promise<void> {
  const admin = await bench.log.admin()
  const bounds = await admin.bounds('holdpoint.events')
  for (const partition of of) {
    await until(async () => {
      const { meta, outbox } = await newer.open(partition)
      return meta?.appliedOffset === bounds[partition]!.high - 1 && outbox.length === 0
    })
  }
}

const stopsOf = async (engine: Running): Promise<string> =>
  (await engine.checks.ready.partitions!()).detail ?? ''

/** What was published is what one undisturbed fold of the log decides, whoever folded it. */
async function expectOracle(): Promise<void> {
  const expected = await bench.expected()
  expect(expected.size).toBeGreaterThan(0)
  expect(byId(await bench.published())).toEqual(expected)
}

describe('a rolling upgrade to another state format', () => {
  it('loses nothing and decides as one fold does, while old and new engines share the log', async () => {
    const a = await bench.run({ store: older })
    const b = await bench.run({ store: older })
    // Logins and half of the payments, in the older format: their sessions go on in the newer one.
    const events = traffic(80)
    await bench.append(events.slice(0, 120))
    await settled()

    // Partition 2 comes to the new one; the old ones go on with the others.
    const c = await bench.run({ store: newer })
    await bench.append(events.slice(120, 180))
    await settled()
    expect(await stopsOf(a)).toBe('2 partitions')
    expect(await stopsOf(c)).toBe('1 partitions')

    // The old one gets back what was written forward: it stops that partition, and only that.
    await b.stop()
    await bench.append(events.slice(180))
    await settled([0, 1, 3])
    expect(await stopsOf(a)).toMatch(/^partition 2 is stopped, state_too_new: .*newer release/)
    const waiting = await newer.open(2)

    await bench.run({ store: newer })
    await a.stop()
    await settled()
    expect((await newer.open(2)).meta!.appliedOffset).toBeGreaterThan(waiting.meta!.appliedOffset)
    await expectOracle()
  })

  it('goes back: an old engine stops, and forward again nothing is lost', async () => {
    const before = await bench.run({ store: newer })
    const events = traffic(60)
    await bench.append(events.slice(0, 90))
    await settled()
    await before.stop()

    const old = await bench.run({ store: older })
    await bench.append(events.slice(90))
    for (const partition of [0, 1, 2, 3])
      expect(await stopsOf(old)).toContain(`partition ${partition} is stopped, state_too_new`)
    expect(byId(await bench.published()).size).toBeLessThan((await bench.expected()).size)
    await old.stop()

    await bench.run({ store: newer })
    await settled()
    await expectOracle()
  })

  it('goes back for good: without its keys the old release rebuilds a partition, same ids, same bytes', async () => {
    const before = await bench.run({ store: newer })
    const events = traffic(60)
    await bench.append(events.slice(0, 90))
    await settled()
    await before.stop()
    const published = byId(await bench.published())

    bench.store.wipe()
    await bench.run({ store: older })
    await bench.append(events.slice(90))
    await settled()
    const now = byId(await bench.published())
    for (const [id, bytes] of published) expect(now.get(id)).toBe(bytes)
    await expectOracle()
    await expect(bench.store.open(0)).rejects.toMatchObject({ code: 'state_too_old' })
  })
})
