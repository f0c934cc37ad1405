import { setTimeout as sleep } from 'node:timers/promises'
import { topics } from '@holdpoint/contracts'
import { directions } from './redis.mjs'

/** @typedef {import('../rotation.mjs').FaultKind} FaultKind */
/** @typedef {import('../world.mjs').World} World */

/** Longer than a request may take and than a session with the group lasts (10 s both): no mere delay. */
const halfOpenMs = /** @type {const} */ ([12_000, 18_000])

/**
 * @param {World} world
 * @param {import('../../../infra/stack/fleet.mjs').Node} node
 */
const back = (world, node) => ({
  async afterwards() {
    await node.start()
    await world.untilKafkaWhole()
  },
})

/** @type {readonly FaultKind[]} */
export const kafkaFaults = [
  {
    name: 'Kafka node: kill -9',
    hurts: 'kafka',
    share: 3,
    async inject(world, chance) {
      const { node } = world.nextBroker()
      const harmedAt = performance.now()
      await node.kill()
      // Two of three nodes must do; or it comes back while its partitions look for leaders.
      const heal = chance.hits(0.5) && { heal: () => node.start() }
      return { harmedAt, ...heal, ...back(world, node) }
    },
  },
  {
    name: 'Kafka node: stopped and started, its leaders move',
    hurts: 'kafka',
    share: 1,
    async inject(world) {
      const { node } = world.nextBroker()
      const harmedAt = performance.now()
      await node.stop()
      return { harmedAt, ...back(world, node) }
    },
  },
  {
    name: 'Kafka: leaders of holdpoint.events and session.action move',
    hurts: 'kafka',
    share: 2,
    async inject(world) {
      const harmedAt = performance.now()
      const moved = await leadersAway(world, [topics.internal, topics.action])
      return { harmedAt, heal: moved.back, afterwards: world.untilKafkaWhole }
    },
  },
  {
    name: 'Kafka node: connections half-open',
    hurts: 'kafka',
    share: 1,
    async inject(world, chance) {
      const { proxy } = world.nextBroker()
      proxy.hold(chance.pick(directions))
      await sleep(chance.between(...halfOpenMs))
      return {
        async heal() {
          // What was held comes late, or never.
          if (chance.hits(0.5)) proxy.cut()
          proxy.pass()
        },
        afterwards: world.untilKafkaWhole,
      }
    },
  },
  {
    name: 'Kafka node: connections cut',
    hurts: 'kafka',
    share: 1,
    async inject(world, chance) {
      const { proxy } = world.nextBroker()
      for (let cuts = 0; cuts < 5; cuts += 1) {
        await sleep(chance.between(100, 600))
        proxy.cut()
      }
      return { harmedAt: performance.now(), afterwards: world.untilKafkaWhole }
    },
  },
]

/** @typedef {import('kafkajs').ITopicMetadata} TopicMetadata */
/** @typedef {import('kafkajs').PartitionMetadata} PartitionMetadata */

const moveMs = 30_000

/**
 * Takes every partition from its leader, whom all other replicas outlive, and gives it back as the last
 * choice.
 *
 * @param {World} world
 * @param {string[]} names of topics
 * @returns {Promise<{ back: () => Promise<void> }>}
 * @throws {Error} where a leader stays
 */
async function leadersAway({ kafka }, names) {
  return asAdmin(kafka, async (admin) => {
    const metadata = async () => (await admin.fetchTopicMetadata({ topics: names })).topics
    const before = await metadata()
    const others = (/** @type {PartitionMetadata} */ { replicas, leader }) =>
      replicas.filter((id) => id !== leader)
    await admin.alterPartitionReassignments({ topics: assigned(before, others) })
    const end = performance.now() + moveMs
    while (anyLeaderOf(before, await metadata())) {
      if (performance.now() > end) throw new Error(`a leader of ${names.join(', ')} did not move`)
      await sleep(200)
    }
    const lastChoice = (/** @type {PartitionMetadata} */ partition) => [
      ...others(partition),
      partition.leader,
    ]
    return {
      back: () =>
        asAdmin(kafka, async (again) => {
          await again.alterPartitionReassignments({ topics: assigned(before, lastChoice) })
        }),
    }
  })
}

/**
 * @param {readonly TopicMetadata[]} topics
 * @param {(partition: PartitionMetadata) => number[]} replicas
 */
const assigned = (topics, replicas) =>
  topics.map(({ name, partitions }) => ({
    topic: name,
    partitionAssignment: partitions.map((partition) => ({
      partition: partition.partitionId,
      replicas: replicas(partition),
    })),
  }))

/**
 * Whether a partition has the leader still that it had before.
 *
 * @param {readonly TopicMetadata[]} before
 * @param {readonly TopicMetadata[]} now
 */
function anyLeaderOf(before, now) {
  const leaders = new Map(
    before.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionId, leader }) => [`${name}:${partitionId}`, leader]),
    ),
  )
  return now.some(({ name, partitions }) =>
    partitions.some(({ partitionId, leader }) => leaders.get(`${name}:${partitionId}`) === leader),
  )
}

/**
 * @template T
 * @param {import('kafkajs').Kafka} kafka
 * @param {(admin: import('kafkajs').Admin) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function asAdmin(kafka, work) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}
