/** The kinds of variable that services share, and the variables that more than one service reads. */
import { z } from 'zod'
import { optionalVariable, type Variable, variable } from './config.ts'

/** A host name, an IPv4 or a bracketed IPv6 address, and a port. */
const hostPort = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/

function isHostPort(text: string): boolean {
  const port = Number(hostPort.exec(text)?.[1] ?? 0)
  return port >= 1 && port <= 65_535
}

/** One or more `host:port`, separated by commas. */
export const hostPorts = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .refine((parts) => parts.every(isHostPort))

/** A whole number within bounds. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .refine((n) => n >= min && n <= max)

/** One of these words. */
export const oneOf = <const W extends readonly string[]>(...words: W) =>
  z
    .string()
    .refine((text) => words.includes(text))
    .transform((text) => text as W[number])

/** An address with one of these schemes, as `http`. */
export const address = (...schemes: string[]) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)))

export const kafkaBrokers = variable({
  name: 'HOLDPOINT_KAFKA_BROKERS',
  description: 'Kafka brokers to begin with.',
  expected: 'host:port[,host:port]',
  example: '127.0.0.1:9092',
  default: '127.0.0.1:9092',
  schema: hostPorts,
})

const redisHost = '(?:[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(?::\\d{1,5})?'
/** One node, the first nodes of a cluster, or sentinels with the master's name; a user and password before the `@`. */
const redisAddress = new RegExp(
  `^rediss?(?:://(?:[^@/]*@)?${redisHost}(?:/\\d*)?|\\+(?:cluster|sentinel)://(?:[^@/]*@)?${redisHost}(?:,${redisHost})*(?:/[A-Za-z0-9._-]*)?)$`,
)

export const redisUrl = variable({
  name: 'HOLDPOINT_REDIS_URL',
  description: 'Redis that holds the risk state. Its maxmemory-policy must be noeviction.',
  expected:
    'redis://host:port, redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/name; rediss for TLS',
  example: 'redis://127.0.0.1:6379',
  default: 'redis://127.0.0.1:6379',
  // An address may carry a password, so it is never printed.
  secret: true,
  schema: z.string().regex(redisAddress),
})

export const registryUrl = variable({
  name: 'HOLDPOINT_REGISTRY_URL',
  description: 'Schema registry with the Confluent API, read-only at run time.',
  expected: 'http://host:port[/path] or https://host:port[/path]',
  example: 'http://127.0.0.1:8081/apis/ccompat/v7',
  default: 'http://127.0.0.1:8081/apis/ccompat/v7',
  schema: address('http', 'https'),
})

export const registryCacheFile = optionalVariable({
  name: 'HOLDPOINT_REGISTRY_CACHE_FILE',
  description: 'File that keeps fetched schemas, so that a start works while the registry is away.',
  expected: 'a path',
  example: '/var/lib/holdpoint/schemas.json',
  schema: z.string(),
})

export const generation = variable({
  name: 'HOLDPOINT_GENERATION',
  description: 'Generation of the state: names its keys in Redis. A repartition makes a new one.',
  expected: 'a whole number from 1 to 9999',
  example: '1',
  default: '1',
  schema: wholeNumber(1, 9999),
})

/** Who reads it: each service has its own group. */
export const groupId = (standard: string): Variable<string> =>
  variable({
    name: 'HOLDPOINT_GROUP_ID',
    description: 'Kafka consumer group.',
    expected: '1 to 200 characters',
    example: standard,
    default: standard,
    schema: z.string().min(1).max(200),
  })

/** What `runService` itself reads. Admin ports differ by service, so that all fit on one machine. */
export const serviceVariables = (adminPort: number) => ({
  logLevel: variable({
    name: 'HOLDPOINT_LOG_LEVEL',
    description: 'The least level that is logged.',
    expected: 'one of fatal, error, warn, info, debug, trace',
    example: 'info',
    default: 'info',
    schema: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace'),
  }),
  adminHost: variable({
    name: 'HOLDPOINT_ADMIN_HOST',
    description: 'Address that health and metrics listen on.',
    expected: 'a host name or an address',
    example: '127.0.0.1',
    default: '127.0.0.1',
    schema: z.string().regex(/^[A-Za-z0-9._:-]+$/),
  }),
  adminPort: variable({
    name: 'HOLDPOINT_ADMIN_PORT',
    description: 'Port of /livez, /readyz, /startupz and /metrics; 0 takes any free one.',
    expected: 'a port from 0 to 65535',
    example: String(adminPort),
    default: String(adminPort),
    schema: wholeNumber(0, 65_535),
  }),
})

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'
