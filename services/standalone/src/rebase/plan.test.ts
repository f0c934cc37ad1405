import { emptyMeta } from '@holdpoint/risk'
import { describe, expect, it } from 'vitest'
import { reportLines } from '../commands/rebase.ts'
import { carriedOf, needsRebase, planLines, planOf } from './plan.ts'

const origins = { 'session.login:0': 41, 'session.ip:2': 7 }
const opened = (appliedOffset: number | null, rebuildUntil = 0) => ({
  commitId: appliedOffset === null ? '' : 'c',
  meta: appliedOffset === null ? null : { ...emptyMeta(1, 3), appliedOffset, lastTick: 5, origins },
  rebuildUntil,
  outbox: [],
})
const raw = new Map([
  ['session.login', [{ low: 0, high: 42 }]],
  ['session.ip', [0, 1, 2].map(() => ({ low: 0, high: 8 }))],
])
const plan = (applied: number | null, low: number, high: number, anew = false) =>
  planOf(3, opened(applied), { low, high }, { anew, raw })

describe('a partition', () => {
  it.each([
    ['whose next record is there', plan(9, 0, 20), 'goes-on', null, 10, 0],
    ['of which everything was folded', plan(9, 0, 10), 'goes-on', null, 10, 0],
    ['whose log begins right after', plan(9, 10, 20), 'goes-on', null, 10, 0],
    ['whose next records are gone', plan(119, 141, 200), 'records-lost', [120, 140], 141, 200],
    ['of which all is gone', plan(9, 12, 12), 'records-lost', [10, 11], 12, 12],
    ['whose log ends before it', plan(900, 0, 10), 'log-anew', null, 0, 10],
    ['whose log is empty', plan(9, 0, 0), 'log-anew', null, 0, 0],
    ['that is said to be made anew', plan(9, 0, 20, true), 'log-anew', null, 0, 20],
    ['without a state', plan(null, 4, 9), 'no-state', null, 4, 9],
  ] as const)('%s', (_, found, verdict, lost, next, rebuildUntil) => {
    expect(found).toMatchObject({ verdict, lost, next, rebuildUntil, forgotten: [] })
    expect(needsRebase(found)).toBe(verdict === 'records-lost' || verdict === 'log-anew')
  })

  it('keeps its ticks and how far it had read each raw partition, and begins before its next record', () => {
    expect(carriedOf(opened(900), plan(900, 2, 10), 5)).toEqual({
      commitId: 'c',
      meta: { ...emptyMeta(5, 3), appliedOffset: 1, lastTick: 5, origins },
      rebuildUntil: 10,
    })
    expect(carriedOf(opened(9), plan(9, 12, 12), 5)).toMatchObject({ rebuildUntil: 0 })
    expect(carriedOf(opened(null), plan(null, 4, 9), 5)).toBeNull()
  })

  it('goes on with a rebuild that was under way', () => {
    const found = planOf(3, opened(9, 15), { low: 0, high: 20 }, { anew: false, raw })
    expect(carriedOf(opened(9, 15), found, 2)).toMatchObject({ rebuildUntil: 15 })
  })

  it.each([
    ['was cut short', new Map([...raw, ['session.login', [{ low: 0, high: 41 }]]])],
    ['is gone', new Map([...raw].slice(1))],
  ])('forgets how far it had read a raw partition that %s: what comes there is new', (_, now) => {
    const found = planOf(3, opened(9), { low: 0, high: 20 }, { anew: false, raw: now })
    expect(found.forgotten).toEqual(['session.login:0'])
    const kept = carriedOf(opened(9), found, 2)?.meta.origins
    expect(kept).toEqual({ 'session.ip:2': 7 })
  })
})

it('shows a person what was found and what is done', () => {
  const partitions = [
    { ...plan(119, 141, 200), partition: 0, waiting: 2 },
    { ...plan(9, 0, 0), partition: 1 },
    { ...plan(9, 0, 20), partition: 2, forgotten: ['session.login:0'] },
    plan(null, 4, 9),
  ]
  expect(planLines(partitions)).toEqual([
    'partition  applied  log         verdict                          then',
    '0          119      141 to 199  records 120 to 140 are lost      folds on from 141; 2 waiting decisions are published',
    '1          9        empty at 0  log ends before what was folded  folds on from 0',
    '2          9        0 to 19     goes on                          folds on from 10; forgets how far it had read session.login:0',
    '3          -        4 to 8      no state                         is rebuilt from 4',
  ])
  expect(planLines([plan(9, 0, 20, true)])[1]).toContain('log made anew, as you say')
  const report = { from: 1, to: 2, partitions, published: 2, copied: 40, dryRun: false }
  expect(reportLines(report).slice(-3)).toEqual([
    expect.stringContaining('--anew folds them all from the start'),
    '2 waiting decisions published, 40 keys copied from generation 1 to 2',
    'Start engines and ingest with HOLDPOINT_GENERATION=2. When all is well: HOLDPOINT_GENERATION=2 holdpoint rebase --remove-old',
  ])
  expect(reportLines({ ...report, dryRun: true }).at(-1)).toBe(
    '2 of 4 partitions need it; nothing was changed: without --dry-run all are carried from generation 1 to 2',
  )
  expect(reportLines({ ...report, partitions: [partitions[2]!], dryRun: true }).at(-1)).toBe(
    'nothing needs a rebase: every partition goes on by itself',
  )
})
