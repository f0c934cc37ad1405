/** The report hides no fault that never recovered, and no half hour in which too little happened. */
import { decisionTopics } from '@holdpoint/contracts'
import { describe, expect, it } from 'vitest'
import { optionsFrom, plan } from './options.mjs'
import { type LayoutReport, reportOf, textOf } from './report.mjs'
import type { FaultKind, Happened } from './rotation.mjs'

const kind = (name: string, layouts?: FaultKind['layouts']): FaultKind => ({
  name,
  hurts: 'redis',
  share: 1,
  inject: async () => ({}),
  ...(layouts && { layouts }),
})
const kinds = [kind('Redis: failover')]

const fault = (changed: Partial<Happened>): Happened => ({
  kind: 'Redis: failover',
  at: '',
  overlapping: false,
  recoveryMs: 1_000,
  stuck: '',
  took: true,
  ...changed,
})

function layoutOf(
  faults: readonly Happened[],
  events: number,
  types = decisionTopics,
): LayoutReport {
  const decisions = Object.fromEntries(types.map((type) => [type, 1]))
  const counts = { events, logged: events, repeatsLogged: 0, deadLettered: 0, decisions }
  return {
    layout: 'replica',
    seconds: 1_800,
    faults,
    verdict: {
      ...counts,
      repeatsPublished: 0,
      keptBack: 0,
      lost: 0,
      wrong: 0,
      doubled: 0,
      broken: [],
    },
    clients: { sends: 0, repeatedSends: 0, posts: 0, repeatedPosts: 0 },
    unexpectedExits: 0,
    logs: '',
  }
}

const report = (layout: LayoutReport, minutes: number) =>
  reportOf({ seed: 1, minutes, layouts: [layout], kinds, whole: true })

describe('the report', () => {
  it('shows what never recovered, and apart what came alone and beside another', () => {
    const faults = [
      fault({}),
      fault({ recoveryMs: 3_000 }),
      fault({ recoveryMs: null, stuck: 'x' }),
      fault({ overlapping: true, recoveryMs: 9_000 }),
      fault({ took: false, recoveryMs: 1 }),
    ]
    const told = report(layoutOf(faults, 0), 1)
    expect(told.kinds).toEqual([
      {
        kind: 'Redis: failover',
        count: 4,
        untaken: 1,
        alone: { count: 3, recovered: 2, medianMs: 3_000, maxMs: null },
        beside: { count: 1, recovered: 1, medianMs: 9_000, maxMs: 9_000 },
      },
    ])
    expect(textOf(told)).toMatch(/failover +4 +2\/3 +3\.0 s +never +1\/1 +9\.0 s +9\.0 s/)
  })

  it('refuses half an hour in which too little happened, and says it of a shorter run', () => {
    const enough = Array.from({ length: 115 }, () => fault({}))
    expect(report(layoutOf(enough, 200_000), 30)).toMatchObject({ held: true, unseen: [] })
    const idle = [
      [layoutOf(enough.slice(1), 200_000), '115 faults, only 114'],
      [layoutOf([...enough.slice(1), fault({ took: false })], 200_000), '115 faults, only 114'],
      [layoutOf(enough, 199_999), '200000 events, only 199999'],
      [layoutOf(enough, 200_000, decisionTopics.slice(1)), `a decision ${decisionTopics[0]}`],
    ] as const
    for (const [layout, missing] of idle) {
      expect(report(layout, 29)).toMatchObject({ held: true, unseen: [missing] })
      const long = report(layout, 30)
      expect(long.held).toBe(false)
      expect(long.broken.map(({ examples }) => examples)).toEqual([[missing]])
    }
  })
})

describe('the options', () => {
  it.each([
    ['--port', '22000.5'],
    ['--port', '65237'],
    ['--seed', '1.5'],
    ['--minutes', ''],
  ])('refuse %s %s', (name, value) => {
    expect(() => optionsFrom([name, value])).toThrow(name)
  })

  it('take the last ports there are', () => {
    expect(optionsFrom(['--port', '65236']).basePort).toBe(65_236)
  })

  it('leave out a layout where no such fault can happen', () => {
    const layouts = ['replica', 'cluster', 'sentinel'] as const
    const of = { layouts, minutes: 8 }
    expect(plan(of, [kind('Redis: failover', ['cluster', 'sentinel'])])).toEqual({
      dropped: ['replica'],
      shares: [
        { layout: 'cluster', minutes: 4 },
        { layout: 'sentinel', minutes: 4 },
      ],
    })
    expect(plan(of, kinds).shares.map(({ minutes }) => minutes)).toEqual([4, 2, 2])
  })
})
