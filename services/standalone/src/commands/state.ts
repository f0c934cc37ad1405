import { ingestConfig } from '@holdpoint/ingest'
import { generation, loadConfig, redisUrl } from '@holdpoint/runtime'
import { redisStore, StateError } from '@holdpoint/state'
import { Command } from 'commander'
import { jsonLine } from '../dlq/text.ts'
import type { Environment } from '../environment.ts'
import { CommandError } from '../errors.ts'
import { findSession, sessionJson, sessionLines } from '../state/show.ts'
import { tenantOr } from './tenant.ts'

/** The variables of the ingest and the engine whose state is read. */
export const stateConfig = { redisUrl, generation, hashKey: ingestConfig.hashKey }

interface ShowFlags {
  readonly tenant: string
  readonly subject: string
  readonly session: string
  readonly json?: boolean
}

/** `holdpoint state` */
export const stateCommand = (env: Environment): Command =>
  new Command('state')
    .description('what is kept of a session')
    .addCommand(showCommand(env))
    .addHelpText('after', '\nExample:\n  holdpoint state show --subject alice --session s-1')

const showCommand = (env: Environment): Command =>
  new Command('show')
    .description("one session as it stands: its risk, what that rests on, and the session's story")
    .requiredOption('--subject <id>', 'whose session it is, as its events name the subject')
    .requiredOption('--session <id>', 'its id, as its events name it')
    .option('--tenant <name>', 'of which tenant', tenantOr('default'), 'default')
    .option('--json', 'as one JSON value on stdout, nothing else')
    .addHelpText(
      'after',
      '\nThe address comes from HOLDPOINT_REDIS_URL, the state from HOLDPOINT_GENERATION, and HOLDPOINT_HASH_KEY is that of ingest.\n\nExample:\n  holdpoint state show --subject alice --session s-1',
    )
    .action(async ({ json = false, ...named }: ShowFlags) => {
      const config = loadConfig(stateConfig, env)
      const store = redisStore({ url: config.redisUrl, generation: config.generation })
      try {
        const shown = await findSession(store, config.hashKey, named)
        const now = Date.now()
        const lines = json ? [jsonLine(sessionJson(shown, now))] : sessionLines(shown, now)
        for (const line of lines) process.stdout.write(`${line}\n`)
      } catch (error) {
        if (!(error instanceof StateError)) throw error
        throw new CommandError(
          `${error.message}\nThe address comes from HOLDPOINT_REDIS_URL; holdpoint doctor tells what is reachable`,
        )
      } finally {
        await store.close()
      }
    })
