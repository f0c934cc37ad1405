import { registryCatalogue } from '@holdpoint/contracts'
import { kafkaLog } from '@holdpoint/log'
import { defaultPolicy } from '@holdpoint/risk'
import { runService } from '@holdpoint/runtime'
import { redisStore } from '@holdpoint/state'
import { engineConfig } from './config.ts'
import { createEngine } from './service.ts'

await runService('engine', engineConfig, async ({ config, logger, registry, crash }) => {
  const log = kafkaLog({
    brokers: config.brokers,
    clientId: 'holdpoint-engine',
    onLog: (level, message, fields) => logger[level](fields, message),
  })
  const store = redisStore({ url: config.redisUrl, generation: config.generation })
  const catalogue = await registryCatalogue({
    url: config.registryUrl,
    ...(config.registryCacheFile === undefined ? {} : { cacheFile: config.registryCacheFile }),
  })
  const policy = defaultPolicy
  const engine = createEngine({ log, store, catalogue, policy, config, registry, logger, crash })
  return {
    ...engine,
    stop: async () => {
      await engine.stop()
      await Promise.all([log.close(), store.close()])
    },
  }
})
