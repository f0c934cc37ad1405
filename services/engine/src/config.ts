import {
  generation,
  groupId,
  kafkaBrokers,
  redisUrl,
  registryCacheFile,
  registryUrl,
  serviceVariables,
} from '@holdpoint/runtime'

/** Every environment variable of the engine. */
export const engineConfig = {
  ...serviceVariables(9102),
  brokers: kafkaBrokers,
  redisUrl,
  registryUrl,
  registryCacheFile,
  generation,
  groupId: groupId('holdpoint-engine'),
}
