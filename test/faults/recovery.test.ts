/** Whether everything moves is answered in time, whatever hangs, and not before what was decided is published. */
import { topics } from '@holdpoint/contracts'
import type { StateStore } from '@holdpoint/state'
import { expect, it } from 'vitest'
import { watchProgress } from './recovery.mjs'

type Kafka = Parameters<typeof watchProgress>[0]
type Opened = Awaited<ReturnType<StateStore['open']>>

/** A log of one partition that ends at 10, and raw topics that hold nothing. */
const kafka = {
  admin: () => ({
    connect: async () => undefined,
    disconnect: async () => undefined,
    fetchTopicOffsets: async (topic: string) => [
      { partition: 0, high: topic === topics.internal ? '10' : '0' },
    ],
  }),
} as unknown as Kafka

const silent = {
  admin: () => ({
    connect: () => new Promise(() => undefined),
    disconnect: async () => undefined,
  }),
} as unknown as Kafka

const storeAt = (appliedOffset: number, outbox: readonly number[]): Pick<StateStore, 'open'> => ({
  open: async () =>
    ({
      meta: { appliedOffset },
      outbox: outbox.map((offset) => ({ offset })),
    }) as unknown as Opened,
})

it('is answered in time where Kafka never comes back', async () => {
  const progress = watchProgress(silent, storeAt(10, []))
  expect(await progress.moves(300)).toBe('Kafka did not answer')
  expect(await progress.folded(300)).toBe('Kafka did not answer')
})

it('is true when something later is folded, and all before it published', async () => {
  expect(await watchProgress(kafka, storeAt(10, [])).moves(300)).toBeNull()
  expect(await watchProgress(kafka, storeAt(12, [11])).moves(300)).toBeNull()
})

it('is not true while nothing later is folded', async () => {
  expect(await watchProgress(kafka, storeAt(9, [])).moves(300)).toContain('partitions 0')
  expect(await watchProgress(kafka, storeAt(9, [])).folded(300)).toBeNull()
  expect(await watchProgress(kafka, storeAt(8, [])).folded(300)).toContain('partitions 0')
})

it('is not true while a decision stays in the outbox', async () => {
  expect(await watchProgress(kafka, storeAt(12, [4])).moves(300)).toContain('partitions 0')
})
