import { existsSync } from 'node:fs'
import { MendableError, run, runOrExplain, step } from '../bin/lib/command.mjs'

/**
 * A program that must be on the machine.
 *
 * @typedef {object} Tool
 * @property {string} name as a person knows it
 * @property {string} command
 * @property {string} debianPackage
 * @property {readonly string[]} probe arguments with which it succeeds where it is whole
 * @property {(output: string) => boolean} [isEnough] judges what the probe printed
 */

/** What the native stack cannot do without. @type {readonly Tool[]} */
export const stackTools = [
  {
    name: 'Java 17 or newer',
    command: 'java',
    debianPackage: 'openjdk-17-jre-headless',
    probe: ['-version'],
    isEnough: (output) => Number(/version "(\d+)/.exec(output)?.[1] ?? 0) >= 17,
  },
  {
    name: 'Maven',
    command: 'mvn',
    debianPackage: 'maven',
    probe: ['--version'],
  },
  {
    name: 'Redis 7 or newer',
    command: 'redis-server',
    debianPackage: 'redis-server',
    probe: ['--version'],
    isEnough: (output) => Number(/v=(\d+)/.exec(output)?.[1] ?? 0) >= 7,
  },
]

/** What a fleet needs besides. @type {readonly Tool[]} */
export const fleetTools = [
  ...stackTools,
  {
    name: 'redis-cli of Redis 7 or newer',
    command: 'redis-cli',
    debianPackage: 'redis-tools',
    probe: ['--version'],
    isEnough: (output) => Number(/redis-cli (\d+)/.exec(output)?.[1] ?? 0) >= 7,
  },
]

/** The other ways to a stack, for who cannot install those tools. */
export const otherStacks = [
  'start a Docker engine, whose Kafka, registry and Redis are used then',
  'point HOLDPOINT_KAFKA_BROKERS, HOLDPOINT_REDIS_URL and HOLDPOINT_REGISTRY_URL at a stack that runs',
]

/**
 * Those of the tools that are not here, or are too old.
 *
 * @param {readonly Tool[]} tools
 * @param {typeof run} runCommand
 * @returns {Promise<Tool[]>}
 */
export async function missingTools(tools, runCommand = run) {
  const found = await Promise.all(
    tools.map(async ({ command, probe, isEnough = () => true }) => {
      const { code, output } = await runCommand(command, probe)
      return code === 0 && isEnough(output)
    }),
  )
  return tools.filter((_, index) => !found[index])
}

/**
 * Makes sure that the tools are here: installs what is missing where it may (root on Debian).
 *
 * @param {readonly Tool[]} tools
 * @param {readonly string[]} [otherWays] what helps as well
 * @throws {MendableError} naming what is missing and how to get it
 */
export async function requireTools(tools, otherWays = []) {
  const missing = await missingTools(tools)
  if (missing.length === 0) return
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version'))
    throw new MendableError(missingMessage(missing, otherWays))
  await aptInstall(missing.map((tool) => tool.debianPackage))
  const still = await missingTools(tools)
  if (still.length > 0) throw new MendableError(missingMessage(still, otherWays))
}

/**
 * @param {readonly Tool[]} missing
 * @param {readonly string[]} otherWays
 */
export function missingMessage(missing, otherWays) {
  const names = missing.map((tool) => `${tool.name} (\`${tool.command}\`)`).join(', ')
  const packages = missing.map((tool) => tool.debianPackage).join(' ')
  const ways = [`install it; on Debian: sudo apt-get install ${packages}`, ...otherWays]
  return [`this machine lacks ${names}. What helps:`, ...ways.map((way) => `  ${way}`)].join('\n')
}

/**
 * Installs Debian packages as root; a mirror that fails is asked three times.
 *
 * @param {readonly string[]} packages
 */
async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (/** @type {string[]} */ ...args) =>
    runOrExplain('apt-get', ['-q', '-y', '-o', 'Acquire::Retries=3', ...args], { env })
  await step(`installing ${packages.join(', ')} with apt-get`, () =>
    withRetries(async () => {
      await apt('update')
      await apt('install', '--no-install-recommends', ...packages)
    }),
  )
}

/**
 * Does `work` up to three times, five seconds apart, and throws what the last one threw.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @param {number} pauseMs
 * @returns {Promise<T>}
 */
export async function withRetries(work, pauseMs = 5_000) {
  for (let left = 2; ; left -= 1) {
    try {
      return await work()
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}
