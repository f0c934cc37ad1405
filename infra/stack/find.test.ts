import { describe, expect, it } from 'vitest'
import { givenAddresses } from './find.mjs'

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
