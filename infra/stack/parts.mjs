import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run, runOrExplain } from '../bin/lib/command.mjs'
import { kafkaAnswers, redisAnswers, registryAnswers } from './answers.mjs'
import { versions } from './download.mjs'

/**
 * One process of the native stack, or of a fleet.
 *
 * @typedef {object} Part
 * @property {string} name names its data, log and pid files, too
 * @property {string} title
 * @property {() => Promise<string>} version
 * @property {number} port
 * @property {() => Promise<boolean>} answers whether it serves, not merely listens
 * @property {(files: Files) => Promise<{ command: string, args: string[] }>} prepare writes what it
 *   needs and says how it is started
 */

/** @typedef {Part & { portVariable: string }} StackPart a part, with the setting that moves its port */

/**
 * @typedef {object} Files
 * @property {string} data this part's own folder
 * @property {string} kafkaClasspath
 * @property {string} registryJar
 */

/** What every broker is told; docker-compose.yml says the same. */
export const brokerSettings = {
  'process.roles': 'broker,controller',
  'controller.listener.names': 'CONTROLLER',
  'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
}

/** What Redis is told; docker-compose.yml says the same. State must never be evicted, and outlive a restart. */
export const redisSettings = {
  '--maxmemory': '512mb',
  '--maxmemory-policy': 'noeviction',
  '--appendonly': 'yes',
  '--save': '',
}

const clusterId = '5L6g3nShT-eMCtK--X86sw'
const smallJava = ['-XX:+UseSerialGC']

/**
 * The parts of the stack. They need nothing of each other, so they may start together.
 *
 * @param {import('./settings.mjs').StackSettings} settings
 * @returns {StackPart[]}
 */
export function stackParts({ kafkaPort, registryPort, redisPort }) {
  return [
    {
      ...kafkaPart({ id: 1, port: kafkaPort, heapMb: 512, settings: singleNode(kafkaPort) }),
      title: 'Kafka',
      portVariable: 'HOLDPOINT_STACK_KAFKA_PORT',
    },
    { ...registryPart(registryPort), portVariable: 'HOLDPOINT_STACK_REGISTRY_PORT' },
    { ...redis(redisPort), portVariable: 'HOLDPOINT_STACK_REDIS_PORT' },
  ]
}

/**
 * A cluster of one; its controller listens on the port after the broker's.
 *
 * @param {number} port
 */
function singleNode(port) {
  return {
    ...brokerSettings,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}`,
    'controller.quorum.voters': `1@127.0.0.1:${port + 1}`,
  }
}

/**
 * A Kafka node. `settings` hold its listeners and its quorum; the id and the folders are added here.
 *
 * @param {{ id: number, port: number, heapMb: number, settings: Record<string, string | number>, javaFlags?: readonly string[] }} node
 * @returns {Part}
 */
export function kafkaPart({ id, port, heapMb, settings, javaFlags = [] }) {
  return {
    name: `kafka-${id}`,
    title: `Kafka node ${id}`,
    version: async () => versions.kafka,
    port,
    answers: () => kafkaAnswers(port),
    async prepare({ data, kafkaClasspath }) {
      const properties = path.join(data, 'server.properties')
      const java = [
        `-Xmx${heapMb}m`,
        ...smallJava,
        ...javaFlags,
        '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      ]
      mkdirSync(data, { recursive: true })
      writeFileSync(properties, kafkaProperties(id, path.join(data, 'log'), settings))
      if (!existsSync(path.join(data, 'log/meta.properties')))
        await runOrExplain('java', [
          ...java,
          ...['-cp', kafkaClasspath, 'kafka.tools.StorageTool', 'format'],
          ...['-t', clusterId, '-c', properties],
        ])
      return {
        command: 'java',
        args: [...java, '-cp', kafkaClasspath, 'kafka.Kafka', properties],
      }
    },
  }
}

/**
 * @param {number} id
 * @param {string} logDir
 * @param {Record<string, string | number>} settings
 */
function kafkaProperties(id, logDir, settings) {
  const all = {
    ...settings,
    'node.id': id,
    'log.dirs': logDir,
    // Fifty partitions of offsets are for big clusters: here they only cost start-up time.
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 4,
  }
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

/**
 * @param {number} port
 * @returns {Part}
 */
function redis(port) {
  return {
    name: 'redis',
    title: 'Redis',
    version: redisVersion,
    port,
    answers: () => redisAnswers(port),
    async prepare({ data }) {
      mkdirSync(data, { recursive: true })
      const address = ['--bind', '127.0.0.1', '--port', String(port), '--dir', data]
      return {
        command: 'redis-server',
        args: [...address, ...Object.entries(redisSettings).flat()],
      }
    },
  }
}

/** The version of the Redis of this machine. */
export async function redisVersion() {
  const { output } = await run('redis-server', ['--version'])
  return /v=(\S+)/.exec(output)?.[1] ?? 'unknown'
}

/**
 * The schema registry.
 *
 * @param {number} port
 * @param {readonly string[]} [javaFlags]
 * @returns {Part}
 */
export function registryPart(port, javaFlags = []) {
  return {
    name: 'registry',
    title: 'Apicurio registry',
    version: async () => versions.registry,
    port,
    answers: () => registryAnswers(port),
    async prepare({ data, registryJar }) {
      mkdirSync(data, { recursive: true })
      const quarkus = {
        'quarkus.http.host': '127.0.0.1',
        'quarkus.http.port': port,
        // In a file rather than in memory: schema ids must outlive a restart, as the records do that name them.
        'apicurio.datasource.url': `jdbc:h2:file:${path.join(data, 'registry')}`,
      }
      const flags = Object.entries(quarkus).map(([key, value]) => `-D${key}=${value}`)
      return {
        command: 'java',
        args: ['-Xmx384m', ...smallJava, ...javaFlags, ...flags, '-jar', registryJar],
      }
    },
  }
}
