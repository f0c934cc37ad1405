import { randomUUID } from 'node:crypto'
import { kafkaLog, type Log } from '@holdpoint/log'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Pass, type ReadOptions, readSpans, spansOf } from './read-spans.ts'

const partitions = 3
const perPartition = 2_000

let log: Log
let topic: string
beforeEach(async () => {
  const brokers = (process.env['HOLDPOINT_KAFKA_BROKERS'] ?? '').split(',')
  log = kafkaLog({ brokers, clientId: 'read-spans-test' })
  topic = `read-spans-${randomUUID().slice(0, 8)}`
  const admin = await log.admin()
  await admin.create({ name: topic, partitions, replicas: 1, config: {} })
  const writer = await log.writer()
  for (let partition = 0; partition < partitions; partition++) {
    const value = Buffer.from('x')
    await writer.append(
      topic,
      Array.from({ length: perPartition }, () => ({ partition, key: null, value })),
    )
  }
})
afterEach(() => log.close())

async function read(passes: readonly Pass[], patience: ReadOptions['patience'] = {}) {
  const spans = await spansOf(log, [topic])
  await readSpans({ log, groupId: topic, spans, passes, onProgress: () => undefined, patience })
}

const noting =
  (notes: string[]): Pass =>
  async ({ partition }, records) => {
    notes.push(...records.map(({ offset }) => `${partition}:${offset}`))
    return 'more'
  }

const everyRecord = Array.from({ length: partitions }, (_, partition) =>
  Array.from({ length: perPartition }, (__, offset) => `${partition}:${offset}`),
)

const byPartition = (notes: readonly string[]) =>
  everyRecord.map((_, partition) => notes.filter((note) => note.startsWith(`${partition}:`)))

test('on Kafka, each pass is given each record once, in order', async () => {
  const passes: string[][] = [[], []]
  await read(passes.map(noting))
  for (const notes of passes) expect(byPartition(notes)).toEqual(everyRecord)
})

test('on Kafka, a second reading of the group gives up, and the first goes on with nothing lost or doubled', async () => {
  const notes: string[] = []
  let begin = (): void => undefined
  const began = new Promise<void>((resolve) => {
    begin = resolve
  })
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const first = read([
    async (span, records) => {
      begin()
      await released
      return noting(notes)(span, records)
    },
  ])
  await began
  const second = read([noting([])], { newcomerMs: 1_000 })
  await expect(second).rejects.toThrow(`somebody else reads in the group ${topic}`)
  release()
  await first
  expect(byPartition(notes)).toEqual(everyRecord)
})

test('on Kafka, what was appended until the group is taken is read, where it is looked for again', async () => {
  const first = await spansOf(log, [topic])
  const writer = await log.writer()
  await writer.append(topic, [{ partition: 1, key: null, value: Buffer.from('x') }])
  const passes: string[][] = [[], []]
  await readSpans({
    log,
    groupId: topic,
    spans: first,
    lookAgain: () => spansOf(log, [topic]),
    passes: passes.map(noting),
    onProgress: () => undefined,
  })
  for (const notes of passes) {
    expect(notes).toHaveLength(partitions * perPartition + 1)
    expect(notes).toContain(`1:${perPartition}`)
  }
})
