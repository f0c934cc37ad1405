import { beforeAll, describe, expect, it } from 'vitest'
import { simulate } from './run.ts'
import type { Promised, Verdict } from './verdict.ts'
import { weakerDesigns } from './weaker-designs.ts'

/** A look at what `npm run sim` does at length: the same seeds each time, so that a failure is nobody's bad luck. */
const seeds = Array.from({ length: 150 }, (_, at) => at + 1)

describe('ingest, engine and publisher with everything going wrong', () => {
  const verdicts: Verdict[] = []
  beforeAll(async () => {
    for (const seed of seeds) verdicts.push(await simulate(seed))
  }, 300_000)

  it('was tried: every kind of fault has happened, and decisions were made all the same', () => {
    const kinds = new Set(verdicts.flatMap(({ faults }) => [...faults.keys()]))
    for (const kind of expected) expect([...kinds]).toContain(kind)
    expect(verdicts.reduce((sum, { decisions }) => sum + decisions, 0)).toBeGreaterThan(
      seeds.length,
    )
  })

  it.each<readonly [Promised, string]>([
    ['I1', 'each input is applied once, and the state is the oracle’s'],
    ['I2', 'the decisions published are the oracle’s, none lost and none else'],
    ['I3', 'the same id has the same bytes'],
    ['I4', 'decisions of a subject are first published in sequence order, topic by topic'],
    ['I5', 'the applied offset never passes what was neither folded nor dead-lettered'],
    ['I6', 'state, outbox, timers and applied offset are of one prefix of the log'],
    ['I7', 'no commit is taken on a stale guard'],
    ['I8', 'a proven gap stops the partition with its name, and no other partition'],
    ['I9', 'lag clears within its bound after the last fault'],
    ['I10', 'no rejection is unhandled, and no consumer dies in silence'],
  ])('%s: %s', (promise) => {
    const broken = verdicts.flatMap(({ seed, findings }) =>
      findings.filter((finding) => finding.promise === promise).map(({ what }) => ({ seed, what })),
    )
    expect(broken).toEqual([])
  })
})

/** As a report names them; those of single calls are not listed. */
const expected = [
  'engine killed',
  'every engine killed',
  'engine stopped in order',
  'ingest killed',
  'ingest stopped in order',
  'engine expelled, unaware',
  'ingest expelled, unaware',
  'a second owner',
  'rebalance of engines',
  'rebalance of ingests',
  'store lost its latest commits',
  'store lost everything',
  'store commit: out of memory',
  'store nearly full',
  'store commit: answer lost',
  'append: only some partitions written',
  'append: answer lost',
  'fetch: records left out',
  'fetch: began too early',
  'log: gap',
  'log: tail lost',
  'log: made anew',
]

describe('the simulator', () => {
  it('replays a seed: the same faults, steps and decisions', async () => {
    const [first, second] = [await simulate(4), await simulate(4)]
    expect(second).toEqual(first)
  })

  // The guard by offset fails too seldom for a test: `npm run sim -- --weaker` shows it.
  const quick = Object.keys(weakerDesigns).filter((name) => name !== 'offset-as-guard')
  it.each(quick)(
    'catches %s',
    async (name) => {
      for (let seed = 1; seed <= 400; seed += 1) {
        const { findings } = await simulate(seed, weakerDesigns[name])
        if (findings.length > 0) return
      }
      expect.fail('it was not caught in 400 runs')
    },
    120_000,
  )
})
