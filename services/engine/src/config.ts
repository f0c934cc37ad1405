import {
  generation,
  groupId,
  kafkaVariables,
  redisUrl,
  registryCacheFile,
  registryUrl,
  serviceVariables,
} from '@holdpoint/runtime'

/** Every environment variable of the engine. */
export const engineConfig = {
  ...serviceVariables(9465),
  ...kafkaVariables,
  redisUrl,
  registryUrl,
  registryCacheFile,
  generation,
  groupId: groupId('holdpoint-engine'),
}
