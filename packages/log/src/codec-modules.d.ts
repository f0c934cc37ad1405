declare module 'snappyjs' {
  /** Throws when the declared length is above `maxLength`. */
  export function uncompress(compressed: Buffer, maxLength?: number): Buffer
  export function compress(plain: Buffer): Buffer
}

declare module 'lz4js' {
  /** Decodes one block into `dst` from `dIndex` on, answers with the index after it; writes past the end are lost. */
  export function decompressBlock(
    src: Uint8Array,
    dst: Uint8Array,
    sIndex: number,
    sLength: number,
    dIndex: number,
  ): number
  export function compress(plain: Uint8Array): Uint8Array
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  interface Queue {
    throttledUntil: number
    throttleCheckTimeoutId: NodeJS.Timeout | null
    readonly pending: readonly unknown[]
    checkPendingRequests(): void
    scheduleCheckPendingRequests(): void
  }
  const RequestQueue: { readonly prototype: Queue }
  export default RequestQueue
}

declare module 'kafkajs/src/producer/index.js' {
  import type { Producer, ProducerConfig } from 'kafkajs'

  export interface BrokerRequest {
    readonly producerId: number
    readonly topicData: readonly {
      readonly topic: string
      readonly partitions: readonly {
        readonly partition: string | number
        readonly firstSequence: number
        readonly messages: readonly { readonly value: Buffer | string | null }[]
      }[]
    }[]
  }

  /** As much of kafkajs's cluster as its producer asks of it. */
  export interface ClusterOfProducer {
    readonly retry: object
    readonly targetTopics: Set<string>
    connect(): Promise<void>
    disconnect(): Promise<void>
    isConnected(): boolean
    refreshMetadata(): Promise<void>
    refreshMetadataIfNecessary(): Promise<void>
    addMultipleTargetTopics(topics: readonly string[]): Promise<void>
    removeBroker(address: object): void
    findTopicPartitionMetadata(topic: string): readonly object[]
    findLeaderForPartitions(topic: string, partitions: readonly string[]): object
    findBroker(node: { readonly nodeId: string | number }): Promise<unknown>
    findControllerBroker(): Promise<unknown>
  }

  export interface LoggerOfProducer {
    namespace(name: string): LoggerOfProducer
    debug(message: string): void
    info(message: string): void
    warn(message: string): void
    error(message: string): void
  }

  export default function createProducer(
    options: ProducerConfig & {
      readonly cluster: ClusterOfProducer
      readonly logger: LoggerOfProducer
    },
  ): Producer
}
