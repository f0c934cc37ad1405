import kafkajs, { type Kafka, type ProducerConfig } from 'kafkajs'
import createProducer, {
  type BrokerRequest,
  type ClusterOfProducer,
  type LoggerOfProducer,
} from 'kafkajs/src/producer/index.js'

/** What one request of a producer asks one broker to append. */
export interface Produce {
  readonly broker: number
  readonly producerId: number
  readonly partitions: readonly number[]
  /** Of all requests, from 1. */
  readonly count: number
}

/** What a broker does with a request: `after` appends and then fails, `before` fails without appending. */
export type Fate = { readonly before?: Error; readonly after?: Error } | undefined

export interface ScriptedCluster {
  /** kafkajs's own producer, on brokers that do as the script says. */
  readonly client: () => Pick<Kafka, 'producer'>
  /** The leader of each partition, by partition. A test moves them. */
  readonly leaders: number[]
  /** The values appended to each partition, in order. */
  readonly written: ReadonlyMap<number, readonly string[]>
  /** How many producers have asked for an id. */
  readonly producers: () => number
}

/** As Kafka's error 6. */
export const notLeader = (): Error =>
  new kafkajs.KafkaJSProtocolError(
    Object.assign(new Error('not the leader'), {
      type: 'NOT_LEADER_FOR_PARTITION',
      code: 6,
      retriable: true,
    }),
  )

/**
 * Two brokers at the seam where kafkajs's producer talks to its cluster: what decides about loss and
 * repeats (partitioning, retries, sequence numbers) is kafkajs's own code, and a leader can move between
 * two requests, which one real broker cannot show. As Kafka's brokers do, these take a sequence number
 * that they have already for a repeat and acknowledge it without appending.
 */
export function scriptedCluster(
  leaders: number[],
  fateOf: (request: Produce, leaders: number[]) => Fate,
): ScriptedCluster {
  const written = new Map<number, string[]>()
  const appended = new Set<string>()
  let producers = 0
  let requests = 0

  async function produce(broker: number, { producerId, topicData }: BrokerRequest) {
    requests += 1
    const entries = topicData.flatMap(({ partitions }) => partitions)
    const partitions = entries.map(({ partition }) => Number(partition))
    const fate = fateOf({ broker, producerId, partitions, count: requests }, leaders)
    if (fate?.before !== undefined) throw fate.before
    for (const { partition, firstSequence, messages } of entries) {
      const sequence = `${producerId}:${partition}:${firstSequence}`
      if (appended.has(sequence)) continue
      appended.add(sequence)
      const values = messages.map(({ value }) => String(value))
      written.set(Number(partition), [...(written.get(Number(partition)) ?? []), ...values])
    }
    if (fate?.after !== undefined) throw fate.after
    const answers = partitions.map((partition) => ({ partition, errorCode: 0, baseOffset: '0' }))
    return { topics: [{ topicName: topicData[0]?.topic ?? '', partitions: answers }] }
  }

  const brokers = [1, 2].map((nodeId) => ({
    nodeId,
    produce: (request: BrokerRequest) => produce(nodeId, request),
    initProducerId: async () => {
      producers += 1
      return { producerId: producers, producerEpoch: 0 }
    },
  }))
  return {
    client: () => ({
      producer: (config: ProducerConfig = {}) =>
        createProducer({ ...config, logger: silent, cluster: clusterOf(leaders, brokers) }),
    }),
    leaders,
    written,
    producers: () => producers,
  }
}

function clusterOf(
  leaders: readonly number[],
  brokers: readonly { readonly nodeId: number }[],
): ClusterOfProducer {
  let connected = false
  /** What this client believes, which a refresh brings up to date. */
  let known = [...leaders]
  const refresh = async (): Promise<void> => {
    known = [...leaders]
  }
  return {
    retry: {},
    targetTopics: new Set(),
    connect: async () => {
      connected = true
    },
    disconnect: async () => {
      connected = false
    },
    isConnected: () => connected,
    refreshMetadata: refresh,
    refreshMetadataIfNecessary: async () => undefined,
    addMultipleTargetTopics: async () => undefined,
    removeBroker: () => undefined,
    findTopicPartitionMetadata: () => known.map((leader, partitionId) => ({ partitionId, leader })),
    findLeaderForPartitions: (_, partitions) => byLeader(partitions.map(Number), known),
    findBroker: async ({ nodeId }) => brokers.find((broker) => broker.nodeId === Number(nodeId)),
    findControllerBroker: async () => brokers[0],
  }
}

function byLeader(partitions: readonly number[], leaders: readonly number[]): object {
  const found: Record<number, number[]> = {}
  for (const partition of partitions) {
    const leader = leaders[partition] ?? -1
    found[leader] = [...(found[leader] ?? []), partition]
  }
  return found
}

const silent: LoggerOfProducer = {
  namespace: () => silent,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
