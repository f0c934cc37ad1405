import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { CompressionCodecs, CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { expect, it } from 'vitest'
import { kafkaLog } from './kafka-log.ts'
import { logContract } from './log.contract.ts'
import type { Log } from './ports.ts'

const brokers = (process.env['HOLDPOINT_KAFKA_BROKERS'] ?? '').split(',').filter(Boolean)
if (brokers.length === 0)
  throw new Error('HOLDPOINT_KAFKA_BROKERS is not set: give host:port of a broker')

logContract('Kafka', { quietMs: 500, holdMs: 11_000 }, () => {
  const said: string[] = []
  const logs: Log[] = []
  const open = (): Log => {
    const log = kafkaLog({
      brokers,
      clientId: 'contract',
      onLog: (level, message, fields) => {
        if (level === 'error') said.push(`${message} ${String(fields['error'])}`)
      },
    })
    logs.push(log)
    return log
  }
  return Promise.resolve({
    log: open(),
    reopen: () => Promise.resolve(open()),
    async truncate(topic: string, partition: number, low: number) {
      const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
      await admin.connect()
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(low) }] })
      await admin.disconnect()
    },
    async dispose() {
      await Promise.all(logs.map((log) => log.close()))
      expect(said.filter((line) => line.includes('unhandled'))).toEqual([])
    },
  })
})

it('hazard: a packed batch takes all memory of a real reader', async () => {
  const topic = `bomb.${process.pid}.${Date.now()}`
  const log = kafkaLog({ brokers, clientId: 'bomb' })
  const admin = await log.admin()
  await admin.create({ name: topic, partitions: 1, replicas: 1, config: {} })
  await admin.close()

  const writer = await log.writer()
  const one = { partition: 0, key: null, value: Buffer.from('one') }
  await writer.append(topic, [one, one])

  const decompress = (): Promise<Buffer> => Promise.reject(new Error('only packs'))
  const codecs: Record<number, () => unknown> = CompressionCodecs
  const registered = codecs[CompressionTypes.GZIP] as () => unknown
  codecs[CompressionTypes.GZIP] = () => ({
    compress: (encoder: { readonly buffer: Buffer }) => promisify(gzip)(encoder.buffer),
    decompress,
  })
  const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  const message = { partition: 0, value: Buffer.alloc(9 * 1024 * 1024) }
  await producer.send({ topic, messages: [message], compression: CompressionTypes.GZIP })
  await producer.disconnect()
  codecs[CompressionTypes.GZIP] = registered

  const groupId = `group.${topic}`
  const reader = log.reader({ groupId, topics: [topic] })
  const error = await new Promise<Error>((resolve, reject) => {
    const handlers = {
      onAssigned: () => Promise.resolve(new Map<string, number>()),
      onRevoked: () => undefined,
      onBatch: () => Promise.resolve(),
      onCrash: resolve,
    }
    reader.start(handlers).catch(reject)
  })
  expect(error.message).toMatch(/in gzip cannot be read/)
  expect(error.message).toContain(`at offset 2 of ${topic}:0 (read up to 0)`)
  expect(error.message).toContain(`group '${groupId}' and set its offset there to 3`)
  await reader.stop()

  await writer.append(topic, [one])
  const past = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
  await past.connect()
  await past.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '3' }] })
  await past.disconnect()
  const offsets: number[] = []
  await log.reader({ groupId, topics: [topic] }).start({
    onAssigned: () => Promise.resolve(new Map<string, number>()),
    onRevoked: () => undefined,
    onBatch: async ({ records }) => void offsets.push(...records.map(({ offset }) => offset)),
    onCrash: () => undefined,
  })
  await expect.poll(() => offsets, { timeout: 15_000 }).toEqual([3])
  await log.close()
})
