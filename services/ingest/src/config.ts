import {
  ConfigError,
  type ConfigOf,
  generation,
  groupId,
  kafkaVariables,
  oneOf,
  optionalVariable,
  redisUrl,
  registryCacheFile,
  registryUrl,
  serviceVariables,
  variable,
  wholeNumber,
} from '@holdpoint/runtime'
import { z } from 'zod'

/** A tenant as it may stand in a record key: no `|`. */
const tenantName = /^[A-Za-z0-9._-]{1,64}$/

const apiKeys = z.string().transform((text, context) => {
  const keys: { key: string; tenant: string }[] = []
  for (const part of text.split(',')) {
    const colon = part.lastIndexOf(':')
    const key = part.slice(0, Math.max(0, colon)).trim()
    const tenant = part.slice(colon + 1).trim()
    if (key.length < 16 || !tenantName.test(tenant)) {
      context.addIssue({ code: 'custom', message: 'not key:tenant' })
      return z.NEVER
    }
    keys.push({ key, tenant })
  }
  return keys
})

/** The variables of the ingest service. */
export const ingestConfig = {
  ...serviceVariables(9464),
  ...kafkaVariables,
  redisUrl,
  registryUrl,
  registryCacheFile,
  generation,
  groupId: groupId('holdpoint-ingest'),
  hashKey: variable({
    name: 'HOLDPOINT_HASH_KEY',
    description:
      'Secret for the keyed hashes of ids and addresses. All ingest instances share it; another one makes all sessions unknown.',
    expected: 'at least 32 characters',
    example: 'the output of: openssl rand -base64 32',
    secret: true,
    schema: z.string().min(32),
  }),
  httpHost: variable({
    name: 'HOLDPOINT_HTTP_HOST',
    description:
      'Address that POST /v1/events listens on. Any but loopback needs HOLDPOINT_API_KEYS.',
    expected: 'a host name or an address',
    example: '127.0.0.1',
    default: '127.0.0.1',
    schema: z.string().regex(/^[A-Za-z0-9._:-]+$/),
  }),
  httpPort: variable({
    name: 'HOLDPOINT_HTTP_PORT',
    description: 'Port of POST /v1/events; 0 takes any free one.',
    expected: 'a port from 0 to 65535',
    example: '8484',
    default: '8484',
    schema: wholeNumber(0, 65_535),
  }),
  apiKeys: optionalVariable({
    name: 'HOLDPOINT_API_KEYS',
    description: 'Keys that may post events, each with its tenant, which the body never decides.',
    expected: 'key:tenant[,key:tenant] with keys of at least 16 characters',
    example: 'Zk3rPq8sVt1uWx5y:default',
    secret: true,
    schema: apiKeys,
  }),
  tenant: variable({
    name: 'HOLDPOINT_TENANT',
    description: 'Tenant of all events read from Kafka, and of HTTP where no keys are set.',
    expected: '1 to 64 letters, digits, dots, underscores or hyphens',
    example: 'default',
    default: 'default',
    schema: z.string().regex(tenantName),
  }),
  tenantEventsPerSecond: variable({
    name: 'HOLDPOINT_TENANT_EVENTS_PER_SECOND',
    description:
      'Events a second that each instance takes of a tenant: HTTP answers 429, Kafka waits.',
    expected: 'a whole number from 1 to 1000000',
    example: '20000',
    default: '20000',
    schema: wholeNumber(1, 1_000_000),
  }),
  clock: variable({
    name: 'HOLDPOINT_CLOCK',
    description:
      'wall stamps events as they arrive; recorded takes their own receivedAt, for replays with one ingest.',
    expected: 'wall or recorded',
    example: 'wall',
    default: 'wall',
    schema: oneOf('wall', 'recorded'),
  }),
  tickMs: variable({
    name: 'HOLDPOINT_TICK_MS',
    description: 'How often a tick is appended to every partition by the wall clock, ms.',
    expected: 'a whole number from 100 to 60000',
    example: '2000',
    default: '2000',
    schema: wholeNumber(100, 60_000),
  }),
  geoDataDir: optionalVariable({
    name: 'GEODATADIR',
    description: 'Folder of refreshed geoip-lite data; the data of the package is from 2023.',
    expected: 'a path',
    example: '/var/lib/holdpoint/geo',
    schema: z.string(),
  }),
  networkListsFile: optionalVariable({
    name: 'HOLDPOINT_NETWORK_LISTS',
    description:
      'JSON file of the operator\'s networks: {"cidrs": {"corporate": ["198.51.100.0/24"]}, "asns": {"vpn": [64500]}}.',
    expected: 'a path',
    example: '/etc/holdpoint/networks.json',
    schema: z.string(),
  }),
}

export type IngestConfig = ConfigOf<typeof ingestConfig>

/**
 * What no single variable can tell: without keys anybody who reaches the port is trusted.
 * @throws ConfigError
 */
export function checkExposure({
  httpHost,
  apiKeys: keys,
}: Pick<IngestConfig, 'httpHost' | 'apiKeys'>): void {
  if (keys !== undefined || isLoopback(httpHost)) return
  throw new ConfigError([
    `HOLDPOINT_API_KEYS: is not set, but HOLDPOINT_HTTP_HOST is "${httpHost}", which others can reach. Set keys, or set HOLDPOINT_HTTP_HOST to 127.0.0.1`,
  ])
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
