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

const services = ['kafka', 'registry', 'redis']

/**
 * The services that are not among those that run.
 *
 * @param {string} listing the answer of `docker compose ps --services --status running`, warnings and all
 */
export function idleServices(listing) {
  const running = listing.split('\n').map((line) => line.trim())
  return services.filter((service) => !running.includes(service))
}

/**
 * Starts those of Kafka, the registry and Redis of docker-compose.yml that do not run, on the stack's ports,
 * and waits until all are healthy.
 *
 * @param {import('./settings.mjs').StackSettings} settings
 * @returns {Promise<string[]>} the services that it started
 */
export async function upInDocker({ kafkaPort, registryPort, redisPort }) {
  const before = await run('docker', [...compose, 'ps', '--services', '--status', 'running'])
  const idle = idleServices(before.output)
  if (idle.length === 0) return idle
  const env = {
    ...process.env,
    HOLDPOINT_STACK_KAFKA_PORT: String(kafkaPort),
    HOLDPOINT_STACK_REGISTRY_PORT: String(registryPort),
    HOLDPOINT_STACK_REDIS_PORT: String(redisPort),
  }
  await step(`starting ${idle.join(', ')} in Docker`, () =>
    runOrExplain('docker', [...compose, 'up', '--detach', '--wait', ...services], { env }),
  )
  return idle
}

/**
 * Stops what was started, and forgets the data where that is the whole stack.
 *
 * @param {readonly string[]} started
 */
export async function downInDocker(started) {
  if (started.length === 0) return
  const whole = started.length === services.length
  const stop = whole ? ['down', '--volumes'] : ['rm', '--stop', '--force', ...started]
  await step(`stopping ${started.join(', ')} in Docker`, () =>
    runOrExplain('docker', [...compose, ...stop]),
  )
}
