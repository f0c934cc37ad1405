import type { Kafka, Message, Producer, RecordMetadata } from 'kafkajs'
import { within } from './deadline.ts'
import { partitionUnknown } from './embedded-store.ts'
import type { Leaders } from './kafka-admin.ts'
import {
  LogError,
  LogWriteError,
  type LogWriter,
  type NewRecord,
  type OnLog,
  partitionKey,
} from './ports.ts'
import { refuseTooLarge } from './record-size.ts'
import { renewable } from './renewable.ts'
import { createSendQueue, type Piece } from './send-queue.ts'

const connectMs = 15_000
const leadersAgeMsMax = 30_000

export interface KafkaWriterOptions {
  readonly client: () => Pick<Kafka, 'producer'>
  readonly leaders: (topic: string) => Promise<Leaders>
  /** The whole of one send, kafkajs's repeats included. */
  readonly sendMs: number
  readonly onLog: OnLog
}

/** A producer, and the word that it is never to send again. */
interface Line {
  readonly producer: Producer
  dead: boolean
}

/**
 * Appends through an idempotent producer, one round of sends in flight, at most one send per partition
 * leader in it. What kafkajs 2.2.4 gets wrong is answered here:
 * - a send over two brokers can resolve with a message unwritten after a leader moved: one leader per send,
 *   and the reply must name every partition sent;
 * - after a rejected send the next message gets the same sequence number and can be taken for its repeat:
 *   the producer is discarded;
 * - a discarded producer would reconnect and go on repeating what nobody waits for: its partitioner refuses.
 */
export async function createKafkaWriter(options: KafkaWriterOptions): Promise<LogWriter> {
  const { onLog } = options
  const lines = renewable(() => openLine(options.client()), shutLine)
  const leaders = cachedLeaders(options.leaders)
  const queue = createSendQueue(sendRound)
  let closed = false

  /** Sends the round, split by leader; answers with the error of each partition that failed. */
  async function sendRound(pieces: readonly Piece[]): Promise<ReadonlyMap<string, LogWriteError>> {
    const failed = new Map<string, LogWriteError>()
    const fail = (some: readonly Piece[], error: LogWriteError): void => {
      for (const { topic, partition } of some) failed.set(partitionKey({ topic, partition }), error)
    }
    let line: Line | undefined
    try {
      line = await lines.get()
      const open = line
      await Promise.all(
        (await byLeader(pieces)).map((some) =>
          send(open, some).catch((error: unknown) => fail(some, asWriteError(error, some))),
        ),
      )
    } catch (error) {
      fail(pieces, asWriteError(error, pieces))
    }
    if (failed.size === 0) return failed
    leaders.forget()
    if (line !== undefined) {
      line.dead = true
      lines.discard(line)
    }
    const partitions = [...failed.keys()]
    onLog('warn', 'an append failed; the producer is replaced', {
      partitions,
      error: [...failed.values()][0],
    })
    return failed
  }

  async function byLeader(pieces: readonly Piece[]): Promise<readonly (readonly Piece[])[]> {
    const groups = new Map<number, Piece[]>()
    for (const piece of pieces) {
      const leader = (await leaders.of(piece.topic))[piece.partition] ?? -1
      groups.set(leader, [...(groups.get(leader) ?? []), piece])
    }
    return [...groups.values()]
  }

  async function send(line: Line, pieces: readonly Piece[]): Promise<void> {
    const byTopic = new Map<string, Message[]>()
    for (const { topic, records } of pieces) {
      const messages = byTopic.get(topic) ?? []
      for (const record of records) messages.push(asMessage(record))
      byTopic.set(topic, messages)
    }
    const topicMessages = [...byTopic].map(([topic, messages]) => ({ topic, messages }))
    const sent = line.producer.sendBatch({ acks: -1, timeout: 10_000, topicMessages })
    // A line that died while it was sending has reconnected meanwhile: shut it once more at the end.
    const after = (): void => {
      if (line.dead) shutLine(line).catch(() => undefined)
    }
    sent.then(after, after)
    compareReply(pieces, await within(options.sendMs, `appending to ${namesOf(pieces)}`, sent))
  }

  await lines.get()
  return {
    async append(topic, records) {
      if (closed) throw new LogWriteError('writer_closed', 'the writer is closed', false)
      if (records.length === 0) return
      const partitions = await leaders.of(topic).catch((error: unknown) => {
        throw asWriteError(error, [{ topic }])
      })
      for (const record of records) {
        if (partitions[record.partition] === undefined) {
          throw asWriteError(partitionUnknown(topic, record.partition), [{ topic }])
        }
        refuseTooLarge(topic, record)
      }
      await queue.add(topic, records)
    },
    async close() {
      closed = true
      await queue.idle()
      await lines.close()
    },
  }
}

async function openLine(client: Pick<Kafka, 'producer'>): Promise<Line> {
  const state = { dead: false }
  const producer = client.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    metadataMaxAge: 30_000,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8 },
    createPartitioner: () => (args) => {
      if (state.dead) throw new LogError('producer_discarded', 'the producer was discarded', false)
      return args.message.partition ?? 0
    },
  })
  const line = Object.assign(state, { producer })
  try {
    await within(connectMs, 'connecting the producer to Kafka', producer.connect())
  } catch (error) {
    state.dead = true
    shutLine(line).catch(() => undefined)
    throw error
  }
  return line
}

const shutLine = ({ producer }: Line): Promise<void> =>
  within(connectMs, 'disconnecting the producer', producer.disconnect())

const asMessage = ({ partition, key, value, headers }: NewRecord): Message => ({
  partition,
  key,
  value,
  ...(headers === undefined ? {} : { headers: headers as NonNullable<Message['headers']> }),
})

const namesOf = (pieces: readonly { readonly topic: string }[]): string =>
  [...new Set(pieces.map(({ topic }) => `'${topic}'`))].join(', ')

/** Throws `log_incomplete` unless the reply names every partition that was sent. */
function compareReply(pieces: readonly Piece[], reply: readonly RecordMetadata[]): void {
  const written = new Set(
    reply
      .filter(({ errorCode }) => errorCode === 0)
      .map((r) => partitionKey({ topic: r.topicName, partition: r.partition })),
  )
  const missing = pieces.filter((piece) => !written.has(partitionKey(piece)))
  if (missing.length === 0) return
  const message = `Kafka acknowledged a send without ${missing.map(partitionKey).join(', ')}`
  throw new LogWriteError('log_incomplete', message, true)
}

/** Walks to the protocol's own error and says what the caller may do about it. */
function asWriteError(
  error: unknown,
  pieces: readonly { readonly topic: string }[],
): LogWriteError {
  if (error instanceof LogWriteError) return error
  if (error instanceof LogError) {
    const code = error.code === 'timeout' ? 'log_timeout' : error.code
    return new LogWriteError(code, error.message, error.retriable, error)
  }
  let root = error
  while (root instanceof Error && root.cause instanceof Error) root = root.cause
  const { message } = root instanceof Error ? root : { message: String(root) }
  const type = root instanceof Error && 'type' in root ? String(root.type) : undefined
  const refusal = refusals.get(type)
  const text = `could not append to ${namesOf(pieces)}: ${message}${type === undefined ? '' : ` (${type})`}`
  return new LogWriteError(refusal ?? 'log_unavailable', text, refusal === undefined, error)
}

/** Errors of the Kafka protocol that a repeat of the same records meets again, and the code of each. */
const refusals: ReadonlyMap<string | undefined, string> = new Map([
  ['MESSAGE_TOO_LARGE', 'record_too_large'],
  ['RECORD_LIST_TOO_LARGE', 'record_too_large'],
  ['INVALID_RECORD', 'log_refused'],
  ['INVALID_TIMESTAMP', 'log_refused'],
  ['INVALID_TOPIC_EXCEPTION', 'log_refused'],
  ['TOPIC_AUTHORIZATION_FAILED', 'log_refused'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'log_refused'],
  ['POLICY_VIOLATION', 'log_refused'],
])

function cachedLeaders(fetch: (topic: string) => Promise<Leaders>) {
  const known = new Map<string, { readonly at: number; readonly leaders: Promise<Leaders> }>()
  return {
    of(topic: string): Promise<Leaders> {
      const found = known.get(topic)
      if (found !== undefined && Date.now() - found.at < leadersAgeMsMax) return found.leaders
      const leaders = fetch(topic)
      known.set(topic, { at: Date.now(), leaders })
      leaders.catch(() => known.delete(topic))
      return leaders
    },
    forget: () => known.clear(),
  }
}
