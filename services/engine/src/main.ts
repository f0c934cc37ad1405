import { setTimeout as sleep } from 'node:timers/promises'
import { registryCatalogue } from '@holdpoint/contracts'
import { kafkaLog } from '@holdpoint/log'
import { defaultPolicy } from '@holdpoint/risk'
import { kafkaConnection, runService } from '@holdpoint/runtime'
import { redisStore } from '@holdpoint/state'
import { engineConfig } from './config.ts'
import { createEngine } from './service.ts'

/** What a stop leaves for the connections; the process ends all the same. */
const closeMs = 500

await runService('engine', engineConfig, async ({ config, logger, registry, crash }) => {
  const { registryUrl, registryCacheFile, redisUrl, generation } = config
  const log = kafkaLog({
    ...kafkaConnection(config),
    clientId: 'holdpoint-engine',
    onLog: (level, message, fields) => logger[level](fields, message),
  })
  const store = redisStore({ url: redisUrl, generation })
  const catalogue = () =>
    registryCatalogue({
      url: registryUrl,
      ...(registryCacheFile === undefined ? {} : { cacheFile: registryCacheFile }),
    })
  const policy = defaultPolicy
  const engine = createEngine({ log, store, catalogue, policy, config, registry, logger, crash })
  const stop = async (): Promise<void> => {
    await engine.stop()
    await Promise.race([Promise.all([log.close(), store.close()]), sleep(closeMs)])
  }
  return { start: engine.start, stop, checks: engine.checks }
})
