/** What an operator reads where a command's Kafka or Redis is not there. */
import { expect, it } from 'vitest'
import { createProgram } from '../cli.ts'

const nobody = '127.0.0.1:9'
const env = {
  HOLDPOINT_KAFKA_BROKERS: nobody,
  HOLDPOINT_REDIS_URL: `redis://${nobody}`,
  HOLDPOINT_REGISTRY_URL: `http://${nobody}`,
}
const kafka =
  'Addresses come from HOLDPOINT_KAFKA_BROKERS and HOLDPOINT_REGISTRY_URL; holdpoint doctor'

it.concurrent.each([
  [['dlq', 'ls'], kafka],
  [['dlq', 'redrive', '--dry-run'], kafka],
  [['rebase', '--dry-run'], 'come from HOLDPOINT_KAFKA_BROKERS and HOLDPOINT_REDIS_URL; holdpoint'],
  [['rebase', '--remove-old'], 'The address comes from HOLDPOINT_REDIS_URL; holdpoint doctor'],
] as const)(
  'holdpoint %j says where its addresses come from',
  async (words, mend) => {
    const failing = createProgram(env).parseAsync([...words], { from: 'user' })
    await expect(failing).rejects.toMatchObject({
      name: 'CommandError',
      message: expect.stringContaining(mend),
    })
  },
  60_000,
)
