import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import { describe, expect, it, vi } from 'vitest'
import { newClient } from './kafka-client.ts'

describe('a kafkajs client', () => {
  const said: string[] = []
  const client = newClient({
    brokers: ['127.0.0.1:1'],
    clientId: 'test',
    onLog: (level, message) => said.push(`${level} ${message}`),
  })
  const queue = (throttledUntil: number, pending: readonly unknown[]) => {
    const checkPendingRequests = vi.fn()
    const made = { throttledUntil, pending, throttleCheckTimeoutId: null, checkPendingRequests }
    return Object.setPrototypeOf(made, RequestQueue.prototype) as typeof RequestQueue.prototype
  }

  it('hazard: an idle connection arms a timer for ever', () => {
    const idle = queue(-1, [])
    idle.scheduleCheckPendingRequests()
    expect(idle.throttleCheckTimeoutId).toBeNull()
  })

  it('looks again when requests wait or the broker throttles', async () => {
    const waiting = queue(-1, ['request'])
    const throttled = queue(Date.now() + 30, [])
    waiting.scheduleCheckPendingRequests()
    throttled.scheduleCheckPendingRequests()
    await vi.waitFor(() => expect(waiting.checkPendingRequests).toHaveBeenCalledTimes(1))
    await vi.waitFor(() => expect(throttled.checkPendingRequests).toHaveBeenCalledTimes(1))
  })

  it('speaks through onLog, from warn up, without what is known and mended', () => {
    const logger = client.logger()
    logger.warn('Limiting retries for the idempotent producer may invalidate EoS guarantees')
    logger.info('chatter')
    logger.warn('of note')
    logger.error('Response ListOffsets(key: 2, version: 3)')
    expect(said).toEqual([
      'warn kafkajs: of note',
      'debug kafkajs: Response ListOffsets(key: 2, version: 3)',
    ])
  })
})
