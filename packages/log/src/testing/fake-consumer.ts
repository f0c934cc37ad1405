import type { Consumer, ConsumerConfig, ConsumerRunConfig, EachBatchPayload, Kafka } from 'kafkajs'
import { vi } from 'vitest'

const events = { GROUP_JOIN: 'join', REBALANCING: 'rebalancing', FETCH: 'fetch', CRASH: 'crash' }

/** A consumer that does what the test says, as kafkajs would call its handlers. */
export function fakeConsumer() {
  const listeners = new Map<string, (event: unknown) => void>()
  const seeks: string[] = []
  let config: ConsumerRunConfig = {}
  let made: ConsumerConfig | undefined
  const consumer = {
    events,
    on: (name: string, listener: (event: unknown) => void) => listeners.set(name, listener),
    connect: vi.fn(() => Promise.resolve()),
    subscribe: vi.fn(() => Promise.resolve()),
    disconnect: vi.fn(() => Promise.resolve()),
    commitOffsets: vi.fn(() => Promise.resolve()),
    pause: vi.fn(),
    resume: vi.fn(),
    seek: ({ partition, offset }: { partition: number; offset: string }) =>
      seeks.push(`${partition}@${offset}`),
    run: vi.fn((given: ConsumerRunConfig) => {
      config = given
      return Promise.resolve()
    }),
  }
  return {
    consumer,
    seeks,
    config: () => config,
    made: () => made,
    emit: (name: string, payload: unknown) => listeners.get(name)?.({ payload }),
    client: (): Pick<Kafka, 'consumer'> => ({
      consumer(given) {
        made = given
        return consumer as unknown as Consumer
      },
    }),
    /** Lets kafkajs's word of a join arrive, and the positions be asked for. */
    async joined(...partitions: number[]) {
      listeners.get('join')?.({ payload: { memberAssignment: { t: partitions } } })
      await new Promise((resolve) => setImmediate(resolve))
    },
    give: (payload: EachBatchPayload): Promise<void> =>
      config.eachBatch?.(payload) ?? Promise.resolve(),
  }
}

export interface Fetched {
  readonly partition?: number
  readonly fetched: number
  readonly offsets: readonly number[]
  readonly last?: number
  readonly high?: number
}

/** A fetched batch as kafkajs hands it over, and what the handler did with it. */
export function payloadOf({ partition = 0, fetched, offsets, last, high = 1_000 }: Fetched) {
  const resolved: string[] = []
  const heartbeat = vi.fn(() => Promise.resolve())
  const payload = {
    batch: {
      topic: 't',
      partition,
      fetchedOffset: String(fetched),
      highWatermark: String(high),
      messages: offsets.map((offset) => ({
        offset: String(offset),
        timestamp: '1',
        key: null,
        value: null,
      })),
      lastOffset: () => String(last ?? offsets.at(-1)),
    },
    heartbeat,
    resolveOffset: (offset: string) => resolved.push(offset),
    isStale: () => false,
  }
  return { payload: payload as unknown as EachBatchPayload, resolved, heartbeat }
}

/** What a heartbeat throws while the group rebalances. */
export const rebalancing = (): Error =>
  Object.assign(new Error('rebalance'), {
    name: 'KafkaJSProtocolError',
    type: 'REBALANCE_IN_PROGRESS',
  })
