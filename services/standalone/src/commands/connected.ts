import { kafkaLog, type Log, LogError } from '@holdpoint/log'
import { type ConfigOf, kafkaConnection, loadConfig } from '@holdpoint/runtime'
import type { Environment } from '../environment.ts'
import { CommandError } from '../errors.ts'
import { topicsConfig } from '../topics/apply.ts'

export interface Connection {
  readonly log: Log
  readonly config: ConfigOf<typeof topicsConfig>
}

/** Work over a connection, which is closed after it. What the parts do not answer is a `CommandError`. */
export const connectedAs =
  (clientId: string) =>
  async <T>(env: Environment, work: (to: Connection) => Promise<T>): Promise<T> => {
    const config = loadConfig(topicsConfig, env)
    const log = kafkaLog({ ...kafkaConnection(config), clientId })
    try {
      return await work({ log, config })
    } catch (error) {
      if (error instanceof CommandError) throw error
      const message = error instanceof Error ? error.message : String(error)
      const hint =
        error instanceof LogError && !error.retriable
          ? ''
          : '\nAddresses come from HOLDPOINT_KAFKA_BROKERS and HOLDPOINT_REGISTRY_URL; holdpoint doctor tells what is reachable'
      throw new CommandError(`${message}${hint}`)
    } finally {
      await log.close()
    }
  }
