/** What the logs and the store of a private platform hold, read with plain clients, and what they should. */
import { encodeDecision, type SchemaCatalogue, topics } from '@holdpoint/contracts'
import { coreFold, refold } from '@holdpoint/engine'
import type { StoredRecord } from '@holdpoint/log'
import { defaultPolicy } from '@holdpoint/risk'
import { redisStore } from '@holdpoint/state'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import type { Parts } from './operation-parts.ts'
import { unique } from './platform.ts'
import type { RawEvent } from './population.ts'

export interface Record extends StoredRecord {
  readonly partition: number
}

export interface Platform {
  readonly kafka: Kafka
  /** Every record of a topic as it stands now, in the order of each partition. */
  read(topic: string): Promise<readonly Record[]>
  /** The end of each partition of the internal log. */
  highs(): Promise<readonly number[]>
  /** The offset that is folded next, of each partition. */
  positions(): Promise<readonly number[]>
  /** Records committed and not yet trimmed, over all partitions. */
  outbox(): Promise<number>
  close(): Promise<void>
}

export async function openPlatform({ addresses }: Parts): Promise<Platform> {
  const kafka = new Kafka({
    clientId: 'operator',
    brokers: [addresses.HOLDPOINT_KAFKA_BROKERS],
    logLevel: logLevel.NOTHING,
  })
  const admin = kafka.admin()
  await admin.connect()
  const store = redisStore({ url: addresses.HOLDPOINT_REDIS_URL, generation: 1 })
  const bounds = async (topic: string) =>
    (await admin.fetchTopicOffsets(topic)).sort((a, b) => a.partition - b.partition)
  const highs = async () => (await bounds(topics.internal)).map(({ high }) => Number(high))
  const opened = async () => Promise.all((await highs()).map((_, at) => store.open(at)))
  return {
    kafka,
    highs,
    positions: async () => (await opened()).map(({ meta }) => (meta?.appliedOffset ?? -1) + 1),
    outbox: async () => (await opened()).reduce((sum, { outbox }) => sum + outbox.length, 0),
    read: async (topic) => readTo(kafka, topic, await bounds(topic)),
    async close() {
      await admin.disconnect()
      await store.close()
    },
  }
}

/** Reads a topic from its beginning up to these bounds. */
async function readTo(
  kafka: Kafka,
  topic: string,
  bounds: readonly { partition: number; low: string; high: string }[],
): Promise<readonly Record[]> {
  const wanted = bounds.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0)
  const records: Record[] = []
  if (wanted === 0) return records
  const consumer = kafka.consumer({ groupId: unique('look'), maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    const late = () => reject(new Error(`${records.length} of ${wanted} records of ${topic}`))
    const timer = setTimeout(late, 60_000)
    void consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        const offset = Number(message.offset)
        if (offset >= Number(bounds[partition]?.high)) return
        const { key, value, timestamp } = message
        records.push({ partition, offset, timestamp: Number(timestamp), key, value, headers: {} })
        if (records.length < wanted) return
        clearTimeout(timer)
        resolve()
      },
    })
  })
  await consumer.disconnect()
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** Bytes of every decision that a fold of the internal log without faults makes, sorted. */
export function expectedDecisions(
  log: readonly Record[],
  catalogue: SchemaCatalogue,
): readonly string[] {
  const context = {
    fold: coreFold,
    policy: defaultPolicy,
    encode: (decision: Parameters<typeof encodeDecision>[1]) => encodeDecision(catalogue, decision),
  }
  const partitions = new Map<number, Record[]>()
  for (const record of log) {
    const records = partitions.get(record.partition) ?? []
    partitions.set(record.partition, records)
    records.push(record)
  }
  const bytes: string[] = []
  for (const [partition, records] of partitions) {
    const { outputs } = refold(context, { generation: 1, partition }, records, catalogue)
    for (const output of outputs) {
      if (output.kind === 'dead-letter') throw new Error(`a dead letter: ${output.fault.message}`)
      if (output.kind === 'alert') continue
      bytes.push(output.value.toString('hex'))
    }
  }
  return bytes.sort()
}

export interface Load {
  /** Events that Kafka has acknowledged. */
  readonly sent: () => number
  stop(): Promise<void>
}

/** Sends raw events at a rate until it is stopped or they end; waits while Kafka does not answer. */
export function steadyLoad(
  producer: Producer,
  events: Iterator<RawEvent>,
  perSecond: number,
): Load {
  const everyMs = 50
  const each = Math.max(1, Math.round((perSecond * everyMs) / 1000))
  let stopped = false
  let sent = 0
  const run = async () => {
    for (let due = performance.now(); !stopped; due += everyMs) {
      const messages = []
      for (let next = events.next(); !next.done; next = events.next()) {
        messages.push({ key: next.value.subject.id, value: JSON.stringify(next.value) })
        if (messages.length === each) break
      }
      if (messages.length === 0) return
      await producer.send({ topic: topics.any, messages })
      sent += messages.length
      due = Math.max(due, performance.now() - 1_000)
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
    }
  }
  const running = run()
  return {
    sent: () => sent,
    async stop() {
      stopped = true
      await running
    },
  }
}
