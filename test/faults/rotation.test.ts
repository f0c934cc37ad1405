/** The rotation hurts no part twice at once, counts from the harm, and says which fault came alone. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { chance } from './chance.mjs'
import { type FaultKind, type Happened, type Injected, rotate } from './rotation.mjs'
import type { World } from './world.mjs'

const world = { layout: 'replica' } as unknown as World
const moving = { moves: async () => null }

const kindOf = (hurts: FaultKind['hurts'], inject: () => Promise<Injected>): FaultKind => ({
  name: hurts,
  hurts,
  share: 1,
  inject,
})

async function rotated(kinds: FaultKind[], ms: number, seed = 3): Promise<Happened[]> {
  const happened: Happened[] = []
  await rotate({
    world,
    progress: moving,
    kinds,
    chance: chance(seed),
    until: performance.now() + ms,
    onFault: (fault) => happened.push(fault),
  })
  return happened
}

describe('the rotation', () => {
  it('counts a recovery from the harm, or from the end of what was held', async () => {
    const killed = kindOf('redis', async () => {
      const harmedAt = performance.now()
      await sleep(300)
      return { harmedAt }
    })
    const held = kindOf('services', async () => {
      await sleep(300)
      return { heal: () => sleep(50) }
    })
    const happened = await rotated([killed, held], 1_400)
    const times = (kind: string) =>
      happened.filter((fault) => fault.kind === kind).map(({ recoveryMs }) => recoveryMs ?? -1)
    expect(Math.min(...times('redis'))).toBeGreaterThanOrEqual(295)
    expect(Math.max(...times('services'))).toBeLessThan(250)
  })

  it('begins the next beside what brings the reserve back, hurts nothing twice, and says so', async () => {
    const hurt = new Set<string>()
    const overlaps: string[] = []
    const part = (hurts: FaultKind['hurts']): FaultKind =>
      kindOf(hurts, async () => {
        if (hurt.has(hurts)) overlaps.push(hurts)
        hurt.add(hurts)
        return {
          harmedAt: performance.now(),
          afterwards: async () => {
            await sleep(3_000)
            hurt.delete(hurts)
          },
        }
      })
    const happened = await rotated([part('redis'), part('kafka')], 2_500)
    expect(overlaps).toEqual([])
    expect(happened.slice(0, 2).map(({ overlapping }) => overlapping)).toEqual([false, true])
  })

  it('ends at a fault that cannot be healed, with all that came before it, and names it', async () => {
    const happened: Happened[] = []
    const stuck = kindOf('redis', async () => ({
      heal: () => Promise.reject(new Error('it is gone')),
    }))
    const fine = kindOf('services', async () => ({ harmedAt: performance.now() }))
    const of = { world, progress: moving, kinds: [stuck, fine], chance: chance(1) }
    await expect(
      rotate({
        ...of,
        until: performance.now() + 30_000,
        onFault: (fault) => happened.push(fault),
      }),
    ).rejects.toThrow('redis: it is gone')
    expect(happened.every(({ kind }) => kind === 'services')).toBe(true)
  })
})
