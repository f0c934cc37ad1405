import type { Admin, Kafka } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { createKafkaAdmin } from './kafka-admin.ts'

describe('hazard: offsets of two topics asked for at once end in a TypeError', () => {
  it('asks for those of one topic after those of the other', async () => {
    let asking = 0
    let atOnce = 0
    const fake: Partial<Admin> = {
      connect: async () => undefined,
      fetchTopicMetadata: async (options) => ({
        topics: (options?.topics ?? []).map((name) => ({
          name,
          partitions: [
            { partitionErrorCode: 0, partitionId: 0, leader: 1, replicas: [1], isr: [1] },
          ],
        })),
      }),
      fetchTopicOffsets: async () => {
        asking += 1
        atOnce = Math.max(atOnce, asking)
        await new Promise((resolve) => setImmediate(resolve))
        asking -= 1
        return [{ partition: 0, offset: '7', high: '7', low: '3' }]
      },
    }
    const admin = createKafkaAdmin(() => ({ admin: () => fake }) as unknown as Kafka)
    const found = await Promise.all(['a', 'b', 'c'].map((topic) => admin.bounds(topic)))
    expect(found).toEqual(Array.from({ length: 3 }, () => [{ low: 3, high: 7 }]))
    expect(atOnce).toBe(1)
  })
})
