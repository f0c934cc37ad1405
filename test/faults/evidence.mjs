import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { deadLetterOf, decisionTopics, rawTopics, topics } from '@holdpoint/contracts'

// What a run has left in Kafka, read by a plain client from the first record to the last.

/**
 * @typedef {object} Found a record
 * @property {string} topic
 * @property {number} partition
 * @property {number} offset
 * @property {number} timestamp ms
 * @property {Buffer | null} key
 * @property {Buffer | null} value
 * @property {Readonly<Record<string, string>>} headers
 *
 * @typedef {object} Evidence
 * @property {ReadonlyMap<number, readonly Found[]>} log `holdpoint.events` by partition, in order
 * @property {readonly Found[]} published what apps act on, each partition in order
 * @property {readonly Found[]} shadow
 * @property {readonly Found[]} deadLetters of the raw topics
 * @property {readonly Found[]} unfolded dead letters of the internal log
 */

const rawDeadLetters = rawTopics.map(deadLetterOf)
const internalDeadLetters = deadLetterOf(topics.internal)
const quietMs = 60_000

/**
 * @param {import('kafkajs').Kafka} kafka
 * @returns {Promise<Evidence>}
 * @throws {Error} where a topic cannot be read to its end
 */
export async function collect(kafka) {
  const names = [
    topics.internal,
    ...decisionTopics,
    topics.shadow,
    ...rawDeadLetters,
    internalDeadLetters,
  ]
  const records = await readAll(kafka, [...new Set(names)])
  const of = (/** @type {readonly string[]} */ ...wanted) =>
    records.filter(({ topic }) => wanted.includes(topic))
  /** @type {Map<number, Found[]>} */
  const log = new Map()
  for (const record of of(topics.internal)) {
    const list = log.get(record.partition) ?? []
    log.set(record.partition, list)
    list.push(record)
  }
  return {
    log,
    published: of(...decisionTopics),
    shadow: of(topics.shadow),
    deadLetters: of(...rawDeadLetters),
    unfolded: of(internalDeadLetters),
  }
}

/**
 * @param {import('kafkajs').Kafka} kafka
 * @param {string[]} names
 * @returns {Promise<readonly Found[]>} each partition in order
 */
async function readAll(kafka, names) {
  const left = await ends(kafka, names)
  /** @type {Found[]} */
  const records = []
  if (left.size === 0) return records
  const consumer = kafka.consumer({ groupId: `evidence-${randomUUID()}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: names, fromBeginning: true })
    let seenAt = performance.now()
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch: { topic, partition, messages } }) => {
        seenAt = performance.now()
        const place = `${topic}:${partition}`
        for (const message of messages) {
          const offset = Number(message.offset)
          if (offset >= (left.get(place) ?? 0)) continue
          records.push(foundIn(topic, partition, message))
          if (offset + 1 === left.get(place)) left.delete(place)
        }
      },
    })
    while (left.size > 0) {
      if (performance.now() - seenAt > quietMs)
        throw new Error(`the end of ${[...left.keys()].join(', ')} cannot be read`)
      await sleep(100)
    }
  } finally {
    await consumer.disconnect()
  }
  return records
}

/**
 * Where each partition that holds anything ends, by `topic:partition`.
 *
 * @param {import('kafkajs').Kafka} kafka
 * @param {readonly string[]} names
 */
async function ends(kafka, names) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const left = new Map()
    for (const topic of names)
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
        if (Number(high) > Number(low)) left.set(`${topic}:${partition}`, Number(high))
    return left
  } finally {
    await admin.disconnect()
  }
}

/** @type {(topic: string, partition: number, message: import('kafkajs').KafkaMessage) => Found} */
const foundIn = (topic, partition, { offset, timestamp, key, value, headers }) => ({
  topic,
  partition,
  offset: Number(offset),
  timestamp: Number(timestamp),
  key,
  value,
  headers: Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]),
  ),
})
