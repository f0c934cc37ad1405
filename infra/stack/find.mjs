import { MendableError, say } from '../bin/lib/command.mjs'
import { dockerAnswers, downInDocker, upInDocker } from './docker.mjs'
import { down, status, up } from './native.mjs'
import { stackAddresses, stackSettings } from './settings.mjs'

/** @typedef {import('./settings.mjs').StackAddresses} StackAddresses */

const dockerStack = { dockerAnswers, upInDocker, downInDocker }
const nativeStack = { up, down, status }

/**
 * A stack to test on.
 *
 * @typedef {object} FoundStack
 * @property {StackAddresses} addresses to be set in the environment of what is tested
 * @property {() => Promise<void>} release stops what was started for this; what ran before runs on
 */

/**
 * Finds Kafka, a schema registry and Redis: at the addresses that the environment gives, else in Docker
 * if an engine answers, else as processes of this machine. What it starts begins without data.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {typeof dockerStack} docker
 * @param {typeof nativeStack} native
 * @returns {Promise<FoundStack>}
 * @throws {MendableError} naming what is missing
 */
export async function findStack(env = process.env, docker = dockerStack, native = nativeStack) {
  const given = givenAddresses(env)
  if (given !== undefined) return { addresses: given, release: async () => {} }
  const settings = stackSettings(env)
  const addresses = stackAddresses(settings)
  if (await docker.dockerAnswers()) {
    const started = await docker.upInDocker(settings)
    return { addresses, release: () => docker.downInDocker(started) }
  }
  const ranBefore = (await native.status(settings)).some(({ pid }) => pid !== undefined)
  if (ranBefore) say('using what runs of the native stack already')
  const started = await native.up(settings, { fresh: !ranBefore })
  return {
    addresses,
    release: async () => (started.length > 0 ? native.down(settings, started) : undefined),
  }
}

/**
 * The addresses that the environment gives: all or none of them.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {StackAddresses | undefined}
 * @throws {MendableError} naming those that lack beside those that are set
 */
export function givenAddresses(env) {
  const {
    HOLDPOINT_KAFKA_BROKERS = '',
    HOLDPOINT_REDIS_URL = '',
    HOLDPOINT_REGISTRY_URL = '',
  } = env
  const addresses = { HOLDPOINT_KAFKA_BROKERS, HOLDPOINT_REDIS_URL, HOLDPOINT_REGISTRY_URL }
  const names = Object.entries(addresses)
  const missing = names.filter(([, value]) => value === '').map(([name]) => name)
  if (missing.length === names.length) return undefined
  if (missing.length === 0) return addresses
  const set = names.filter(([, value]) => value !== '').map(([name]) => name)
  throw new MendableError(
    `${set.join(' and ')} ${set.length === 1 ? 'is' : 'are'} set but not ${missing.join(' and ')}: ` +
      'set all three to test on that stack, or none',
  )
}
