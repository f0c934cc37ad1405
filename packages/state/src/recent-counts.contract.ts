/** What every count of what was seen of late promises. */
import { expect, it } from 'vitest'
import type { RecentCounts, Seen } from './ports.ts'
import { countedMax } from './recent-counts.ts'
import { hashed } from './store.contract.ts'

const noon = 1_795_341_600_000
const windowMs = 600_000

let keys = 0
/** A key that no other case uses. */
const newKey = (): string => {
  keys += 1
  return hashed(`counted ${keys}`)
}

export function recentCountsContract(create: () => Promise<RecentCounts>): void {
  const seen = (key: string, member: string, at = noon): Seen => ({ key, member, at, windowMs })

  it('counts different members, each itself included, in the order in which they are given', async () => {
    const counts = await create()
    const key = newKey()
    const members = ['a', 'b', 'a', 'c']
    expect(await counts.count(members.map((member) => seen(key, member)))).toEqual([1, 2, 2, 3])
    expect(await counts.count([seen(newKey(), 'a')])).toEqual([1])
    expect(await counts.count([])).toEqual([])
  })

  it('the same asked again, as after an answer that was lost, counts nothing twice', async () => {
    const counts = await create()
    const key = newKey()
    const batch = [seen(key, 'a'), seen(key, 'b')]
    await counts.count(batch)
    expect(await counts.count(batch)).toEqual([2, 2])
  })

  it('asking alone counts nothing', async () => {
    const counts = await create()
    const key = newKey()
    expect(await counts.count([seen(key, ''), seen(key, 'a'), seen(key, '')])).toEqual([0, 1, 1])
  })

  it('counts what is in the window that ends with the moment asked for, and no more', async () => {
    const counts = await create()
    const key = newKey()
    await counts.count([seen(key, 'a', noon), seen(key, 'b', noon + 1_000)])
    const at = (time: number) => counts.count([seen(key, '', time)])
    expect(await at(noon - 1)).toEqual([0])
    expect(await at(noon)).toEqual([1])
    expect(await at(noon + windowMs - 1)).toEqual([2])
    expect(await at(noon + windowMs)).toEqual([1])
    expect(await at(noon + windowMs + 1_000)).toEqual([0])
  })

  it('what comes late counts at its own time, and takes back nothing that was seen since', async () => {
    const counts = await create()
    const key = newKey()
    await counts.count([seen(key, 'a', noon)])
    await counts.count([seen(key, 'a', noon - 5_000), seen(key, 'b', noon - 5_000)])
    expect(await counts.count([seen(key, '', noon)])).toEqual([2])
    expect(await counts.count([seen(key, '', noon + windowMs - 1)])).toEqual([1])
  })

  it('I11: stops counting where it is full, and goes on with what is newest', async () => {
    const counts = await create()
    const key = newKey()
    const crowd = Array.from({ length: countedMax + 20 }, (_, i) => seen(key, `m-${i}`, noon + i))
    expect((await counts.count(crowd)).at(-1)).toBe(countedMax)
    // Those kept are the last ones: the first 20 have made room.
    const before = noon + 20
    expect(await counts.count([seen(key, '', before), seen(key, '', before - 1)])).toEqual([1, 0])
  })

  it('I13: refuses a key that is not a keyed hash', async () => {
    const counts = await create()
    await expect(counts.count([seen('203.0.113.7', 'a')])).rejects.toMatchObject({
      code: 'key_not_hashed',
    })
  })
}
