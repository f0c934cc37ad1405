import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ConfigError, loadConfig, optionalVariable, variable } from './config.ts'
import { generation, kafkaBrokers, redisUrl, registryUrl, serviceVariables } from './variables.ts'

const hashKey = variable({
  name: 'HOLDPOINT_HASH_KEY',
  description: 'Key.',
  expected: 'at least 32 characters',
  example: 'a random text of 32 characters or more',
  secret: true,
  schema: z.string().min(32),
})
const schema = {
  brokers: kafkaBrokers,
  redis: redisUrl,
  registry: registryUrl,
  generation,
  hashKey,
}

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(schema, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
  }
  return []
}

describe('configuration', () => {
  it('reports every fault at once, by variable name, with the mend', () => {
    expect(
      faultsOf({
        HOLDPOINT_KAFKA_BROKERS: 'x',
        HOLDPOINT_GENERATION: '0',
        HOLDPOINT_REGISTRY_URL: 'ftp://r',
      }),
    ).toEqual([
      'HOLDPOINT_KAFKA_BROKERS: expected host:port[,host:port], got "x". Set it to e.g. 127.0.0.1:9092',
      'HOLDPOINT_REGISTRY_URL: expected http://host:port[/path] or https://host:port[/path], got "ftp://r". Set it to e.g. http://127.0.0.1:8081/apis/ccompat/v7',
      'HOLDPOINT_GENERATION: expected a whole number from 1 to 9999, got "0". Set it to e.g. 1',
      'HOLDPOINT_HASH_KEY: is not set, expected at least 32 characters. Set it to e.g. a random text of 32 characters or more',
    ])
  })

  it('never shows a secret', () => {
    const faults = faultsOf({ HOLDPOINT_HASH_KEY: 'hunter2', HOLDPOINT_REDIS_URL: 'http://u:pw@r' })
    expect(faults).toHaveLength(2)
    expect(faults.join()).not.toMatch(/hunter2|pw/)
  })

  it.each([
    'redis://127.0.0.1:6379',
    'rediss://user:p%40ss@redis.example:6380/2',
    'redis+cluster://a:7000,b:7001,[::1]:7002',
    'rediss+cluster://:secret@a:7000',
    'redis+sentinel://a:26379,b:26379/risk',
  ])('takes the Redis address %s as it is', (url) => {
    expect(loadConfig({ redisUrl }, { HOLDPOINT_REDIS_URL: url }).redisUrl).toBe(url)
  })

  it.each(['redis://a:6379,b:6379', 'redis+cluster://', 'redis+proxy://a:1', 'a:6379'])(
    'refuses the Redis address %s',
    (url) => {
      expect(() => loadConfig({ redisUrl }, { HOLDPOINT_REDIS_URL: url })).toThrow(
        'HOLDPOINT_REDIS_URL: expected redis://host:port',
      )
    },
  )

  it('reads a value from the file that NAME_FILE names, and refuses both at once', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'holdpoint-')), 'key')
    writeFileSync(file, `${'k'.repeat(32)}\n`)
    expect(loadConfig(schema, { HOLDPOINT_HASH_KEY_FILE: file }).hashKey).toBe('k'.repeat(32))
    expect(faultsOf({ HOLDPOINT_HASH_KEY_FILE: file, HOLDPOINT_HASH_KEY: 'k' })[0]).toMatch(
      /HOLDPOINT_HASH_KEY: is set, and so is HOLDPOINT_HASH_KEY_FILE/,
    )
    expect(faultsOf({ HOLDPOINT_HASH_KEY_FILE: '/nowhere/at/all' })[0]).toMatch(
      /HOLDPOINT_HASH_KEY_FILE: cannot read \/nowhere\/at\/all \(ENOENT\)/,
    )
  })

  it('gives a frozen result with the defaults', () => {
    const config = loadConfig(schema, {
      HOLDPOINT_HASH_KEY: 'k'.repeat(32),
      HOLDPOINT_REDIS_URL: '',
    })
    expect(config).toMatchObject({ brokers: ['127.0.0.1:9092'], redis: 'redis://127.0.0.1:6379' })
    expect(Object.isFrozen(config) && Object.isFrozen(config.brokers)).toBe(true)
  })

  it('leaves an optional variable undefined', () => {
    const keys = optionalVariable({
      name: 'HOLDPOINT_API_KEYS',
      description: 'Keys.',
      expected: 'key:tenant',
      example: 'k:default',
      schema: z.string(),
    })
    expect(loadConfig({ keys }, {})).toEqual({ keys: undefined })
  })

  it('refuses ports and levels that do not exist', () => {
    expect(() =>
      loadConfig(serviceVariables(9464), {
        HOLDPOINT_ADMIN_PORT: '65536',
        HOLDPOINT_LOG_LEVEL: 'loud',
      }),
    ).toThrow(/HOLDPOINT_LOG_LEVEL: expected one of[\s\S]*HOLDPOINT_ADMIN_PORT: expected a port/)
  })
})
