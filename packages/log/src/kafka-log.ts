import type { KafkaConfig, SASLOptions } from 'kafkajs'
import { createKafkaAdmin } from './kafka-admin.ts'
import { newClient } from './kafka-client.ts'
import { createKafkaReader } from './kafka-reader.ts'
import { createKafkaWriter } from './kafka-writer.ts'
import type { Log, LogAdmin, LogReader, LogWriter, OnLog } from './ports.ts'

export interface KafkaLogOptions {
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl?: NonNullable<KafkaConfig['ssl']>
  readonly sasl?: SASLOptions
  /** The deadline of one send, kafkajs's repeats included. Default 20,000. */
  readonly sendMs?: number
  /** How long `stop` lets a running handler finish before it revokes. Default 5,000. */
  readonly drainMs?: number
  /** No progress for so long though there is something to read ends in `onCrash`. Default 30,000. */
  readonly stallMs?: number
  /** Default: nothing is said. kafkajs's own words come from `warn` up. */
  readonly onLog?: OnLog
}

/** Kafka behind the ports, through kafkajs 2.2.4 and what its known faults call for. */
export function kafkaLog(options: KafkaLogOptions): Log {
  const onLog: OnLog = options.onLog ?? (() => undefined)
  const client = () => newClient({ ...options, onLog })
  const admin = createKafkaAdmin(client)
  const writers = new Set<LogWriter>()
  const readers = new Set<LogReader>()
  const admins = new Set<LogAdmin>()

  return {
    async writer() {
      const { sendMs = 20_000 } = options
      const writer = await createKafkaWriter({ client, leaders: admin.leaders, sendMs, onLog })
      writers.add(writer)
      return writer
    },
    reader({ groupId, topics }) {
      const { drainMs = 5_000, stallMs = 30_000 } = options
      const reader = createKafkaReader({ client, admin, groupId, topics, drainMs, stallMs, onLog })
      readers.add(reader)
      return reader
    },
    async admin() {
      const own = createKafkaAdmin(client)
      admins.add(own)
      return own
    },
    async close() {
      await Promise.all([...readers].map((reader) => reader.stop()))
      await Promise.all([...writers].map((writer) => writer.close()))
      await Promise.all([admin, ...admins].map((one) => one.close()))
    },
  }
}
