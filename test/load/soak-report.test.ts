import { describe, expect, it } from 'vitest'
import { floorGrowth, growthPerHour, report, rises, verdict } from './soak-report.mjs'
import type { Sample } from './soak-samples.mjs'

const sampleAt = (atS: number, over: Partial<Sample['engine']> = {}): Sample => {
  const calm = { rssMiB: 200, heapMiB: 80, handles: 12, timers: 6 }
  const still = { ...calm, delayP50Ms: 10, delayP99Ms: 12, delayMaxMs: 20 }
  const engine = { ...still, ...over }
  return {
    ...{ atS, ingest: still, engine, rawLag: 0, lag: 3, decisions: 5 + atS },
    ...{ sent: 10_000 + atS * 100, redisMiB: 50, redisKeys: 100 },
  }
}
const asked = { lagCleared: true, rate: 100 }
const hour = Array.from({ length: 361 }, (_, n) => n * 10)

describe('a soak', () => {
  it('tells growth an hour in per cent, whatever the noise', () => {
    const points = hour.map((atS) => ({ atS, value: 200 + (atS / 3_600) * 4 + (atS % 20) / 10 }))
    expect(growthPerHour(points)).toBeCloseTo(4 / 2.03, 0)
  })

  it('is broken where timers or handles grow, and names the service', () => {
    const samples = hour.map((atS) => sampleAt(atS, { timers: 6 + atS / 300 }))
    expect(verdict(samples, asked).faults).toEqual(['engine: timers grow'])
    expect(rises(hour.map((atS) => (atS % 100 === 0 ? 15 : 12)))).toBe(false)
  })

  it('is broken where the lag does not clear', () => {
    expect(
      verdict(
        hour.map((atS) => sampleAt(atS)),
        { ...asked, lagCleared: false },
      ).faults,
    ).toEqual(['the lag did not clear'])
  })

  it('judges RSS after the warm-up alone, and not by a run that is too short', () => {
    const warming = hour.map((atS) => sampleAt(atS, { rssMiB: Math.min(200, 100 + atS / 5) }))
    expect(verdict(warming, asked)).toMatchObject({ warmUpS: 600, judged: true, faults: [] })
    const growing = hour.map((atS) => sampleAt(atS, { rssMiB: 200 + atS / 300 }))
    expect(verdict(growing, asked).faults).toEqual(['engine: RSS grows by over 1 %/h'])
    expect(verdict(growing.slice(0, 60), asked)).toMatchObject({ judged: false, faults: [] })
  })

  it('is broken where what the heap cannot free grows, whatever lies between two collections', () => {
    const sawtooth = (atS: number) => 80 + (atS % 120) / 3
    const steady = hour.map((atS) => sampleAt(atS, { heapMiB: sawtooth(atS) }))
    expect(verdict(steady, asked).faults).toEqual([])
    const leaking = hour.map((atS) => sampleAt(atS, { heapMiB: sawtooth(atS) + atS / 120 }))
    expect(verdict(leaking, asked).faults).toEqual(['engine: the heap grew by 20 %'])
    expect(floorGrowth([10, 90, 50, 90, 11, 90])).toBeCloseTo(10)
  })

  it('is broken where the event loop is held up, and where nobody measured that', () => {
    for (const delayP99Ms of [201, Number.NaN]) {
      const samples = hour.map((atS) => sampleAt(atS, { delayP99Ms }))
      expect(verdict(samples, asked).faults).toEqual([
        `engine: the event loop is held up, p99 ${delayP99Ms} ms`,
      ])
    }
    const once = hour.map((atS) => sampleAt(atS, { delayP99Ms: atS === 1_800 ? 900 : 12 }))
    expect(verdict(once, asked).faults).toEqual([])
  })

  it('is broken below 95 % of the rate, and where nothing was decided', () => {
    const samples = hour.map((atS) => sampleAt(atS))
    expect(verdict(samples, { ...asked, rate: 106 }).faults).toEqual([
      '100 of 106 events/s were sent',
    ])
    const silent = samples.map((sample) => ({ ...sample, decisions: 7 }))
    expect(verdict(silent, asked).faults).toEqual(['nothing was decided'])
    expect(() => verdict(samples.slice(0, 1), asked)).toThrow('nothing was measured')
  })

  it('tells what was sent and decided, not what was asked for', () => {
    const samples = hour.map((atS) => sampleAt(atS))
    const told = report(samples, verdict(samples, { ...asked, rate: 90 }))
    expect(told).toContain('360000 events sent, 100 a second, a decision per 100')
  })

  it('is told in a dozen rows, from the first sample to the last', () => {
    const samples = hour.map((atS) => sampleAt(atS))
    const rows = report(samples, verdict(samples, asked)).split('\n')
    const minutes = rows.flatMap((row) => /^ *(\d+\.\d) {2}/.exec(row)?.[1] ?? [])
    expect(minutes).toHaveLength(12)
    expect([minutes[0], minutes.at(-1)]).toEqual(['0.0', '60.0'])
  })
})
