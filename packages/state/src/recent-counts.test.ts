import { describe, expect, it } from 'vitest'
import { recentCountsContract } from './recent-counts.contract.ts'
import { embeddedRecentCounts } from './recent-counts.ts'
import { hashed } from './store.contract.ts'

describe('the embedded recent counts', () => {
  recentCountsContract(async () => embeddedRecentCounts())

  it('I11: forgets the key unused for longest when it is full', async () => {
    const counts = embeddedRecentCounts({ keysMax: 2 })
    const see = (name: string, member = 'a') =>
      counts.count([{ key: hashed(name), member, at: 1_000, windowMs: 500 }])
    await see('first')
    await see('second')
    await see('first', 'b')
    await see('third')
    expect(await see('second', '')).toEqual([0])
    expect(await see('first', '')).toEqual([2])
    expect(await see('third', '')).toEqual([1])
  })
})
