import { describe, expect, it } from 'vitest'
import { growthPerHour, report, rises, verdict } from './soak-report.mjs'
import type { Sample } from './soak-samples.mjs'

const sampleAt = (atS: number, over: Partial<Sample['engine']> = {}): Sample => {
  const calm = { rssMiB: 200, heapMiB: 80, handles: 12, timers: 6 }
  const still = { ...calm, delayP50Ms: 10, delayP99Ms: 12, delayMaxMs: 20 }
  const engine = { ...still, ...over }
  return {
    ...{ atS, ingest: still, engine, rawLag: 0, lag: 3, decisions: atS },
    ...{ redisMiB: 50, redisKeys: 100 },
  }
}
const hour = Array.from({ length: 361 }, (_, n) => n * 10)

describe('a soak', () => {
  it('tells growth an hour in per cent, whatever the noise', () => {
    const points = hour.map((atS) => ({ atS, value: 200 + (atS / 3_600) * 4 + (atS % 20) / 10 }))
    expect(growthPerHour(points)).toBeCloseTo(4 / 2.03, 0)
  })

  it('is broken where timers or handles grow, and names the service', () => {
    const samples = hour.map((atS) => sampleAt(atS, { timers: 6 + atS / 300 }))
    expect(verdict(samples, true).faults).toEqual(['engine: timers grow'])
    expect(rises(hour.map((atS) => (atS % 100 === 0 ? 15 : 12)))).toBe(false)
  })

  it('is broken where the lag does not clear', () => {
    expect(
      verdict(
        hour.map((atS) => sampleAt(atS)),
        false,
      ).faults,
    ).toEqual(['the lag did not clear'])
  })

  it('judges RSS after the warm-up alone, and not by a run that is too short', () => {
    const warming = hour.map((atS) => sampleAt(atS, { rssMiB: Math.min(200, 100 + atS / 5) }))
    expect(verdict(warming, true)).toMatchObject({ warmUpS: 600, judged: true, rssGrows: [] })
    const growing = hour.map((atS) => sampleAt(atS, { rssMiB: 200 + atS / 300 }))
    expect(verdict(growing, true).rssGrows).toEqual(['engine'])
    expect(
      verdict(
        hour.slice(0, 30).map((atS) => sampleAt(atS)),
        true,
      ).judged,
    ).toBe(false)
  })

  it('is told in a dozen rows, from the first sample to the last', () => {
    const samples = hour.map((atS) => sampleAt(atS))
    const rows = report(samples, verdict(samples, true)).split('\n')
    const minutes = rows.flatMap((row) => /^ *(\d+\.\d) {2}/.exec(row)?.[1] ?? [])
    expect(minutes).toHaveLength(12)
    expect([minutes[0], minutes.at(-1)]).toEqual(['0.0', '60.0'])
  })
})
