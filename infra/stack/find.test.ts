import { describe, expect, it } from 'vitest'
import { idleServices } from './docker.mjs'
import { findStack, givenAddresses } from './find.mjs'
import type { status } from './native.mjs'

const all = {
  HOLDPOINT_KAFKA_BROKERS: 'k:9092',
  HOLDPOINT_REDIS_URL: 'redis://r',
  HOLDPOINT_REGISTRY_URL: 'http://s',
}

describe('a stack given by the environment', () => {
  it('is taken when all three addresses are there', () => {
    expect(givenAddresses({ ...all, OTHER: 'x' })).toEqual(all)
  })

  it('is none when no address is there', () => {
    expect(givenAddresses({ HOLDPOINT_REDIS_URL: '' })).toBeUndefined()
  })

  it('is never half of one: the missing addresses are named', () => {
    expect(() => givenAddresses({ HOLDPOINT_REDIS_URL: 'redis://r' })).toThrow(
      'HOLDPOINT_REDIS_URL is set but not HOLDPOINT_KAFKA_BROKERS and HOLDPOINT_REGISTRY_URL: ' +
        'set all three to test on that stack, or none',
    )
  })
})

describe('a native stack of which some parts run already', () => {
  const found = async (running: readonly string[]) => {
    const calls: unknown[] = []
    const parts = ['kafka-1', 'registry', 'redis']
    const noDocker = {
      dockerAnswers: async () => false,
      upInDocker: async () => [],
      downInDocker: async () => {},
    }
    const { release } = await findStack({}, noDocker, {
      status: async () =>
        parts.map((name) => ({
          part: { name },
          pid: running.includes(name) ? 1 : undefined,
        })) as Awaited<ReturnType<typeof status>>,
      up: async (_settings, options) => {
        calls.push(['up', options])
        return parts.filter((name) => !running.includes(name))
      },
      down: async (_settings, names) => void calls.push(['down', names]),
    })
    await release()
    return calls
  }

  it('has only what was started for the tests stopped, and keeps its data', async () => {
    expect(await found(['redis'])).toEqual([
      ['up', { fresh: false }],
      ['down', ['kafka-1', 'registry']],
    ])
  })

  it('runs on where all of it ran, and begins fresh where none did', async () => {
    expect(await found(['kafka-1', 'registry', 'redis'])).toEqual([['up', { fresh: false }]])
    expect(await found([])).toEqual([
      ['up', { fresh: true }],
      ['down', ['kafka-1', 'registry', 'redis']],
    ])
  })
})

describe('a stack in Docker of which some services run', () => {
  it('is not taken for the whole', () => {
    expect(idleServices('kafka\nredis\n')).toEqual(['registry'])
    expect(idleServices('')).toEqual(['kafka', 'registry', 'redis'])
    expect(idleServices('WARN[0000] kafka\nredis\nkafka\nregistry')).toEqual([])
  })
})
