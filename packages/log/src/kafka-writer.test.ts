import type {
  Kafka,
  Message,
  Producer,
  ProducerBatch,
  ProducerConfig,
  RecordMetadata,
} from 'kafkajs'
import { describe, expect, it, vi } from 'vitest'
import { topicUnknown } from './embedded-store.ts'
import { createKafkaWriter } from './kafka-writer.ts'
import { type LogWriteError, type NewRecord, partitionKey } from './ports.ts'

type Send = (batch: ProducerBatch) => Promise<RecordMetadata[]>

/** A Kafka whose producers send as the test says; each producer made is kept. */
function fakeKafka(send: Send) {
  const producers: { config: ProducerConfig; sent: ProducerBatch[]; disconnects: number }[] = []
  const client = (): Pick<Kafka, 'producer'> => ({
    producer(config = {}) {
      const made = { config, sent: [] as ProducerBatch[], disconnects: 0 }
      producers.push(made)
      return {
        connect: () => Promise.resolve(),
        disconnect: () => {
          made.disconnects += 1
          return Promise.resolve()
        },
        sendBatch: (batch: ProducerBatch) => {
          made.sent.push(batch)
          return send(batch)
        },
      } as unknown as Producer
    },
  })
  return { client, producers }
}

const partitionsOf = (batch: ProducerBatch): string[] => [
  ...new Set(
    (batch.topicMessages ?? []).flatMap(({ topic, messages }) =>
      messages.map((m) => partitionKey({ topic, partition: m.partition ?? -1 })),
    ),
  ),
]
const reply = (batch: ProducerBatch): RecordMetadata[] =>
  partitionsOf(batch).map((key) => {
    const [topicName = '', partition] = key.split(':')
    return { topicName, partition: Number(partition), errorCode: 0, baseOffset: '0' }
  })
const record = (partition: number): NewRecord => ({ partition, key: null, value: Buffer.from('v') })
const refusal = (work: Promise<void>): Promise<LogWriteError> =>
  work.then(
    () => expect.fail('was written'),
    (error: LogWriteError) => error,
  )

/** Partitions 0 and 1 on broker 1, 2 and 3 on broker 2. */
const writerOn = (client: () => Pick<Kafka, 'producer'>, sendMs = 1_000) =>
  createKafkaWriter({
    client,
    sendMs,
    leaders: (topic) =>
      topic === 't' ? Promise.resolve([1, 1, 2, 2]) : Promise.reject(topicUnknown(topic)),
    onLog: () => undefined,
  })

describe('the Kafka writer', () => {
  it('hazard: a producer repeats, reorders, creates topics and begins transactions by itself', async () => {
    const { client, producers } = fakeKafka((batch) => Promise.resolve(reply(batch)))
    await (await writerOn(client)).append('t', [record(0)])
    expect(producers[0]?.config).toMatchObject({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    })
    expect(producers[0]?.sent[0]?.acks).toBe(-1)
    expect(producers[0]?.config.transactionalId).toBeUndefined()
  })

  it('sends to one partition leader per send', async () => {
    const { client, producers } = fakeKafka((batch) => Promise.resolve(reply(batch)))
    await (await writerOn(client)).append('t', [record(0), record(2), record(1), record(3)])
    expect(producers[0]?.sent.map(partitionsOf)).toEqual([
      ['t:0', 't:1'],
      ['t:2', 't:3'],
    ])
  })

  it('hazard: the default partitioner decides the partition', async () => {
    const { client, producers } = fakeKafka((batch) => Promise.resolve(reply(batch)))
    await writerOn(client)
    const partitioner = producers[0]?.config.createPartitioner?.()
    const message: Message = { key: 'k', value: 'v', partition: 3 }
    expect(partitioner?.({ topic: 't', message, partitionMetadata: [] })).toBe(3)
  })

  it('does not believe a reply that leaves out a partition it sent', async () => {
    const { client, producers } = fakeKafka((batch) =>
      Promise.resolve(reply(batch).filter(({ partition }) => partition !== 1)),
    )
    const error = await refusal((await writerOn(client)).append('t', [record(0), record(1)]))
    expect(error).toMatchObject({ name: 'LogWriteError', code: 'log_incomplete', retriable: true })
    expect(error.message).toContain('t:1')
    expect(producers[0]?.disconnects).toBe(1)
  })

  it('discards the producer after a rejected send, which can never send again', async () => {
    let fails = 1
    const { client, producers } = fakeKafka((batch) =>
      fails-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve(reply(batch)),
    )
    const writer = await writerOn(client)
    expect((await refusal(writer.append('t', [record(0)]))).code).toBe('log_unavailable')
    await writer.append('t', [record(0)])
    expect(producers.map(({ sent }) => sent.length)).toEqual([1, 1])
    await vi.waitFor(() => expect(producers[0]?.disconnects).toBeGreaterThan(0))
    const partitioner = producers[0]?.config.createPartitioner?.()
    const again = () =>
      partitioner?.({ topic: 't', message: { value: 'v' }, partitionMetadata: [] })
    expect(again).toThrow(expect.objectContaining({ retriable: false }))
    expect(producers[1]?.disconnects).toBe(0)
  })

  it('hazard: a producer whose send was given up is alive again when that ends', async () => {
    const ends: ((error: Error) => void)[] = []
    const { client, producers } = fakeKafka(() => new Promise((_, reject) => ends.push(reject)))
    const error = await refusal((await writerOn(client, 20)).append('t', [record(0)]))
    expect(error).toMatchObject({ code: 'log_timeout', retriable: true })
    expect(error.message).toContain("'t'")
    const before = producers[0]?.disconnects ?? 0
    ends[0]?.(new Error('late'))
    await vi.waitFor(() => expect(producers[0]?.disconnects).toBe(before + 1))
  })

  it('says which refusals a repeat cannot mend', async () => {
    const typed = (type: string) => Object.assign(new Error('inner'), { type })
    const codeOf = async (type: string) => {
      const { client } = fakeKafka(() => Promise.reject(new Error('outer', { cause: typed(type) })))
      const { code, retriable, message } = await refusal(
        (await writerOn(client)).append('t', [record(0)]),
      )
      expect(message).toContain(type)
      return [code, retriable]
    }
    expect(await codeOf('TOPIC_AUTHORIZATION_FAILED')).toEqual(['log_refused', false])
    expect(await codeOf('MESSAGE_TOO_LARGE')).toEqual(['record_too_large', false])
    expect(await codeOf('NOT_ENOUGH_REPLICAS')).toEqual(['log_unavailable', true])
  })

  it('fails only the appends on the leader that failed', async () => {
    const { client } = fakeKafka((batch) =>
      partitionsOf(batch).includes('t:2')
        ? Promise.reject(new Error('away'))
        : Promise.resolve(reply(batch)),
    )
    const writer = await writerOn(client)
    const good = writer.append('t', [record(0)])
    const bad = refusal(writer.append('t', [record(2)]))
    await good
    expect((await bad).code).toBe('log_unavailable')
  })

  it('asks for the leaders again after a failure', async () => {
    const { client } = fakeKafka(() => Promise.reject(new Error('moved')))
    const leaders = vi.fn(() => Promise.resolve([1]))
    const writer = await createKafkaWriter({ client, leaders, sendMs: 100, onLog: () => undefined })
    await refusal(writer.append('t', [record(0)]))
    expect(leaders).toHaveBeenCalledTimes(1)
    await refusal(writer.append('t', [record(0)]))
    expect(leaders).toHaveBeenCalledTimes(2)
  })

  it('sends what was queued before it closes', async () => {
    const { client, producers } = fakeKafka((batch) => Promise.resolve(reply(batch)))
    const writer = await writerOn(client)
    const appended = writer.append('t', [record(0)])
    await Promise.resolve()
    await writer.close()
    await appended
    expect(producers[0]?.sent).toHaveLength(1)
    expect(producers[0]?.disconnects).toBe(1)
  })
})
