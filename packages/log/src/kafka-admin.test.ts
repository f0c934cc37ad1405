import type { Admin, Kafka } from 'kafkajs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createKafkaAdmin } from './kafka-admin.ts'

/** Topics of one partition, whose offsets are told as the test says. */
const fakeAdmin = (fetchTopicOffsets: Admin['fetchTopicOffsets']): Kafka => {
  const fake: Partial<Admin> = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    fetchTopicMetadata: async (options) => ({
      topics: (options?.topics ?? []).map((name) => ({
        name,
        partitions: [{ partitionErrorCode: 0, partitionId: 0, leader: 1, replicas: [1], isr: [1] }],
      })),
    }),
    fetchTopicOffsets,
  }
  return { admin: () => fake } as unknown as Kafka
}
const offsets = [{ partition: 0, offset: '7', high: '7', low: '3' }]

describe('hazard: offsets of two topics asked for at once end in a TypeError', () => {
  it('asks for those of one topic after those of the other', async () => {
    let asking = 0
    let atOnce = 0
    const kafka = fakeAdmin(async () => {
      asking += 1
      atOnce = Math.max(atOnce, asking)
      await new Promise((resolve) => setImmediate(resolve))
      asking -= 1
      return offsets
    })
    const admin = createKafkaAdmin(() => kafka)
    const found = await Promise.all(['a', 'b', 'c'].map((topic) => admin.bounds(topic)))
    expect(found).toEqual(Array.from({ length: 3 }, () => [{ low: 3, high: 7 }]))
    expect(atOnce).toBe(1)
  })
})

describe('offsets asked for in turn', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('fail at once behind a call that hangs, and are asked for again by a later call', async () => {
    vi.useFakeTimers()
    const asked: string[] = []
    let hanging = true
    const kafka = fakeAdmin((topic) => {
      asked.push(topic)
      return hanging ? new Promise(() => undefined) : Promise.resolve(offsets)
    })
    const admin = createKafkaAdmin(() => kafka)
    const ends = Promise.allSettled(['a', 'b', 'c'].map((topic) => admin.bounds(topic)))
    let ended = false
    void ends.then(() => {
      ended = true
    })
    await vi.advanceTimersByTimeAsync(14_999)
    expect(ended).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(ended).toBe(true)
    const codes = (await ends).map((end) => end.status === 'rejected' && end.reason.code)
    expect(codes).toEqual(['timeout', 'timeout', 'timeout'])
    expect(asked).toEqual(['a'])
    hanging = false
    expect(await admin.bounds('b')).toEqual([{ low: 3, high: 7 }])
  })

  it('wait for their turn behind a call that fails otherwise', async () => {
    const kafka = fakeAdmin((topic) =>
      topic === 'a' ? Promise.reject(new Error('refused')) : Promise.resolve(offsets),
    )
    const admin = createKafkaAdmin(() => kafka)
    const [first, second] = await Promise.allSettled(['a', 'b'].map((one) => admin.bounds(one)))
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'refused' } })
    expect(second).toEqual({ status: 'fulfilled', value: [{ low: 3, high: 7 }] })
  })
})
