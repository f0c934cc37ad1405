import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { portTaken } from '../../infra/stack/answers.mjs'
import { type Fleet, startFleet, stopLeftovers } from '../../infra/stack/fleet.mjs'
import type { Node } from '../../infra/stack/fleet-node.mjs'
import { redisCommand } from '../../infra/stack/redis-command.mjs'
import {
  failOver,
  flushAll,
  follow,
  promote,
  rejoin,
  resumeReplication,
  stopReplication,
  untilReplicated,
} from '../../infra/stack/redis-control.mjs'
import { restore, snapshot } from '../../infra/stack/redis-data.mjs'
import { redisMasters, replicaOf, untilRedisWhole } from '../../infra/stack/redis-layout.mjs'
import { type Proxy as FaultProxy, startProxy } from './proxy.mjs'

const basePort = 21_500
const deadlineMs = 180_000
const writes = 50
const redisAlone = { redis: 'replica', kafka: 0, registry: false } as const

const nodeOf = (fleet: Fleet, name: string): Node =>
  fleet.nodes.get(name) ?? expect.fail(`the fleet has no ${name}`)

describe('a fleet', () => {
  let dir: string
  let fleet: Fleet | undefined
  const proxies: FaultProxy[] = []

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'holdpoint-fleet-'))
  })

  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
    await fleet?.stop()
    fleet = undefined
    rmSync(dir, { recursive: true, force: true })
  })

  it.each(['replica', 'cluster', 'sentinel'] as const)(
    'with Redis as %s survives the loss of a broker and of a master, and leaves no process behind',
    async (redis) => {
      // The registry, and brokers that only proxies lead to, are the same in each: once is enough.
      const behindProxies = redis === 'replica'
      const port = (id: number): number => basePort + (behindProxies ? 70 : 0) + id
      fleet = await startFleet({
        dir,
        basePort,
        redis,
        registry: redis === 'replica',
        advertised: ({ id }) => port(id),
      })
      if (behindProxies)
        for (const id of [1, 2, 3])
          proxies.push(await startProxy({ port: port(id), to: nodeOf(fleet, `kafka-${id}`).port }))
      expect(fleet.addresses['HOLDPOINT_REDIS_URL']).toMatch(/^redis/)
      expect(await answering(fleet)).toEqual([...fleet.nodes.keys()])

      await Promise.all([brokerIsLost(fleet, proxies), masterIsLost(fleet)])
      if (redis === 'replica') {
        await oldDataComeBack(fleet)
        await replicaIsPromotedBesideItsMaster(fleet)
      }

      const pids = [...fleet.nodes.values()].map(({ pid }) => pid)
      await fleet.stop()
      await fleet.stop()
      expect(pids.filter((pid) => pid !== undefined && isAlive(pid))).toEqual([])
      for (const { port } of fleet.nodes.values()) expect(await portTaken(port)).toBe(false)
      expect(await stopLeftovers(dir)).toEqual([])
    },
    deadlineMs,
  )

  it('dies with the process that started it, even at kill -9', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', starterOf(dir)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said] = await once(child.stdout, 'data')
    const pids: number[] = JSON.parse(String(said))
    expect(pids.map(isAlive)).toEqual([true, true])
    child.kill('SIGKILL')
    await expect.poll(() => pids.map(isAlive), { timeout: 10_000 }).toEqual([false, false])
  })

  it('refuses ports that are taken, and hurts nobody who has them', async () => {
    fleet = await startFleet({ dir, basePort, ...redisAlone })
    const elsewhere = join(dir, 'second')
    await expect(startFleet({ dir: elsewhere, basePort, ...redisAlone })).rejects.toThrow(
      `port ${basePort + 41} is taken by another program`,
    )
    expect(await answering(fleet)).toEqual(['redis-1', 'redis-2'])
  })
})

/** A program that starts a fleet, says its pids, and stays. */
const starterOf = (dir: string): string => `
  import { startFleet } from '${import.meta.resolve('../../infra/stack/fleet.mjs')}'
  const { nodes } = await startFleet(${JSON.stringify({ dir, basePort, ...redisAlone })})
  console.log(JSON.stringify([...nodes.values()].map(({ pid }) => pid)))
  setInterval(() => {}, 1_000)
`

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function answering({ nodes }: Fleet): Promise<string[]> {
  const answers = [...nodes.values()].map(async (node) =>
    (await node.answers()) ? [node.name] : [],
  )
  return (await Promise.all(answers)).flat()
}

/** What was acknowledged by all brokers is there after the leader was killed, and appends go on. */
async function brokerIsLost(fleet: Fleet, proxies: readonly FaultProxy[]): Promise<void> {
  const kafka = new Kafka({
    brokers: fleet.addresses['HOLDPOINT_KAFKA_BROKERS']!.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 60 },
  })
  const admin = kafka.admin()
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  const consumer = kafka.consumer({ groupId: 'witness', maxWaitTimeInMs: 100 })
  await Promise.all([admin.connect(), producer.connect()])
  const topic = 'survivors'
  const append = (value: string) =>
    producer.send({ topic, acks: -1, messages: [{ partition: 0, value }] })
  try {
    // kafkajs itself fails on a broker that has not heard of the topic yet.
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 1 }] })
    const known = () =>
      leaderOf(admin, topic).then(
        ({ id }) => id > 0,
        () => false,
      )
    await expect.poll(known, { timeout: 30_000 }).toBe(true)
    expect(await configOf(admin, topic)).toMatchObject({
      'min.insync.replicas': '2',
      'unclean.leader.election.enable': 'false',
    })
    await append('before')
    const leader = await leaderOf(admin, topic)
    expect(leader.replicas).toHaveLength(3)
    const broker = nodeOf(fleet, `kafka-${leader.id}`)
    await broker.kill()
    // Else it accepts for the dead broker, which kafkajs takes for alive again and again.
    await proxies[leader.id - 1]?.close()
    expect(broker.pid).toBeUndefined()
    expect(await broker.answers()).toBe(false)
    await append('after')
    expect((await leaderOf(admin, topic)).id).not.toBe(leader.id)

    const values: string[] = []
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => void values.push(`${message.value}`) })
    await expect.poll(() => values, { timeout: 30_000 }).toEqual(['before', 'after'])
    await broker.start()
    expect(await broker.answers()).toBe(true)
  } finally {
    await Promise.all([consumer.disconnect(), producer.disconnect(), admin.disconnect()])
  }
}

async function configOf(admin: ReturnType<Kafka['admin']>, topic: string) {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
  })
  const entries = resources[0]?.configEntries ?? []
  return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]))
}

async function leaderOf(admin: ReturnType<Kafka['admin']>, topic: string) {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const { leader, replicas } = topics[0]!.partitions[0]!
  return { id: leader, replicas }
}

/** Acknowledged writes that a cut-off replica has not got are gone after its promotion; older ones are not. */
async function masterIsLost(fleet: Fleet): Promise<void> {
  const master = (await redisMasters(fleet))[0]!
  const replica = await replicaOf(fleet, master)
  const key = await keyOf(master)
  await redisCommand(master, 'RPUSH', key, 'kept')
  await untilReplicated(master, replica)
  await stopReplication(replica)
  for (let count = 1; count <= writes; count += 1)
    expect(await redisCommand(master, 'RPUSH', key, 'lost')).toBe(String(count + 1))

  const failover = await failOver(fleet, master)
  expect(failover).toEqual({ killed: master, promoted: replica })
  expect(await redisCommand(replica, 'RPUSH', key, 'after')).toBe('2')
  await rejoin(fleet, failover)
  await untilRedisWhole(fleet)
  expect((await redisMasters(fleet)).includes(replica)).toBe(true)
  expect(await redisCommand(replica, 'LRANGE', key, '0', '-1')).toBe('kept\nafter')
}

/** A key that this master of a cluster holds; any, elsewhere. */
async function keyOf(master: Node): Promise<string> {
  for (let n = 0; n < 100; n += 1) {
    const key = `{tag-${n}}`
    if (
      await redisCommand(master, 'GET', key).then(
        () => true,
        () => false,
      )
    )
      return key
  }
  return expect.fail(`${master.title} holds none of 100 keys`)
}

/** An older data folder put back takes master and replica to what they were, and a flush to nothing. */
async function oldDataComeBack(fleet: Fleet): Promise<void> {
  const master = (await redisMasters(fleet))[0]!
  const replica = await replicaOf(fleet, master)
  const copy = join(master.dataDir, '../copy')
  await redisCommand(master, 'SET', 'word', 'old')
  snapshot(master, copy)
  await redisCommand(master, 'SET', 'word', 'new')
  await restore(master, copy)
  expect(await redisCommand(master, 'GET', 'word')).toBe('old')
  await untilRedisWhole(fleet)
  expect(await redisCommand(replica, 'GET', 'word')).toBe('old')

  await stopReplication(replica)
  await flushAll(fleet)
  expect(await redisCommand(master, 'DBSIZE')).toBe('0')
  expect(await redisCommand(replica, 'GET', 'word')).toBe('old')
  await resumeReplication(replica)
  await untilReplicated(master, replica)
  expect(await redisCommand(replica, 'DBSIZE')).toBe('0')
}

/** Two masters at once: what the old one alone acknowledged is gone when it follows the new one. */
async function replicaIsPromotedBesideItsMaster(fleet: Fleet): Promise<void> {
  const old = (await redisMasters(fleet))[0]!
  const promoted = await replicaOf(fleet, old)
  await promote(promoted)
  expect(await redisMasters(fleet)).toHaveLength(2)
  expect(await redisCommand(old, 'RPUSH', 'beside', 'lost')).toBe('1')
  expect(await redisCommand(promoted, 'RPUSH', 'beside', 'kept')).toBe('1')
  await follow(old, promoted)
  await untilRedisWhole(fleet)
  expect(await redisCommand(old, 'LRANGE', 'beside', '0', '-1')).toBe('kept')
}
