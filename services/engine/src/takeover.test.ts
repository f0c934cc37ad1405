import { emptyMeta } from '@holdpoint/risk'
import { describe, expect, it } from 'vitest'
import { judge } from './takeover.ts'

const empty = emptyMeta(1, 0)
const opened = (appliedOffset: number | null, generation = 1) => ({
  commitId: 'c',
  meta: appliedOffset === null ? null : { ...empty, appliedOffset, generation },
  rebuildUntil: 0,
  outbox: [],
})

describe('takeover', () => {
  it.each([
    ['goes on after what was folded', 9, { low: 0, high: 20 }, 9, 0, false],
    ['goes on where everything was folded', 9, { low: 0, high: 10 }, 9, 0, false],
    ['goes on where the log begins right after', 9, { low: 10, high: 20 }, 9, 0, false],
    ['begins an empty log, without rebuilding', null, { low: 0, high: 0 }, -1, 0, true],
    ['begins an emptied log where it stands', null, { low: 7, high: 7 }, 6, 0, true],
    ['rebuilds up to the end where there is no state', null, { low: 7, high: 20 }, 6, 20, false],
  ] as const)('%s', (_, applied, bounds, appliedOffset, rebuildUntil, fresh) => {
    const verdict = judge(opened(applied), bounds, empty)
    expect(verdict).toEqual({
      kind: 'go',
      meta: { ...empty, appliedOffset },
      rebuildUntil,
      fresh,
    })
  })

  it.each([
    ['log_truncated', opened(9), { low: 0, high: 9 }, 'holdpoint rebase'],
    ['log_gap', opened(9), { low: 11, high: 20 }, 'holdpoint rebase'],
    ['generation_mismatch', opened(9, 2), { low: 0, high: 20 }, 'HOLDPOINT_GENERATION to 2'],
  ] as const)('stops %s, and says what mends it', (code, state, bounds, mend) => {
    const verdict = judge(state, bounds, empty)
    expect(verdict).toMatchObject({ kind: 'stop', stop: { code } })
    expect(verdict.kind === 'stop' && verdict.stop.message).toContain(mend)
  })
})
