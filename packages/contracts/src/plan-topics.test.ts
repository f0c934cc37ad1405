import { describe, expect, test } from 'vitest'
import {
  applyPlan,
  type PlannedTopic,
  planTopics,
  type SchemaRegistryPort,
  type TopicPorts,
} from './index.ts'
import { topics, topicTable } from './topics.ts'

/** A broker and a registry that remember what they are told. */
function world(): TopicPorts & {
  topics: Map<string, PlannedTopic>
  subjects: Map<string, { schemas: string[]; level: string | null }>
  compatible: boolean
} {
  const known = new Map<string, PlannedTopic>()
  const subjects = new Map<string, { schemas: string[]; level: string | null }>()
  const self = { topics: known, subjects, compatible: true }
  const registry: SchemaRegistryPort = {
    lookUp: async (subject, schema) => {
      const index = subjects.get(subject)?.schemas.indexOf(schema) ?? -1
      return index < 0 ? null : index + 1
    },
    latest: async (subject) => {
      const length = subjects.get(subject)?.schemas.length
      return length === undefined ? null : { id: length, version: length }
    },
    isCompatible: async () => self.compatible,
    register: async (subject, schema) => {
      const entry = subjects.get(subject) ?? { schemas: [], level: null }
      subjects.set(subject, entry)
      return entry.schemas.push(schema)
    },
    compatibility: async (subject) => subjects.get(subject)?.level ?? null,
    setCompatibility: async (subject, level) => {
      const entry = subjects.get(subject)
      if (entry === undefined) throw new Error(`${subject} is not registered yet`)
      entry.level = level
    },
  }
  const admin: TopicPorts['admin'] = {
    describe: async (names) => new Map(names.map((name) => [name, known.get(name) ?? null])),
    create: async (topic) => {
      known.set(topic.name, topic)
    },
    configure: async (name, config) => {
      known.set(name, { ...known.get(name)!, config })
    },
  }
  return Object.assign(self, { admin, registry })
}

async function applied() {
  const ports = world()
  await applyPlan(await planTopics(ports, { replicas: 3 }), ports)
  return ports
}

const schemas = topicTable.filter(({ schema }) => schema !== null).length

describe('planning topics', () => {
  test('an empty cluster gets all topics and schemas, each as a line to read', async () => {
    const { changes, faults } = await planTopics(world(), { replicas: 3 })
    expect(faults).toEqual([])
    expect(changes).toHaveLength(topicTable.length + 2 * schemas)
    const lines = changes.map(({ line }) => line)
    expect(lines).toContain(
      'create topic holdpoint.events: 24 partitions, 3 replicas, cleanup.policy=delete, retention.ms=604800000, min.insync.replicas=2, message.timestamp.type=LogAppendTime',
    )
    expect(lines).toContain(
      'register schema session-login.avsc under session.login-value, the first',
    )
    expect(lines).toContain(
      'set compatibility of session.login-value: unset -> BACKWARD_TRANSITIVE',
    )
  })

  test('after it is applied there is nothing left to do', async () => {
    expect(await planTopics(await applied(), { replicas: 3 })).toEqual({ changes: [], faults: [] })
  })

  test('one replica needs no second in sync, as no write would succeed', async () => {
    const ports = world()
    await applyPlan(await planTopics(ports, { replicas: 1 }), ports)
    expect(ports.topics.get(topics.internal)?.config['min.insync.replicas']).toBe('1')
    expect(await planTopics(ports, { replicas: 1 })).toEqual({ changes: [], faults: [] })
  })

  test('a setting that differs is told with both values and set with all the others', async () => {
    const ports = await applied()
    const login = ports.topics.get(topics.login)!
    ports.topics.set(topics.login, { ...login, config: { ...login.config, 'retention.ms': '1' } })
    const plan = await planTopics(ports, { replicas: 3 })
    expect(plan.changes.map(({ line }) => line)).toEqual([
      'configure topic session.login: retention.ms 1 -> 604800000',
    ])
    await applyPlan(plan, ports)
    expect(ports.topics.get(topics.login)?.config).toEqual(login.config)
  })

  test('fewer partitions than stated are a fault with its mend, more are not', async () => {
    const ports = await applied()
    const login = ports.topics.get(topics.login)!
    ports.topics.set(topics.login, { ...login, partitions: 99 })
    expect((await planTopics(ports, { replicas: 3 })).faults).toEqual([])
    ports.topics.set(topics.login, { ...login, partitions: 3 })
    const plan = await planTopics(ports, { replicas: 3 })
    expect(plan.faults).toEqual([
      'topic session.login has 3 partitions and 12 are stated: add partitions with kafka-topics --alter --topic session.login --partitions 12',
    ])
  })

  test.each([12, 48])(
    'the internal log with %d partitions is never changed',
    async (partitions) => {
      const ports = await applied()
      ports.topics.set(topics.internal, { ...ports.topics.get(topics.internal)!, partitions })
      const { changes, faults } = await planTopics(ports, { replicas: 3 })
      expect(changes).toEqual([])
      expect(faults).toEqual([expect.stringContaining('never change them')])
    },
  )

  test('a schema that cannot follow the last one is a fault, and nothing is applied', async () => {
    const ports = await applied()
    ports.subjects.get('session.revoked-value')!.schemas = ['"string"']
    ports.topics.delete(topics.shadow)
    ports.compatible = false
    const plan = await planTopics(ports, { replicas: 3 })
    expect(plan.faults).toEqual([
      expect.stringContaining(
        'session-revoked.avsc cannot follow version 1 of session.revoked-value',
      ),
    ])
    await expect(applyPlan(plan, ports)).rejects.toThrow(/cannot follow/)
    expect(ports.topics.has(topics.shadow)).toBe(false)
  })

  test('a newer schema is registered after the last, and a level that was changed is set back', async () => {
    const ports = await applied()
    const subject = ports.subjects.get('session.revoked-value')!
    subject.schemas = ['"string"']
    subject.level = 'NONE'
    const plan = await planTopics(ports, { replicas: 3 })
    expect(plan.changes.map(({ line }) => line)).toEqual([
      'register schema session-revoked.avsc under session.revoked-value, after version 1',
      'set compatibility of session.revoked-value: NONE -> FULL_TRANSITIVE',
    ])
    await applyPlan(plan, ports)
    expect(await planTopics(ports, { replicas: 3 })).toEqual({ changes: [], faults: [] })
  })

  test('without a registry only topics are planned', async () => {
    const { changes } = await planTopics({ ...world(), registry: null }, { replicas: 3 })
    expect(changes.map(({ kind }) => kind)).toEqual(topicTable.map(() => 'create-topic'))
  })
})
