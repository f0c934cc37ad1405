import { beforeEach, describe, expect, it } from 'vitest'
import type { Owned } from './assignment.ts'
import { createWatchdog } from './kafka-watchdog.ts'
import type { LogError } from './ports.ts'

const stallMs = 30_000
const minute = 60_000

describe('the watchdog', () => {
  let now = 0
  let high = 0
  let away = false
  let fetching = false
  let joiningSince: number | undefined
  let stalls: LogError[] = []
  let owned: Owned
  const watchdog = () =>
    createWatchdog({
      stallMs,
      topics: ['t'],
      owned: () => (joiningSince === undefined ? [owned] : []),
      bounds: () =>
        away ? Promise.reject(new Error('away')) : Promise.resolve([{ low: 0, high }]),
      fetchedAt: () => (fetching ? now : 0),
      joiningSince: () => joiningSince,
      onStall: (error) => stalls.push(error),
      now: () => now,
    })

  beforeEach(() => {
    now = 10 * minute
    high = 5
    away = false
    fetching = false
    joiningSince = undefined
    stalls = []
    const prepared = Promise.resolve()
    owned = {
      topic: 't',
      partition: 0,
      position: 5,
      ready: true,
      prepared,
      seeks: 0,
      busy: false,
      failures: 0,
      progressAt: now,
    }
  })

  /** Looks every 5 s, as the timer does. */
  async function watch(ms: number): Promise<void> {
    const dog = watchdog()
    for (const end = now + ms; now < end; now += 5_000) await dog.check()
  }

  it('is content with an idle topic', async () => {
    await watch(30 * minute)
    expect(stalls).toEqual([])
  })

  it('reports a free handler that gets nothing though there is something to read', async () => {
    high = 9
    await watch(2 * stallMs)
    expect(stalls).toEqual([])
    await watch(2 * stallMs + 10_000)
    expect(stalls[0]).toMatchObject({
      code: 'reader_stalled',
      message: expect.stringContaining('t:0 stands at 5 of 9'),
    })
  })

  it('lets a handler hold its batch for as long as it likes', async () => {
    high = 9
    owned.busy = true
    await watch(30 * minute)
    expect(stalls).toEqual([])
  })

  it('does not take an absent Kafka for a dead reader, and begins to count when it is back', async () => {
    high = 9
    away = true
    await watch(30 * minute)
    expect(stalls).toEqual([])
    away = false
    await watch(stallMs - 5_000)
    expect(stalls).toEqual([])
  })

  it('waits for an open transaction while fetches come back', async () => {
    high = 9
    fetching = true
    await watch(14 * minute)
    expect(stalls).toEqual([])
    await watch(17 * minute)
    expect(stalls.length).toBeGreaterThan(0)
  })

  it('counts anew when the position moves', async () => {
    high = 100
    for (let i = 0; i < 40; i++) {
      const dog = watchdog()
      await dog.check()
      now += 25_000
      owned.position += 1
      owned.progressAt = now
    }
    expect(stalls).toEqual([])
  })

  it('reports a group that is never joined though Kafka answers', async () => {
    joiningSince = now
    await watch(2 * stallMs)
    expect(stalls).toEqual([])
    await watch(2 * stallMs)
    expect(stalls[0]?.message).toContain('not joined')
  })
})
