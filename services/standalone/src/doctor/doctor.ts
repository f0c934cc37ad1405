/** `holdpoint doctor`: is everything there that Holdpoint needs, and fit for it. */
import { editionAgeMs, geoipLitePlaces, ingestConfig } from '@holdpoint/ingest'
import {
  kafkaConnection,
  kafkaVariables,
  loadConfig,
  redisUrl,
  registryUrl,
} from '@holdpoint/runtime'
import type { Environment } from '../environment.ts'
import { type Finding, fail, messageOf, ok, warn } from './check.ts'
import { checkStreams } from './kafka.ts'
import { checkRedis } from './redis.ts'

const { geoDataDir } = ingestConfig
export const doctorConfig = { ...kafkaVariables, redisUrl, registryUrl, geoDataDir }

const nodeMin = [20, 19] as const
const dayMs = 86_400_000
const geoWarnDays = 90

/**
 * Looks at everything at once and answers within seconds, also where nothing is reachable.
 * @throws ConfigError
 */
export async function examine(env: Environment): Promise<readonly Finding[]> {
  const config = loadConfig(doctorConfig, env)
  const [streams, redis] = await Promise.all([
    checkStreams(kafkaConnection(config), config.registryUrl),
    checkRedis(config.redisUrl),
  ])
  return [checkNode(process.versions.node), ...streams, ...redis, checkGeoData(config.geoDataDir)]
}

const addresses = { kafka: kafkaVariables.kafkaBrokers, registry: registryUrl, redis: redisUrl }

/** What to say to someone whose parts run elsewhere than at the usual addresses; null where that is not it. */
export function hintFor(findings: readonly Finding[], env: Environment): string | null {
  const names = Object.values(addresses).flatMap(({ name }) => [name, `${name}_FILE`])
  const someSet = names.some((name) => (env[name] ?? '') !== '')
  const away = findings.some(({ name, status }) => status === 'fail' && name in addresses)
  if (someSet || !away) return null
  return 'No address is set, so the usual ones were tried. Where the stack of this checkout runs, `npm run stack -- status` prints the lines that set its own.'
}

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const fits = major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1])
  return fits
    ? ok('node', version)
    : fail('node', version, `Use Node ${nodeMin.join('.')} or newer`)
}

function checkGeoData(folder: string | undefined): Finding {
  try {
    const { edition } = geoipLitePlaces(folder)
    const days = Math.floor(editionAgeMs(edition, Date.now()) / dayMs)
    const found = `edition ${edition}, ${days} days old`
    return days <= geoWarnDays
      ? ok('geo data', found)
      : warn(
          'geo data',
          found,
          "Refresh it with geoip-lite's updatedb and set GEODATADIR, or state places on events",
        )
  } catch (error) {
    return fail(
      'geo data',
      messageOf(error),
      'Set GEODATADIR to a folder with geoip-lite data, or unset it',
    )
  }
}
