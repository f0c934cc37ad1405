import { describe, expect, it } from 'vitest'
import { stackAddresses, stackSettings } from './settings.mjs'

describe('the ports of the stack', () => {
  it('keep clear of the usual ones unless they are set', () => {
    expect(stackAddresses(stackSettings({}))).toEqual({
      HOLDPOINT_KAFKA_BROKERS: '127.0.0.1:19092',
      HOLDPOINT_REDIS_URL: 'redis://127.0.0.1:16379',
      HOLDPOINT_REGISTRY_URL: 'http://127.0.0.1:18081/apis/ccompat/v7',
    })
  })

  it('can be set one by one', () => {
    const settings = stackSettings({ HOLDPOINT_STACK_REDIS_PORT: '7000' })
    expect(stackAddresses(settings)).toMatchObject({
      HOLDPOINT_KAFKA_BROKERS: '127.0.0.1:19092',
      HOLDPOINT_REDIS_URL: 'redis://127.0.0.1:7000',
    })
  })

  it.each(['abc', '0', '70000', '1e3', '19092 '])(
    'are refused by name when they are %j',
    (text) => {
      expect(() => stackSettings({ HOLDPOINT_STACK_KAFKA_PORT: text })).toThrow(
        `HOLDPOINT_STACK_KAFKA_PORT=${text} is not a port: give a whole number from 1 to 65534`,
      )
    },
  )

  it("are refused when one is taken twice, the controller's among them", () => {
    expect(() => stackSettings({ HOLDPOINT_STACK_REDIS_PORT: '19093' })).toThrow(
      "the stack's ports collide: Kafka takes 19092 and 19093, the registry 18081, Redis 19093",
    )
  })
})
