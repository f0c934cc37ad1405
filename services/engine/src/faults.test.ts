import { deadLetterOf, encodeLogRecord, topics } from '@holdpoint/contracts'
import { type Log, LogWriteError, type StoredRecord } from '@holdpoint/log'
import { type Commit, type EmbeddedStore, StateError, type StateStore } from '@holdpoint/state'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { coreFold, type Fold } from './fold.ts'
import { type Bench, byId, createBench, until } from './testing/bench.ts'
import { login, minutes, payment, start, traffic } from './testing/events.ts'

let bench: Bench
beforeEach(async () => {
  bench = await createBench()
})
afterEach(() => bench.close())

/** A log whose appends to decision topics fail while `away` says so. */
function failingLog(log: Log, away: () => boolean): Log {
  return {
    ...log,
    writer: async () => {
      const writer = await log.writer()
      return {
        ...writer,
        append: async (topic, records) => {
          if (away()) throw new LogWriteError('unreachable', 'the log is away', true)
          await writer.append(topic, records)
        },
      }
    },
  }
}

/** The store with one of its calls replaced. */
const withCommit = (
  store: EmbeddedStore,
  commit: (partition: number, commit: Commit) => ReturnType<StateStore['commit']>,
): StateStore => ({ ...store, commit })

/** What another owner does: one commit that changes nothing but the commit id. */
async function commitAsAnother(store: EmbeddedStore): Promise<void> {
  const { commitId, meta } = await store.open(0)
  await store.commit(0, {
    expected: commitId,
    next: `another-${Math.random()}`,
    meta: meta!,
    rebuildUntil: 0,
    profiles: [],
    sessions: [],
    stories: [],
    timers: [],
    outbox: [],
    acknowledged: null,
  })
}

const metric = async (engine: { registry: { render(): Promise<string> } }, line: string) => {
  const text = await engine.registry.render()
  return Number(
    text
      .split('\n')
      .find((l) => l.startsWith(`${line} `))
      ?.split(' ')
      .pop() ?? 0,
  )
}

describe('commit protocol', () => {
  it('publishes by the next owner, byte for byte, what was committed before a crash', async () => {
    const crashing = await bench.run({ log: failingLog(bench.log, () => true) })
    await bench.append(traffic(10))
    await until(async () => (await bench.store.open(0)).outbox.length >= 20)
    await crashing.crash()
    expect(await bench.published()).toEqual([])
    const { outbox } = await bench.store.open(0)
    const left = outbox.filter(({ topic }) => topic !== topics.alerts)
    await bench.run()
    await bench.settled()
    const published = await bench.published()
    expect(byId(published)).toEqual(await bench.expected())
    expect(published).toHaveLength(left.length)
    expect(published.map(({ record }) => record.headers['ce_id']?.toString()).sort()).toEqual(
      left.map(({ headers }) => headers['ce_id']).sort(),
    )
  })

  it('drops what it had cached and folds again where its guard is stale', async () => {
    const engine = await bench.run()
    await bench.append(traffic(10))
    await bench.settled()
    await commitAsAnother(bench.store)
    await bench.append(traffic(10, 10))
    await bench.settled()
    expect(byId(await bench.published())).toEqual(await bench.expected())
    expect(await metric(engine, 'holdpoint_engine_reopens_total{cause="stale"}')).toBe(1)
  })

  it('gives the same ids again where the store has lost its latest commits', async () => {
    await bench.run()
    await bench.append(traffic(10))
    await bench.settled()
    const before = byId(await bench.published())
    for (let n = 1; n <= 10; n += 1) {
      await bench.append([login(`late-${n}`, 's'), payment(`late-${n}`, 's')])
      await bench.settled()
    }
    bench.store.rollback(0, 7)
    await bench.append(traffic(5, 50))
    await bench.settled()
    const after = byId(await bench.published())
    expect(after).toEqual(await bench.expected())
    for (const [id, bytes] of before) expect(after.get(id)).toBe(bytes)
  })

  it('never repeats a commit of which it does not know whether it was applied', async () => {
    let commits = 0
    const seen: string[] = []
    const store = withCommit(bench.store, async (partition, commit) => {
      commits += 1
      seen.push(commit.next)
      // Every third is applied and its answer lost; every fifth is lost with its answer.
      if (commits % 5 === 0) throw new StateError('timeout', 'no answer', { unknown: true })
      const result = await bench.store.commit(partition, commit)
      if (commits % 3 === 0) throw new StateError('timeout', 'no answer', { unknown: true })
      return result
    })
    await bench.run({ store })
    for (let n = 0; n < 12; n += 1) await bench.append(traffic(3, 3 * n))
    await bench.settled()
    expect(byId(await bench.published())).toEqual(await bench.expected())
    expect(new Set(seen).size).toBe(seen.length)
  })

  it('waits for a store that is away, and loses nothing', async () => {
    let refusals = 4
    const away = () => {
      refusals -= 1
      if (refusals >= 0) throw new StateError('redis_unreachable', 'away', { transient: true })
    }
    const store: StateStore = {
      ...bench.store,
      open: async (partition) => {
        if (refusals % 2 === 0) away()
        return bench.store.open(partition)
      },
      load: async (partition, wanted) => {
        away()
        return bench.store.load(partition, wanted)
      },
    }
    await bench.run({ store })
    await bench.append(traffic(10))
    await bench.settled()
    expect(byId(await bench.published())).toEqual(await bench.expected())
    expect(refusals).toBeLessThan(0)
  })

  it('comes to one fold’s decisions with two engines on one partition at once', async () => {
    await Promise.all([bench.run({ groupId: 'one' }), bench.run({ groupId: 'two' })])
    for (let n = 0; n < 15; n += 1) {
      await bench.append(traffic(3, 3 * n))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await bench.settled()
    expect(byId(await bench.published())).toEqual(await bench.expected())
  })

  it('never lets the applied offset go back while it owns the partition', async () => {
    const applied: number[] = []
    const store = withCommit(bench.store, async (partition, commit) => {
      const result = await bench.store.commit(partition, commit)
      if (result === 'committed') applied.push(commit.meta.appliedOffset)
      return result
    })
    await bench.run({ store, groupId: 'one' })
    await bench.run({ store, groupId: 'two' })
    for (let n = 0; n < 10; n += 1) await bench.append(traffic(3, 3 * n))
    await bench.settled()
    expect(applied).toEqual([...applied].sort((a, b) => a - b))
  })
})

describe('a partition that must not go on', () => {
  const partitionsCheck = async (engine: Awaited<ReturnType<Bench['run']>>) =>
    await engine.checks.ready.partitions!()

  async function begun(partition: number, appliedOffset: number): Promise<void> {
    const { commitId, meta } = await bench.store.open(partition)
    await bench.store.commit(partition, {
      expected: commitId,
      next: `set-${Math.random()}`,
      meta: { ...(meta ?? coreFold.emptyMeta(1, partition)), appliedOffset },
      rebuildUntil: 0,
      profiles: [],
      sessions: [],
      stories: [],
      timers: [],
      outbox: [],
      acknowledged: null,
    })
  }

  it('stops log_gap where the log begins past what was folded; the others go on', async () => {
    await bench.close()
    bench = await createBench(2)
    await bench.append(traffic(30))
    await begun(0, 5)
    await begun(1, -1)
    await bench.log.truncate(topics.internal, 0, 20)
    const engine = await bench.run()
    const check = await partitionsCheck(engine)
    expect(check.ok).toBe(false)
    expect(check.detail).toContain('partition 0 is stopped, log_gap: offsets 6 to 19 are gone')
    await until(async () => ((await bench.store.open(1)).meta?.appliedOffset ?? 0) > 20)
    expect((await bench.store.open(0)).meta?.appliedOffset).toBe(5)
    const line = 'holdpoint_engine_partition_stopped{partition="0",code="log_gap"}'
    expect(await metric(engine, line)).toBe(1)
  })

  it('stops log_truncated where the log ends before what was folded', async () => {
    await bench.append(traffic(2))
    await begun(0, 100)
    const engine = await bench.run()
    expect((await partitionsCheck(engine)).detail).toContain(
      'log_truncated: the log ends at offset 8',
    )
    await bench.append(traffic(2))
    expect((await bench.store.open(0)).meta?.appliedOffset).toBe(100)
  })

  it('stops log_gap where retention passes it while it runs', async () => {
    let refusing = true
    const store = withCommit(bench.store, async (partition, commit) => {
      if (refusing && commit.profiles.length > 0) {
        throw new StateError('redis_unreachable', 'away', { transient: true, unknown: true })
      }
      return bench.store.commit(partition, commit)
    })
    const engine = await bench.run({ store })
    await bench.append(traffic(10))
    await bench.log.truncate(topics.internal, 0, 10)
    refusing = false
    await until(async () => !(await partitionsCheck(engine)).ok)
    await until(async () => (await partitionsCheck(engine)).detail!.includes('log_gap'))
  })

  it('stops store_inconsistent where every commit is refused and nobody else writes', async () => {
    const ahead = {
      offset: 1_000,
      index: 0,
      topic: topics.shadow,
      partition: 0,
      key: null,
      value: Buffer.from('x'),
      headers: {},
    }
    await bench.store.commit(0, {
      expected: '',
      next: 'restored-apart',
      meta: coreFold.emptyMeta(1, 0),
      rebuildUntil: 0,
      profiles: [],
      sessions: [],
      stories: [],
      timers: [],
      outbox: [ahead],
      acknowledged: null,
    })
    const engine = await bench.run()
    await bench.append(traffic(2))
    await until(async () => !(await partitionsCheck(engine)).ok)
    await until(async () =>
      ((await partitionsCheck(engine)).detail ?? '').includes('store_inconsistent'),
    )
    const line = 'holdpoint_engine_partition_stopped{partition="0",code="store_inconsistent"}'
    expect(await metric(engine, line)).toBe(1)
  })

  it.each(['open', 'load'])(
    'stops with the store’s own code where %s finds a newer release',
    async (call) => {
      const tooNew = () => Promise.reject(new StateError('state_too_new', 'run the newer release'))
      const engine = await bench.run({ store: { ...bench.store, [call]: tooNew } })
      await bench.append(traffic(2))
      await until(async () => !(await partitionsCheck(engine)).ok)
      expect((await partitionsCheck(engine)).detail).toContain(
        'state_too_new: run the newer release',
      )
      const line = 'holdpoint_engine_partition_stopped{partition="0",code="state_too_new"}'
      expect(await metric(engine, line)).toBe(1)
    },
  )
})

describe('a record that cannot be folded', () => {
  const deadLetters = () => bench.read(deadLetterOf(topics.internal))
  const textsOf = ({ headers }: StoredRecord): Record<string, string> =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.toString()]))
  const offsetOf = (dead: StoredRecord) => Number(textsOf(dead)['holdpoint.error.offset'])

  it('becomes a dead letter byte for byte, and the partition goes on', async () => {
    await bench.run()
    await bench.append([login('alice', 's-1')])
    const raw = Buffer.from([0xff, 0x00, 0xfe])
    const headers = { trace: 'abc', raw, twice: ['a', raw] }
    await bench.appendRaw({ value: Buffer.from([9, 9, 9]), headers })
    await bench.appendRaw({ key: raw, value: Buffer.alloc(0) })
    await bench.appendRaw({ key: null, value: null })
    await bench.append([payment('alice', 's-1')])
    await bench.settled()
    const dead = [...(await deadLetters())].sort((a, b) => offsetOf(a) - offsetOf(b))
    expect(dead.map(({ key, value }) => [key, value])).toEqual([
      [Buffer.from('default|odd'), Buffer.from([9, 9, 9])],
      [raw, Buffer.alloc(0)],
      [null, null],
    ])
    expect(dead[0]?.headers).toMatchObject({ raw, twice: [Buffer.from('a'), raw] })
    expect(textsOf(dead[0]!)).toMatchObject({
      trace: 'abc',
      'holdpoint.error.topic': 'holdpoint.events',
      'holdpoint.error.partition': '0',
      'holdpoint.error.offset': '1',
      'holdpoint.error.stage': 'decode',
      'holdpoint.error.code': 'no_magic_byte',
    })
    expect(await bench.published([topics.stepUpRequired])).toHaveLength(1)
  })

  it('is one by an exception in the fold too, in the same commit as its neighbours', async () => {
    const fold: Fold = {
      ...coreFold,
      foldPartition: (meta, placed, states, policy) => {
        const { record } = placed
        if (record.kind === 'event' && record.event.subject.id === 'mallory') {
          throw new TypeError('x is undefined')
        }
        return coreFold.foldPartition(meta, placed, states, policy)
      },
    }
    const engine = await bench.run({ fold })
    const bad = login('mallory', 's-9')
    await bench.append([login('alice', 's-1'), bad, payment('alice', 's-1')])
    await bench.settled()
    const [dead] = await deadLetters()
    expect(dead?.value).toEqual(encodeLogRecord(bad))
    expect(dead?.headers['holdpoint.error.message']?.toString()).toBe('TypeError: x is undefined')
    expect(await bench.published([topics.stepUpRequired])).toHaveLength(1)
    const line = 'holdpoint_engine_dead_letters_total{stage="fold",code="fold_exception"}'
    expect(await metric(engine, line)).toBe(1)
    expect((await bench.store.open(0)).meta?.appliedOffset).toBe(2)
  })
})

describe('a record whose state cannot be kept', () => {
  it('is a dead letter alone, and stops neither its neighbours nor the partition', async () => {
    const fold: Fold = {
      ...coreFold,
      foldPartition: (meta, placed, states, policy) => {
        const result = coreFold.foldPartition(meta, placed, states, policy)
        const { record } = placed
        if (record.kind !== 'event' || record.event.subject.id !== 'mallory') return result
        const sessions = result.sessions.map(
          ([key, session]) => [key, { ...session, score: -1 }] as const,
        )
        return { ...result, sessions }
      },
    }
    await bench.run({ fold })
    await bench.append([login('alice', 's-1'), login('mallory', 's-9'), payment('alice', 's-1')])
    await bench.settled()
    const dead = await bench.read(deadLetterOf(topics.internal))
    expect(dead.map(({ headers }) => headers['holdpoint.error.code']?.toString())).toEqual([
      'state_invalid',
    ])
    expect(await bench.published([topics.stepUpRequired])).toHaveLength(1)
    expect((await bench.store.open(0)).meta?.appliedOffset).toBe(2)
  })
})

describe('publishing', () => {
  it('keeps everything through an outage of the log, and recovers', async () => {
    let away = true
    const engine = await bench.run({ log: failingLog(bench.log, () => away) })
    await bench.append(traffic(20))
    await until(async () => (await bench.store.open(0)).meta?.appliedOffset === 61)
    expect((await bench.store.open(0)).outbox.length).toBeGreaterThanOrEqual(40)
    away = false
    await bench.settled()
    const published = await bench.published()
    expect(byId(published)).toEqual(await bench.expected())
    expect(published).toHaveLength((await bench.expected()).size)
    expect(
      await metric(engine, 'holdpoint_engine_publish_errors_total{topic="session.revoked"}'),
    ).toBeGreaterThan(0)
  })
})

describe('back-pressure', () => {
  it('I11: holds the reader’s handler when 20,000 records are queued, and takes the rest later', async () => {
    let open: () => void = () => {}
    const shut = new Promise<void>((resolve) => {
      open = resolve
    })
    const store = withCommit(bench.store, async (partition, commit) => {
      if (commit.meta.appliedOffset >= 0) await shut
      return bench.store.commit(partition, commit)
    })
    let taken = 0
    let held = 0
    const log: Log = {
      ...bench.log,
      reader: (options) => {
        const reader = bench.log.reader(options)
        const start: typeof reader.start = (handlers) =>
          reader.start({
            ...handlers,
            onBatch: async (batch) => {
              held += batch.records.length
              await handlers.onBatch(batch)
              held -= batch.records.length
              taken += batch.records.length
            },
          })
        return { ...reader, start }
      },
    }
    await bench.run({ store, log })
    const again = login('alice', 's-1')
    await bench.append(Array.from({ length: 25_000 }, () => again))
    await until(() => held > 0 && taken > 19_000)
    await new Promise((resolve) => setTimeout(resolve, 30))
    // What is queued, and the batch whose commit is under way.
    expect(taken).toBeLessThanOrEqual(20_000 + 2_000)
    expect(held).toBeGreaterThan(0)
    open()
    await bench.settled()
    expect(taken).toBe(25_000)
  })
})

describe('rebuilding lost state', () => {
  const day = 24 * 60 * minutes(1)

  it('sends to session.shadow what is old, but for revocations of sessions still alive', async () => {
    await bench.run()
    await bench.append([...traffic(5), ...traffic(5, 5, start + 3 * day)])
    await bench.settled()
    const first = byId(await bench.published())
    await bench.close()

    const later = await createBench()
    await later.append([...traffic(5), ...traffic(5, 5, start + 3 * day)])
    const engine = await later.run({ clock: () => start + 3 * day + minutes(90) })
    await later.settled()
    const published = await later.published()
    const on = (topic: string) => published.filter((p) => p.topic === topic)
    expect(new Set(byId(published).keys()).size).toBe(first.size)
    expect(on(topics.stepUpRequired)).toEqual([])
    expect(on(topics.revoked)).toHaveLength(5)
    expect(on(topics.revoked).every(({ decision }) => decision.decidedAt > start + day)).toBe(true)
    expect(on(topics.shadow)).toHaveLength(first.size - 5)
    expect(await metric(engine, 'holdpoint_engine_rebuilds_total')).toBe(1)

    await later.append(traffic(2, 20, start))
    await later.settled()
    expect(await later.published([topics.stepUpRequired])).toHaveLength(2)
    await later.close()
  })

  it('goes on as a rebuild where it was interrupted: nothing old is published as news', async () => {
    const later = await createBench()
    await later.append(traffic(5))
    await later.append(Array.from({ length: 3_000 }, (_, n) => login(`other-${n}`, 's')))
    await later.append(traffic(5, 5))
    const clock = () => start + 3 * day
    let commits = 0
    const store = withCommit(later.store, async (partition, commit) => {
      commits += 1
      if (commits > 1) throw new StateError('redis_unreachable', 'away', { transient: true })
      return later.store.commit(partition, commit)
    })
    const interrupted = await later.run({ store, clock, stopMs: 200 })
    await until(() => commits > 1)
    await interrupted.stop()
    const { meta, rebuildUntil } = await later.store.open(0)
    expect(meta?.appliedOffset).toBeLessThan(3_000)
    expect(rebuildUntil).toBe(3_034)

    const engine = await later.run({ clock })
    await later.settled()
    const topicsUsed = new Set((await later.published()).map(({ topic }) => topic))
    expect([...topicsUsed]).toEqual([topics.shadow])
    expect((await later.store.open(0)).rebuildUntil).toBe(0)
    expect(await metric(engine, 'holdpoint_engine_rebuilds_total')).toBe(0)
    await later.close()
  })

  it('begins by itself where the store is wiped under a running engine, with the same ids', async () => {
    const engine = await bench.run()
    await bench.append(traffic(10))
    await bench.settled()
    bench.store.wipe()
    await bench.append(traffic(5, 30))
    await bench.settled()
    expect(byId(await bench.published())).toEqual(await bench.expected())
    expect(await metric(engine, 'holdpoint_engine_rebuilds_total')).toBe(1)
  })
})
