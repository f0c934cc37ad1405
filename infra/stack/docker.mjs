import path from 'node:path'
import { run, runOrExplain, step } from '../bin/lib/command.mjs'
import { root } from '../bin/lib/workspace.mjs'

// A project of its own: the tests' data are not those of a stack that somebody runs from the same file.
const compose = [
  'compose',
  '--project-name=holdpoint-test',
  `--file=${path.join(root, 'docker-compose.yml')}`,
]

/** Whether a Docker engine answers that knows Compose 2 (the client alone may be installed without one). */
export async function dockerAnswers() {
  const engine = await run('docker', ['info'], { timeoutMs: 10_000 })
  if (engine.code !== 0) return false
  return (await run('docker', ['compose', 'version'], { timeoutMs: 10_000 })).code === 0
}

/**
 * Starts Kafka, the registry and Redis of docker-compose.yml on the stack's ports and waits until they
 * are healthy.
 *
 * @param {import('./settings.mjs').StackSettings} settings
 * @returns {Promise<boolean>} whether it started them: false when they ran already
 */
export async function upInDocker({ kafkaPort, registryPort, redisPort }) {
  const before = await run('docker', [...compose, 'ps', '--quiet'])
  if (before.code === 0 && before.output.trim() !== '') return false
  const env = {
    ...process.env,
    HOLDPOINT_STACK_KAFKA_PORT: String(kafkaPort),
    HOLDPOINT_STACK_REGISTRY_PORT: String(registryPort),
    HOLDPOINT_STACK_REDIS_PORT: String(redisPort),
  }
  const up = [...compose, 'up', '--detach', '--wait', 'kafka', 'registry', 'redis']
  await step('starting Kafka, the registry and Redis in Docker', () =>
    runOrExplain('docker', up, { env }),
  )
  return true
}

/** Stops them and forgets their data. */
export async function downInDocker() {
  await step('stopping the stack in Docker', () =>
    runOrExplain('docker', [...compose, 'down', '--volumes']),
  )
}
