import { ConfigError, loadConfig } from '@holdpoint/runtime'
import { describe, expect, it } from 'vitest'
import { hashKey } from '../test/kit.ts'
import { apiKeyAuthentication } from './api-keys.ts'
import { untilDone } from './backoff.ts'
import { checkExposure, ingestConfig } from './config.ts'
import { createTokenBuckets } from './token-buckets.ts'

describe('token buckets', () => {
  it('give each tenant its rate, a burst of two seconds, and a wait that suffices', () => {
    let now = 0
    const buckets = createTokenBuckets(10, () => now)
    expect(buckets.take('a', 20)).toBe(0)
    expect(buckets.take('a', 5)).toBe(500)
    expect(buckets.take('b', 5)).toBe(0)
    now = 499
    expect(buckets.take('a', 5)).toBeGreaterThan(0)
    now = 500
    expect(buckets.take('a', 5)).toBe(0)
  })

  it('let a list that is longer than the burst pass once, at the price of a debt', () => {
    let now = 0
    const buckets = createTokenBuckets(10, () => now)
    expect(buckets.take('a', 100)).toBe(0)
    now = 8_000
    expect(buckets.take('a', 1)).toBeGreaterThan(0)
    now = 8_100
    expect(buckets.take('a', 1)).toBe(0)
  })
})

describe('API keys', () => {
  it('name their tenant, and nothing else does', () => {
    const authenticate = apiKeyAuthentication([{ key: 'k'.repeat(16), tenant: 'acme' }])
    expect(authenticate(`Bearer ${'k'.repeat(16)}`)).toBe('acme')
    expect(authenticate(`bearer ${'k'.repeat(16)}`)).toBe('acme')
    for (const wrong of [undefined, '', 'k'.repeat(16), `Basic ${'k'.repeat(16)}`, 'Bearer k']) {
      expect(authenticate(wrong)).toBeNull()
    }
  })

  it('are wanted where others can reach the port', () => {
    checkExposure({ httpHost: '127.0.0.1', apiKeys: undefined })
    checkExposure({ httpHost: '0.0.0.0', apiKeys: [{ key: 'k'.repeat(16), tenant: 'acme' }] })
    expect(() => checkExposure({ httpHost: '0.0.0.0', apiKeys: undefined })).toThrow(ConfigError)
    expect(() => checkExposure({ httpHost: '0.0.0.0', apiKeys: undefined })).toThrow(
      /HOLDPOINT_API_KEYS: is not set, but HOLDPOINT_HTTP_HOST is "0\.0\.0\.0"/,
    )
  })

  it('are read as key:tenant, and refused without being shown', () => {
    const env = { HOLDPOINT_HASH_KEY: hashKey, HOLDPOINT_API_KEYS: `${'k'.repeat(16)}:acme` }
    expect(loadConfig(ingestConfig, env).apiKeys).toEqual([{ key: 'k'.repeat(16), tenant: 'acme' }])
    for (const text of ['short:acme', 'sixteen-letters-x', `${'k'.repeat(16)}:a|b`]) {
      const wrong = { ...env, HOLDPOINT_API_KEYS: text }
      expect(() => loadConfig(ingestConfig, wrong)).toThrow(
        /HOLDPOINT_API_KEYS: expected key:tenant/,
      )
      expect(() => loadConfig(ingestConfig, wrong)).not.toThrow(text)
    }
  })
})

describe('what is transient', () => {
  it('is repeated until it is done', async () => {
    let attempts = 0
    const failures: number[] = []
    const work = async () => {
      attempts++
      if (attempts < 3) throw new Error('away')
      return attempts
    }
    const signal = new AbortController().signal
    expect(await untilDone(work, signal, (_, attempt) => failures.push(attempt))).toBe(3)
    expect(failures).toEqual([1, 2])
  })
})
