/** Holdpoint as a platform team runs it: built services as processes of their own, on the real stack. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { startService } from '../../infra/bin/lib/service.mjs'

const run = promisify(execFile)
export const root = join(import.meta.dirname, '../..')

const brokers = (): string[] => (process.env['HOLDPOINT_KAFKA_BROKERS'] ?? '').split(',')

const env = {
  HOLDPOINT_HASH_KEY: 'end-to-end-tests-hash-key-of-32-chars',
  HOLDPOINT_LOG_LEVEL: 'warn',
}

/** Runs the `holdpoint` command. */
export async function holdpoint(...args: string[]): Promise<string> {
  const command = join(root, 'services/standalone/bin/holdpoint.mjs')
  const { stdout } = await run(process.execPath, [command, ...args], {
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
  })
  return stdout
}

export const startIngest = (clock: 'wall' | 'recorded') =>
  startService('ingest', {
    ...env,
    HOLDPOINT_CLOCK: clock,
    HOLDPOINT_HTTP_PORT: '18484',
    HOLDPOINT_ADMIN_PORT: '19464',
  })

export const startEngine = () => startService('engine', { ...env, HOLDPOINT_ADMIN_PORT: '19465' })

/** A kafkajs client that knows nothing of Holdpoint. */
export const plainKafka = (): Kafka =>
  new Kafka({ clientId: 'somebody', brokers: brokers(), logLevel: logLevel.ERROR })

export async function plainProducer(): Promise<Producer> {
  const producer = plainKafka().producer({ allowAutoTopicCreation: false })
  await producer.connect()
  return producer
}

/** A name that no earlier run used: the stack may keep what earlier runs wrote. */
export const unique = (name: string): string => `${name}-${randomUUID().slice(0, 8)}`

export interface Seen {
  readonly topic: string
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly value: Buffer
}

/** A reader that goes on until it is stopped. */
export interface Watch {
  readonly seen: readonly Seen[]
  /** Resolves at once when `enough` says so, which is asked at each record. @throws where it does not within `withinMs` */
  until(enough: (seen: readonly Seen[]) => boolean, withinMs: number): Promise<void>
  stop(): Promise<void>
}

/** Reads topics from their lowest offsets with a plain client. */
export async function watch(topics: string[]): Promise<Watch> {
  const consumer = plainKafka().consumer({ groupId: unique('reader'), maxWaitTimeInMs: 100 })
  const seen: Seen[] = []
  let look = () => {}
  await consumer.connect()
  await consumer.subscribe({ topics, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, message }) => {
      const headers = Object.entries(message.headers ?? {})
      seen.push({
        topic,
        key: String(message.key),
        headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
        value: message.value ?? Buffer.alloc(0),
      })
      look()
    },
  })
  return {
    seen,
    until: (enough, withinMs) =>
      new Promise((resolve, reject) => {
        const late = () =>
          reject(new Error(`only ${seen.length} records of ${topics} in ${withinMs} ms`))
        const timer = setTimeout(late, withinMs)
        look = () => {
          if (!enough(seen)) return
          clearTimeout(timer)
          look = () => {}
          resolve()
        }
        look()
      }),
    stop: () => consumer.disconnect(),
  }
}

/**
 * Reads topics from their lowest offsets with a plain client, until `enough` says so.
 * @throws where it does not within `withinMs`
 */
export async function readUntil(
  topics: string[],
  enough: (seen: readonly Seen[]) => boolean,
  withinMs: number,
): Promise<readonly Seen[]> {
  const reader = await watch(topics)
  try {
    await reader.until(enough, withinMs)
    // What is too much may still be on its way: topics are not ordered among each other.
    await new Promise((resolve) => setTimeout(resolve, 300))
    return reader.seen
  } finally {
    await reader.stop()
  }
}

export const decisionTopics = [
  'session.stepup.required',
  'session.stepup.resolved',
  'session.revoked',
  'session.risk.changed',
]

/** Where all that was decided stands: also what apps must not act on. */
export const everyDecisionTopic = [...decisionTopics, 'session.shadow']
