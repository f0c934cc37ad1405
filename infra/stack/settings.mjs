import path from 'node:path'
import { MendableError } from '../bin/lib/command.mjs'
import { root } from '../bin/lib/workspace.mjs'

/**
 * Where the local stack lives and listens.
 *
 * @typedef {object} StackSettings
 * @property {string} dir everything that is downloaded, written or running, outside of git
 * @property {number} kafkaPort the first node's; its controller takes the next one
 * @property {number} registryPort
 * @property {number} redisPort
 */

/**
 * Reads the settings; the defaults keep clear of a Kafka and a Redis that already run at home.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {StackSettings}
 * @throws {MendableError} when a port is none, or is given twice
 */
export function stackSettings(env = process.env) {
  const settings = {
    dir: path.join(root, '.stack'),
    kafkaPort: port(env, 'HOLDPOINT_STACK_KAFKA_PORT', 19_092),
    registryPort: port(env, 'HOLDPOINT_STACK_REGISTRY_PORT', 18_081),
    redisPort: port(env, 'HOLDPOINT_STACK_REDIS_PORT', 16_379),
  }
  const used = [
    settings.kafkaPort,
    settings.kafkaPort + 1,
    settings.registryPort,
    settings.redisPort,
  ]
  if (new Set(used).size < used.length)
    throw new MendableError(
      `the stack's ports collide: Kafka takes ${used[0]} and ${used[1]}, the registry ${used[2]}, Redis ${used[3]}; ` +
        'set HOLDPOINT_STACK_KAFKA_PORT, HOLDPOINT_STACK_REGISTRY_PORT and HOLDPOINT_STACK_REDIS_PORT apart',
    )
  return settings
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} name
 * @param {number} otherwise
 */
function port(env, name, otherwise) {
  const text = env[name]
  if (text === undefined || text === '') return otherwise
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= 65_534) return number
  throw new MendableError(`${name}=${text} is not a port: give a whole number from 1 to 65534`)
}

/**
 * What a program needs to know of a stack, under the names that Holdpoint's services read.
 *
 * @typedef {object} StackAddresses
 * @property {string} HOLDPOINT_KAFKA_BROKERS
 * @property {string} HOLDPOINT_REDIS_URL
 * @property {string} HOLDPOINT_REGISTRY_URL
 */

/**
 * @param {StackSettings} settings
 * @returns {StackAddresses}
 */
export function stackAddresses({ kafkaPort, registryPort, redisPort }) {
  return {
    HOLDPOINT_KAFKA_BROKERS: `127.0.0.1:${kafkaPort}`,
    HOLDPOINT_REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    HOLDPOINT_REGISTRY_URL: `http://127.0.0.1:${registryPort}/apis/ccompat/v7`,
  }
}
