import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import type { Standing } from './assignment.ts'
import { pause, within } from './deadline.ts'
import { topicUnknown } from './embedded-store.ts'
import {
  type Bounds,
  type LogAdmin,
  LogError,
  partitionKey,
  type TopicPartition,
  type TopicState,
} from './ports.ts'
import { renewable } from './renewable.ts'
import { wholeNumber } from './whole-number.ts'

// A CommonJS module: Node finds only some of its names.
const { ConfigResourceTypes } = kafkajs

const connectMs = 15_000
const answerMs = 15_000
const sharedTries = 3
/** `ConfigSource.TOPIC_CONFIG`: set on the topic itself. kafkajs exports the name as a type only. */
const topicConfigSource: number = 1

/** Leaders of a topic's partitions, by partition. */
export type Leaders = readonly number[]

export interface KafkaAdmin extends LogAdmin {
  leaders(topic: string): Promise<Leaders>
  /** How far a group has come, by `topic:partition`. */
  standingOf(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<ReadonlyMap<string, Standing>>
}

/** Admin calls over one connection, opened at the first call and again after a failure. */
export function createKafkaAdmin(client: () => Kafka): KafkaAdmin {
  const connection = renewable<Admin>(
    async () => {
      const admin = client().admin()
      await within(connectMs, 'connecting to Kafka', admin.connect())
      return admin
    },
    (admin) => within(connectMs, 'disconnecting from Kafka', admin.disconnect()),
  )

  /** A call whose connection another call's failure shut meanwhile is made again, on the next connection. */
  async function ask<T>(what: string, call: (admin: Admin) => Promise<T>): Promise<T> {
    for (let left = sharedTries; ; left--) {
      const admin = await connection.get()
      try {
        return await within(answerMs, what, call(admin))
      } catch (error) {
        if (connection.discard(admin) || left === 0) throw error
      }
    }
  }

  let last: Promise<unknown> = Promise.resolve()
  let hangs = 0
  let lastHang: unknown
  /**
   * While kafkajs learns the leaders of one topic it may not know those of another: such calls take turns.
   * Where one of them hangs, those already behind it fail with it instead of waiting as long each.
   */
  function inTurn<T>(call: () => Promise<T>): Promise<T> {
    const before = hangs
    const turn = last.then(() => {
      if (hangs > before) throw lastHang
      return call()
    })
    last = turn.catch((error: unknown) => {
      if (hangs > before || typeOf(error) !== 'timeout') return
      hangs += 1
      lastHang = error
    })
    return turn
  }

  async function leaders(topic: string): Promise<Leaders> {
    const found = await ask(`metadata of '${topic}'`, async (admin) => {
      try {
        return await admin.fetchTopicMetadata({ topics: [topic] })
      } catch (error) {
        if (isUnknownTopic(error)) return undefined
        throw error
      }
    })
    const partitions = found?.topics.find(({ name }) => name === topic)?.partitions
    if (partitions === undefined || partitions.length === 0) throw topicUnknown(topic)
    const byPartition: number[] = []
    for (const { partitionId, leader } of partitions) byPartition[partitionId] = leader
    return byPartition
  }

  async function bounds(topic: string): Promise<readonly Bounds[]> {
    await leaders(topic)
    const offsets = await settled(() =>
      inTurn(() => ask(`offsets of '${topic}'`, (admin) => admin.fetchTopicOffsets(topic))),
    )
    const byPartition: Bounds[] = []
    for (const { partition, low, high } of offsets) {
      byPartition[partition] = {
        low: wholeNumber(low, 'low offset'),
        high: wholeNumber(high, 'high offset'),
      }
    }
    return byPartition
  }

  async function standingOf(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<ReadonlyMap<string, Standing>> {
    const topics = [...new Set(partitions.map(({ topic }) => topic))]
    const commits = new Map<string, number>()
    const answer = await ask(`offsets of group '${groupId}'`, (admin) =>
      admin.fetchOffsets({ groupId, topics }),
    )
    for (const { topic, partitions: offsets } of answer) {
      for (const { partition, offset } of offsets) {
        commits.set(partitionKey({ topic, partition }), wholeNumber(offset, 'committed offset'))
      }
    }
    const limits = new Map(
      await Promise.all(topics.map(async (topic) => [topic, await bounds(topic)] as const)),
    )
    return new Map(
      partitions.map((one) => {
        const key = partitionKey(one)
        const limit = limits.get(one.topic)?.[one.partition] ?? { low: 0, high: 0 }
        return [key, { committed: commits.get(key) ?? -1, ...limit }]
      }),
    )
  }

  return {
    leaders,
    bounds,
    standingOf,
    brokers: async () =>
      (await ask('the cluster', (admin) => admin.describeCluster())).brokers.length,
    async members(groupId) {
      const { groups } = await ask(`members of group '${groupId}'`, (admin) =>
        admin.describeGroups([groupId]),
      )
      return groups.find((group) => group.groupId === groupId)?.members.length ?? 0
    },
    describe: (topics) => ask('topics', (admin) => describe(admin, topics)),
    async create({ name, partitions, replicas, config }) {
      const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }))
      const topic = {
        topic: name,
        numPartitions: partitions,
        replicationFactor: replicas,
        configEntries,
      }
      await ask(`creating '${name}'`, (admin) =>
        admin.createTopics({ topics: [topic], waitForLeaders: false }),
      )
      // A controller answers before every broker knows the topic.
      await settled(() => bounds(name))
    },
    async configure(topic, config) {
      await ask(`configuring '${topic}'`, async (admin) => {
        const present = (await describe(admin, [topic])).get(topic)
        if (present === null || present === undefined) throw topicUnknown(topic)
        // AlterConfigs replaces the whole set.
        const merged = Object.entries({ ...present.config, ...config })
        const configEntries = merged.map(([name, value]) => ({ name, value }))
        const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries }
        await admin.alterConfigs({ validateOnly: false, resources: [resource] })
      })
    },
    close: () => connection.close(),
  }
}

async function describe(
  admin: Admin,
  names: readonly string[],
): Promise<ReadonlyMap<string, TopicState | null>> {
  const existing = new Set(await admin.listTopics())
  const states = new Map<string, TopicState | null>(names.map((name) => [name, null]))
  const present = names.filter((name) => existing.has(name))
  if (present.length === 0) return states
  const { topics } = await admin.fetchTopicMetadata({ topics: present })
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: present.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  })
  for (const { name, partitions } of topics) {
    const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? []
    const own = entries.filter(({ configSource }) => Number(configSource) === topicConfigSource)
    states.set(name, {
      name,
      partitions: partitions.length,
      config: Object.fromEntries(
        own.map(({ configName, configValue }) => [configName, configValue]),
      ),
    })
  }
  return states
}

/** Repeats for a while what fails because a leader moves or a topic is new. */
async function settled<T>(call: () => Promise<T>): Promise<T> {
  for (let left = settleTries; ; left--) {
    try {
      return await call()
    } catch (error) {
      if (left === 0 || !unsettled.has(typeOf(error))) throw error
      await pause(settlePauseMs).over
    }
  }
}

const settleTries = 20
const settlePauseMs = 100
const unsettled = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'topic_unknown',
])

const typeOf = (error: unknown): string => {
  if (error instanceof LogError) return error.code
  return error instanceof Error && 'type' in error ? String(error.type) : ''
}

const isUnknownTopic = (error: unknown): boolean => typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION'
