import { findStack } from '../infra/stack/find.mjs'

/**
 * Gives the tests that need real parts their stack, and stops it afterwards if it was started for them.
 * Test files find it in HOLDPOINT_KAFKA_BROKERS, HOLDPOINT_REDIS_URL and HOLDPOINT_REGISTRY_URL.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const stack = await findStack()
  Object.assign(process.env, stack.addresses)
  return stack.release
}
