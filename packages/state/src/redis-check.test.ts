import { describe, expect, it } from 'vitest'
import { checkServer, memoryUsage } from './redis-check.ts'

const node = (fields: Record<string, string>) => ({
  info: async () =>
    ['# Server', ...Object.entries(fields).map(([name, value]) => `${name}:${value}`)].join('\r\n'),
})
const sound = { redis_version: '7.0.15', maxmemory_policy: 'noeviction' }

describe('a Redis that may lose risk state is refused, with the mend', () => {
  it.each([
    ['another eviction policy', { ...sound, maxmemory_policy: 'volatile-ttl' }, 'eviction_policy'],
    ['a policy it does not tell', { redis_version: '7.0.15' }, 'eviction_policy'],
    ['a version before 6.2', { ...sound, redis_version: '6.0.16' }, 'redis_too_old'],
    ['a version it does not tell', { maxmemory_policy: 'noeviction' }, 'redis_too_old'],
  ])('%s', async (_, fields, code) => {
    await expect(checkServer([node(fields)])).rejects.toMatchObject({ code, transient: false })
  })

  it('where one node of a cluster is, the others do not save it', async () => {
    const nodes = [node(sound), node({ ...sound, maxmemory_policy: 'allkeys-lru' })]
    await expect(checkServer(nodes)).rejects.toThrow('CONFIG SET maxmemory-policy noeviction')
  })

  it.each(['6.2.0', '7.0.15', '10.0.1'])('version %s with noeviction passes', async (version) => {
    await expect(checkServer([node({ ...sound, redis_version: version })])).resolves.toBeUndefined()
  })
})

it('the memory reported is that of the fullest node', async () => {
  const usage = await memoryUsage([
    node({ used_memory: '900', maxmemory: '9000' }),
    node({ used_memory: '500', maxmemory: '1000' }),
    node({ used_memory: '9999', maxmemory: '0' }),
  ])
  expect(usage).toEqual({ usedBytes: 500, maxBytes: 1000 })
})
