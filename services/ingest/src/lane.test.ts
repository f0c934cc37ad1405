import { describe, expect, it } from 'vitest'
import { Lane } from './lane.ts'

const failures: string[] = []
const lane = () => new Lane((what, _, attempts) => failures.push(`${what} ${attempts}`))

describe('a lane', () => {
  it('rejects on a fault of the code, so that the batch comes again, and goes on', async () => {
    const one = lane()
    const failed = one.run(() => Promise.reject(new TypeError('a fault')))
    let done = false
    const next = one.run(async () => {
      done = true
    })
    await expect(failed).rejects.toThrow('a fault')
    await next
    expect(done).toBe(true)
    expect(failures).toEqual(['batch 1'])
  })

  it('gives up pauses and repeats at a stop, without a failure', async () => {
    const one = lane()
    const reached: string[] = []
    const paused = one.run(async () => {
      await one.pause(60_000)
      reached.push('after the pause')
    })
    const behind = one.run(async () => void reached.push('behind'))
    await one.stop()
    await Promise.all([paused, behind])
    await expect(one.untilDone('work', async () => 1)).rejects.toThrow('stopped')
    expect(reached).toEqual([])
  })
})
