import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run, runOrExplain } from '../bin/lib/command.mjs'
import { kafkaAnswers, redisAnswers, registryAnswers } from './answers.mjs'
import { versions } from './download.mjs'

/**
 * One process of the native stack.
 *
 * @typedef {object} Part
 * @property {string} name names its data, log and pid files, too
 * @property {string} title
 * @property {() => Promise<string>} version
 * @property {number} port
 * @property {string} portVariable the setting that moves it
 * @property {() => Promise<boolean>} answers whether it serves, not merely listens
 * @property {(files: Files) => Promise<{ command: string, args: string[] }>} prepare writes what it
 *   needs and says how it is started
 */

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
const javaFlags = ['-XX:+UseSerialGC']

/**
 * The parts of the stack. They need nothing of each other, so they may start together; further Kafka
 * nodes would be further entries.
 *
 * @param {import('./settings.mjs').StackSettings} settings
 * @returns {Part[]}
 */
export function stackParts({ kafkaPort, registryPort, redisPort }) {
  return [kafkaNode(1, kafkaPort), registry(registryPort), redis(redisPort)]
}

/**
 * @param {number} id
 * @param {number} port its controller listens on the next one
 * @returns {Part}
 */
function kafkaNode(id, port) {
  return {
    name: `kafka-${id}`,
    title: 'Kafka',
    version: async () => versions.kafka,
    port,
    portVariable: 'HOLDPOINT_STACK_KAFKA_PORT',
    answers: () => kafkaAnswers(port),
    async prepare({ data, kafkaClasspath }) {
      const properties = path.join(data, 'server.properties')
      const java = ['-Xmx512m', ...javaFlags, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
      mkdirSync(data, { recursive: true })
      writeFileSync(properties, kafkaProperties(id, port, path.join(data, 'log')))
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
 * @param {number} port
 * @param {string} logDir
 */
function kafkaProperties(id, port, logDir) {
  const settings = {
    ...brokerSettings,
    'node.id': id,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}`,
    'controller.quorum.voters': `${id}@127.0.0.1:${port + 1}`,
    'log.dirs': logDir,
    // Fifty partitions of offsets are for clusters: here they only cost start-up time.
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 4,
  }
  return Object.entries(settings)
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
    portVariable: 'HOLDPOINT_STACK_REDIS_PORT',
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

async function redisVersion() {
  const { output } = await run('redis-server', ['--version'])
  return /v=(\S+)/.exec(output)?.[1] ?? 'unknown'
}

/**
 * @param {number} port
 * @returns {Part}
 */
function registry(port) {
  return {
    name: 'registry',
    title: 'Apicurio registry',
    version: async () => versions.registry,
    port,
    portVariable: 'HOLDPOINT_STACK_REGISTRY_PORT',
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
      return { command: 'java', args: ['-Xmx384m', ...javaFlags, ...flags, '-jar', registryJar] }
    },
  }
}
