import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { pause } from './deadline.ts'
import { moduloAssigner } from './kafka-assigner.ts'

export type Heartbeat = EachBatchPayload['heartbeat']

/** How often a held handler looks whether a heartbeat is due, or the reader stops. */
export const holdTickMs = 200

/** A consumer that dies soon enough to be replaced, and asks often enough to be quick. */
export function newConsumer(client: Pick<Kafka, 'consumer'>, groupId: string): Consumer {
  return client.consumer({
    groupId,
    partitionAssigners: [moduloAssigner],
    sessionTimeout: 10_000,
    rebalanceTimeout: 15_000,
    heartbeatInterval: 1_000,
    maxWaitTimeInMs: 100,
    minBytes: 1,
    // A backlog costs memory by the fetch: kafkajs would ask for 1 MiB a partition, 10 MiB at once.
    maxBytesPerPartition: 256 * 1024,
    maxBytes: 4 * 1024 * 1024,
    metadataMaxAge: 30_000,
    allowAutoTopicCreation: false,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8 },
  })
}

/**
 * Waits for work with heartbeats, until it ends or `givenUp` says so. Throws what a heartbeat throws (a rebalance):
 * then kafkajs must have its handler back at once, whatever the work does.
 */
export function holdWith(givenUp: () => boolean) {
  return async (work: Promise<unknown>, heartbeat: Heartbeat): Promise<void> => {
    let done = false
    const tick = { wake: (): void => undefined }
    const end = work.finally(() => {
      done = true
      tick.wake()
    })
    end.catch(() => undefined)
    while (!done && !givenUp()) {
      const wait = pause(holdTickMs)
      tick.wake = wait.wake
      await wait.over
      if (!done) await heartbeat()
    }
  }
}

/** Only kafkajs's own errors may go back to it from a handler. */
export const isKafkaError = (error: unknown): boolean =>
  error instanceof Error && error.name.startsWith('KafkaJS')
