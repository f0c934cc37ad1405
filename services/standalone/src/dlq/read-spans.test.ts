import { embeddedLog, type Log, type NewRecord } from '@holdpoint/log'
import { beforeEach, describe, expect, test } from 'vitest'
import { countOf, type Pass, type ReadOptions, readSpans, spansOf } from './read-spans.ts'

let log: Log
beforeEach(async () => {
  log = embeddedLog({ drainMs: 50 })
  const admin = await log.admin()
  for (const name of ['a', 'b']) {
    await admin.create({ name, partitions: 3, replicas: 1, config: {} })
  }
})

const append = async (topic: string, records: readonly NewRecord[]): Promise<void> =>
  (await log.writer()).append(topic, records)

const lot = (count: number, partition: number): NewRecord[] =>
  Array.from({ length: count }, () => ({ partition, key: null, value: Buffer.from('x') }))

/** Reads everything there is, with passes that are told what they were given. */
async function read(passes: readonly Pass[], more: Partial<ReadOptions> = {}): Promise<void> {
  const spans = await spansOf(log, ['a', 'b'])
  await readSpans({ log, groupId: 'g', spans, passes, onProgress: () => undefined, ...more })
}

/** A pass that notes where each record stood. */
const noting =
  (notes: string[]): Pass =>
  async ({ topic, partition }, records) => {
    notes.push(...records.map(({ offset }) => `${topic}:${partition}:${offset}`))
    return 'more'
  }

test('each pass is given each record once, in order, whatever the size', async () => {
  await append('a', lot(2_500, 0))
  await append('a', lot(3, 2))
  await append('b', lot(1, 1))
  const passes: string[][] = [[], []]
  let progress = 0
  await read(passes.map(noting), { onProgress: (records) => (progress = records) })
  const expected = [
    ...Array.from({ length: 2_500 }, (_, n) => `a:0:${n}`),
    ...['a:2:0', 'a:2:1', 'a:2:2', 'b:1:0'],
  ]
  for (const notes of passes) {
    expect(notes.filter((note) => note.startsWith('a:0'))).toEqual(expected.slice(0, 2_500))
    expect([...notes].sort()).toEqual([...expected].sort())
  }
  expect(progress).toBe(2 * expected.length)
})

test('what comes while it is read is not read', async () => {
  await append('a', lot(2, 0))
  const notes: string[] = []
  await read([
    async (span, records) => {
      await append('a', lot(2, 0))
      return noting(notes)(span, records)
    },
    noting(notes),
  ])
  expect(notes).toEqual(['a:0:0', 'a:0:1', 'a:0:0', 'a:0:1'])
})

test('one batch of a partition is held at a time, and a batch is bounded', async () => {
  await append('a', lot(5_000, 0))
  let held = 0
  let most = 0
  let largest = 0
  await read([
    async (_span, records) => {
      held += 1
      most = Math.max(most, held)
      largest = Math.max(largest, records.length)
      await new Promise((resolve) => setTimeout(resolve, 2))
      held -= 1
      return 'more'
    },
  ])
  expect(most).toBe(1)
  expect(largest).toBeLessThanOrEqual(1_000)
})

test('enough is enough', async () => {
  await append('a', lot(5_000, 0))
  const notes: string[] = []
  await read([
    async (span, records) => {
      await noting(notes)(span, records)
      return 'enough'
    },
  ])
  expect(notes.length).toBeLessThanOrEqual(1_000)
})

test('nothing to read needs no reader', async () => {
  const spans = await spansOf(log, ['a', 'b'])
  expect(countOf(spans)).toBe(0)
  await read([noting([])], {
    log: {
      ...log,
      reader: () => {
        throw new Error('a reader was made')
      },
    },
  })
})

describe('it ends', () => {
  test('where nothing is left by the time that it looks again', async () => {
    await append('a', lot(3, 0))
    const lookAgain = async () =>
      (await spansOf(log, ['a', 'b'])).map((span) => ({ ...span, low: span.high }))
    const notes: string[] = []
    await read([noting(notes)], { lookAgain, patience: { idleMs: 50 } })
    expect(notes).toEqual([])
  })

  test('with the error of the second look', async () => {
    await append('a', lot(1, 0))
    const lookAgain = () => Promise.reject(new Error('no broker'))
    await expect(read([noting([])], { lookAgain })).rejects.toThrow('no broker')
  })

  test('with the error of a pass', async () => {
    await append('a', lot(1, 0))
    const failing: Pass = () => Promise.reject(new Error('no disk'))
    await expect(read([failing])).rejects.toThrow('no disk')
  })

  test('where records stay away, and says how many came', async () => {
    await append('a', lot(1, 0))
    const spans = (await spansOf(log, ['a'])).map((span) => ({ ...span, high: span.high + 1 }))
    const reading = read([noting([])], { spans, patience: { idleMs: 50 } })
    await expect(reading).rejects.toThrow('1 of 4 records were read, then none came for 0.05 s')
  })
})

test('a rebalance in the midst of it neither loses nor repeats a record', async () => {
  await append('a', lot(1_500, 0))
  await append('a', lot(1_500, 1))
  const notes: string[] = []
  const other = log.reader({ groupId: 'g', topics: ['a', 'b'] })
  let joined = false
  await read([
    async (span, records) => {
      await noting(notes)(span, records)
      if (!joined) {
        joined = true
        await other.start({
          onAssigned: async () => new Map(),
          onRevoked: () => undefined,
          onBatch: () => new Promise((resolve) => setTimeout(resolve, 20)),
          onCrash: () => undefined,
        })
        setTimeout(() => void other.stop(), 50)
      }
      return 'more'
    },
  ])
  expect(notes).toHaveLength(3_000)
  expect(new Set(notes).size).toBe(3_000)
})
