import {
  localCatalogue,
  RegistryRefusedError,
  RegistryUnavailableError,
} from '@holdpoint/contracts'
import type { Log } from '@holdpoint/log'
import { emptyMeta } from '@holdpoint/risk'
import { runChecks } from '@holdpoint/runtime'
import { StateError, type StateStore } from '@holdpoint/state'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Bench, byId, createBench, type Running, until } from './testing/bench.ts'
import { start, traffic } from './testing/events.ts'

let bench: Bench
beforeEach(async () => {
  bench = await createBench()
})
afterEach(() => bench.close())

const never = <T>() => new Promise<T>(() => {})
const unreachable = new StateError('redis_unreachable', 'no answer from Redis', { transient: true })

/** How long a stop takes, ms. */
async function stopping(engine: Running): Promise<number> {
  const begun = performance.now()
  await engine.stop()
  return performance.now() - begun
}

/** A store of which everything is away, once `away` is set: it refuses, or gives no answer at all. */
function failingStore(how: 'refuses' | 'is silent') {
  const state = { away: false }
  const call = <A extends readonly unknown[], T>(real: (...args: A) => Promise<T>) => {
    return (...args: A): Promise<T> => {
      if (!state.away) return real(...args)
      return how === 'refuses' ? Promise.reject(unreachable) : never()
    }
  }
  const { store } = bench
  const failing: StateStore = {
    ...store,
    open: call(store.open),
    load: call(store.load),
    due: call(store.due),
    commit: call(store.commit),
    acknowledge: call(store.acknowledge),
  }
  return { failing, state }
}

/** A log that answers nothing any more, once `away` is set. */
function silentLog() {
  const state = { away: false }
  const { log } = bench
  const or = <T>(real: () => Promise<T>): Promise<T> => (state.away ? never() : real())
  const silent: Log = {
    ...log,
    writer: async () => {
      const writer = await log.writer()
      return {
        append: (topic, records) => or(() => writer.append(topic, records)),
        close: () => or(() => writer.close()),
      }
    },
    admin: async () => {
      const admin = await log.admin()
      return {
        ...admin,
        bounds: (topic) => or(() => admin.bounds(topic)),
        brokers: () => or(() => admin.brokers()),
        close: () => or(() => admin.close()),
      }
    },
    reader: (options) => {
      const reader = log.reader(options)
      return { ...reader, stop: () => or(() => reader.stop()) }
    },
  }
  return { silent, state }
}

describe('a stop ends in time', () => {
  const stopMs = 300
  const withinMs = stopMs + 200

  it.each([
    // What is refused is known at once: the stop has nothing to wait for.
    ['refuses', 3_000],
    ['is silent', stopMs],
  ] as const)('where the store %s in the midst of the work', async (how, stopMs) => {
    const { failing, state } = failingStore(how)
    const engine = await bench.run({ store: failing, stopMs })
    await bench.append(traffic(5))
    await bench.settled()
    state.away = true
    await bench.append(traffic(5, 5))
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(await stopping(engine)).toBeLessThan(withinMs)
    state.away = false
    await bench.run()
    await bench.settled()
    expect(byId(await bench.published())).toEqual(await bench.expected())
  })

  it('where the store is away from the start on', async () => {
    const { failing, state } = failingStore('refuses')
    state.away = true
    const engine = bench.create({ store: failing, stopMs: 3_000 })
    const started = engine.start()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await stopping(engine)).toBeLessThan(withinMs)
    await started
  })

  it('where the log is away, and leaves the outbox to the next owner', async () => {
    const { silent, state } = silentLog()
    const engine = await bench.run({ log: silent, stopMs })
    state.away = true
    await bench.append(traffic(5))
    await until(async () => (await bench.store.open(0)).outbox.length > 0)
    expect(await stopping(engine)).toBeLessThan(withinMs)
    state.away = false
    await engine.crash()
    await bench.run()
    await bench.settled()
    expect(byId(await bench.published())).toEqual(await bench.expected())
  })

  it('while it waits for what it needs to start', async () => {
    const store = { ...bench.store, check: () => Promise.reject(unreachable) }
    const engine = bench.create({ store, stopMs })
    const started = engine.start()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await stopping(engine)).toBeLessThan(withinMs)
    await started
  })
})

describe('a start', () => {
  it('waits for a store and a registry that are away, says which, and goes on by itself', async () => {
    let storeAway = 2
    let registryAway = 2
    const check = async () => {
      if (storeAway-- > 0) throw unreachable
    }
    const catalogue = async () => {
      if (registryAway-- > 0) throw new RegistryUnavailableError('the schema registry is away')
      return localCatalogue()
    }
    const engine = bench.create({ store: { ...bench.store, check }, catalogue })
    const told = new Set<string>()
    const started = engine.start()
    await until(async () => {
      const { ok, detail } = await engine.checks.startup.group!()
      told.add(detail ?? '')
      expect((await engine.checks.ready.group!()).ok).toBe(ok)
      return ok
    })
    await started
    expect([...told]).toEqual([
      'the group is not joined yet',
      'no answer from Redis',
      'the schema registry is away',
      '',
    ])
    await bench.append(traffic(3))
    await bench.settled()
    expect(byId(await bench.published())).toEqual(await bench.expected())
  })

  it('waits for a log that is away', async () => {
    let away = 2
    const admin = () =>
      away-- > 0 ? Promise.reject(new Error('no broker answers')) : bench.log.admin()
    await bench.run({ log: { ...bench.log, admin } })
    expect(away).toBeLessThan(0)
  })

  it('refuses at once where a schema was not registered', async () => {
    const refusal = new RegistryRefusedError('schema_not_registered', 'run holdpoint topics apply')
    const engine = bench.create({ catalogue: () => Promise.reject(refusal) })
    await expect(engine.start()).rejects.toBe(refusal)
  })
})

describe('a member of the group', () => {
  it('is ready without partitions too', async () => {
    const first = await bench.run()
    const second = bench.create()
    const started = second.start()
    const details = () =>
      Promise.all(
        [first, second].map(async ({ checks }) => (await checks.ready.partitions!()).detail),
      )
    await until(async () => (await second.checks.ready.group!()).ok)
    await until(async () => (await details()).sort().join() === '0 partitions,1 partitions')
    await started
  })

  it('shows nothing more of partitions that it has given up', async () => {
    await bench.close()
    bench = await createBench(2)
    const first = await bench.run()
    await bench.append(traffic(10))
    await bench.settled()
    expect(await first.registry.render()).toContain('lag_records{partition="1"}')
    await bench.run()
    await until(async () => {
      const text = await first.registry.render()
      return text.includes('lag_records{partition="0"}') && !text.includes('{partition="1"}')
    })
  })
})

describe('readiness', () => {
  const failing = async ({ checks }: Running) =>
    Object.entries((await runChecks(checks.ready)).checks).flatMap(([name, { ok }]) =>
      ok ? [] : [name],
    )

  it('is lost while the log is silent, and comes back; liveness stays', async () => {
    const { silent, state } = silentLog()
    const engine = await bench.run({ log: silent })
    expect(await failing(engine)).toEqual([])
    state.away = true
    expect(await failing(engine)).toEqual(['log'])
    expect((await runChecks(engine.checks.live)).status).toBe('ok')
    state.away = false
    expect(await failing(engine)).toEqual([])
  })

  it('is lost while the store refuses, and comes back; liveness stays', async () => {
    const state = { away: false }
    const check = async () => {
      if (state.away) throw unreachable
    }
    const engine = await bench.run({ store: { ...bench.store, check } })
    state.away = true
    expect(await failing(engine)).toEqual(['store'])
    expect((await runChecks(engine.checks.live)).status).toBe('ok')
    state.away = false
    expect(await failing(engine)).toEqual([])
  })
})

describe('liveness', () => {
  it('is lost where records wait for a minute and no step is tried', async () => {
    let now = start
    const { failing, state } = failingStore('is silent')
    const engine = await bench.run({ store: failing, clock: () => now, stopMs: 100 })
    await bench.append(traffic(2))
    await bench.settled()
    state.away = true
    // The first is in hand and hangs; what comes later waits.
    for (const n of [2, 3]) {
      await bench.append(traffic(1, n))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    now += 59_000
    expect(await engine.checks.live.progress!()).toEqual({ ok: true })
    now += 2_000
    expect(await engine.checks.live.progress!()).toEqual({ ok: false, detail: 'no progress on 0' })
  })
})

describe('the lag', () => {
  it('grows by the broker’s own offsets while the store is away, and of a stopped partition', async () => {
    const { failing, state } = failingStore('refuses')
    const engine = await bench.run({ store: failing, reportMs: 10 })
    await bench.append(traffic(5))
    await bench.settled()
    state.away = true
    await bench.append(traffic(10, 5))
    const shows = (lag: number) =>
      until(async () =>
        (await engine.registry.render()).includes(`lag_records{partition="0"} ${lag}\n`),
      )
    await shows(32)
    await bench.append(traffic(1, 20))
    await shows(37)
  })

  it('of a stopped partition is what nobody folds', async () => {
    await bench.append(traffic(5))
    await bench.store.commit(0, {
      expected: '',
      next: 'a',
      meta: { ...emptyMeta(1, 0), appliedOffset: 3 },
      rebuildUntil: 0,
      profiles: [],
      sessions: [],
      stories: [],
      timers: [],
      outbox: [],
      acknowledged: null,
    })
    await bench.log.truncate('holdpoint.events', 0, 10)
    const engine = await bench.run({ reportMs: 10 })
    await bench.append(traffic(5))
    await until(async () =>
      (await engine.registry.render()).includes('lag_records{partition="0"} 30\n'),
    )
  })
})

describe('a store that fills up', () => {
  it('makes folding wait from 92 % on, says so, and lets it go on when it has room', async () => {
    let usedBytes = 93
    const store = { ...bench.store, usage: async () => ({ usedBytes, maxBytes: 100 }) }
    const engine = await bench.run({ store, reportMs: 10 })
    await bench.append(traffic(5))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await bench.store.open(0)).meta?.appliedOffset).toBe(-1)
    expect((await engine.checks.ready.store!()).detail).toContain('the store is 93 % full')
    expect(await engine.registry.render()).toContain('holdpoint_engine_store_used_ratio 0.93')
    usedBytes = 91
    await bench.settled()
    expect(await engine.checks.ready.store!()).toEqual({ ok: true })
  })
})

describe('a trace', () => {
  it('goes on from a record to the decisions that it causes', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    await bench.append(traffic(1), { traceparent })
    await bench.append(traffic(1, 1))
    await bench.run()
    await bench.settled()
    const traced = new Map(
      (await bench.published()).map(({ record, decision }) => [
        decision.cause.offset < 5,
        record.headers['traceparent']?.toString(),
      ]),
    )
    expect([...traced]).toEqual(
      expect.arrayContaining([
        [true, traceparent],
        [false, undefined],
      ]),
    )
  })
})
