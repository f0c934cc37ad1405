import { registryCatalogue, topics } from '@holdpoint/contracts'
import { kafkaLog } from '@holdpoint/log'
import { kafkaConnection, runService } from '@holdpoint/runtime'
import { redisRecentCounts, redisSessionIndex } from '@holdpoint/state'
import { recordedClock, wallClock } from './clock.ts'
import { checkExposure, ingestConfig } from './config.ts'
import { createEnrichment } from './enrichment.ts'
import { noNetworkLists, readNetworkLists } from './networks.ts'
import { createIngest } from './service.ts'

await runService('ingest', ingestConfig, async ({ config, logger, registry, crash }) => {
  checkExposure(config)
  const { networkListsFile, geoDataDir, registryCacheFile, generation, hashKey } = config
  const lists = networkListsFile ? readNetworkLists(networkListsFile) : noNetworkLists
  const clock = config.clock === 'wall' ? wallClock() : recordedClock()
  const catalogue = () =>
    registryCatalogue({
      url: config.registryUrl,
      writes: [topics.internal],
      ...(registryCacheFile === undefined ? {} : { cacheFile: registryCacheFile }),
    })
  const log = kafkaLog({
    ...kafkaConnection(config),
    clientId: 'holdpoint-ingest',
    onLog: (level, message, fields) => logger[level](fields, message),
  })
  const index = redisSessionIndex({ url: config.redisUrl, generation, hashKey })
  const recent = redisRecentCounts({ url: config.redisUrl, generation })
  const enrichment = createEnrichment({ geoDataDir, lists })
  const parts = { log, catalogue, index, recent, enrichment, clock }
  const ingest = createIngest({ ...parts, config, registry, logger, crash })
  const stop = async (): Promise<void> => {
    await ingest.stop()
    await Promise.all([log.close(), index.close(), recent.close()])
  }
  return { start: () => ingest.start(), stop, checks: ingest.checks }
})
