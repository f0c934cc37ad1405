export { type EmbeddedStore, type EmbeddedStoreOptions, embeddedStore } from './embedded-store.ts'
export type { PreviousFormat, StateFormat, StateFormats } from './formats.ts'
export {
  type Carried,
  type Generations,
  type Holding,
  type RedisGenerationsOptions,
  redisGenerations,
} from './generations.ts'
export * from './ports.ts'
export {
  embeddedRecentCounts,
  type RedisRecentCountsOptions,
  redisRecentCounts,
} from './recent-counts.ts'
export type { RedisConnectionOptions } from './redis-connection.ts'
export { type RedisStoreOptions, redisStore } from './redis-store.ts'
export {
  type EmbeddedSessionIndex,
  embeddedSessionIndex,
  type RedisSessionIndexOptions,
  redisSessionIndex,
} from './session-index.ts'
export { type StateCodec, stateCodec } from './state-codec.ts'
