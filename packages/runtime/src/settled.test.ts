import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { settled } from './settled.ts'

const never = new Promise(() => undefined)
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

describe('waiting for work within a signal', () => {
  it.each([
    ['succeeds', () => Promise.resolve('done')],
    ['fails', () => Promise.reject(new Error('broken'))],
  ])('ends when the work %s, and leaves no listener behind', async (_, work) => {
    const { signal } = new AbortController()
    const wait = settled(work(), signal)
    expect(listeners(signal)).toBe(1)
    expect(await wait).toBe(true)
    expect(listeners(signal)).toBe(0)
  })

  it('ends when the signal does, though the work never ends', async () => {
    const stop = new AbortController()
    const wait = settled(never, stop.signal)
    stop.abort()
    expect(await wait).toBe(false)
    expect(listeners(stop.signal)).toBe(0)
  })

  it('ends at once where the signal was aborted before, and a late failure is nobody’s', async () => {
    const unhandled: unknown[] = []
    const listen = (error: unknown) => void unhandled.push(error)
    process.on('unhandledRejection', listen)
    const signal = AbortSignal.abort()
    expect(await settled(never, signal)).toBe(false)
    expect(await settled(Promise.reject(new Error('late')), signal)).toBe(false)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
    expect(listeners(signal)).toBe(0)
  })
})
