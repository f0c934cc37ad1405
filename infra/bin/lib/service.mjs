import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { MendableError, say, step } from './command.mjs'
import { root } from './workspace.mjs'

/**
 * A built service that runs as a child of this process.
 *
 * @typedef {object} RunningService
 * @property {() => Promise<void>} stop asks it to end, and waits until it has
 * @property {() => Promise<void>} kill ends it as kill -9 does
 */

/**
 * How Node runs each service, here and in docker-compose.yml (a test holds them equal): states outlive one
 * small scavenge, so the engine's young space is larger than usual; and V8 lets old objects lie while the
 * machine has memory, so that without a limit a backlog takes half a gigabyte.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const nodeFlags = {
  engine: ['--max-semi-space-size=32', '--max-old-space-size=256'],
  ingest: ['--max-semi-space-size=8', '--max-old-space-size=192'],
}

/**
 * The arguments that run a built service with Node.
 *
 * @param {string} name the folder under services/
 */
export const serviceArguments = (name) => [
  ...(nodeFlags[name] ?? []),
  path.join(root, `services/${name}/dist/main.js`),
]

/**
 * Starts a service, with its output in a file, and waits until it says that it is ready.
 *
 * @param {string} name the folder under services/
 * @param {NodeJS.ProcessEnv & { HOLDPOINT_ADMIN_PORT: string }} env
 * @returns {Promise<RunningService>}
 * @throws {MendableError} with the end of its log when it ends, or is not ready after a minute
 */
export async function startService(name, env) {
  const logFile = path.join(root, `.stack/log/${name}.log`)
  mkdirSync(path.dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'w')
  const child = spawn(process.execPath, serviceArguments(name), {
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const ended = new Promise((resolve) => child.on('close', resolve))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    say(`${name} stopped`)
  }
  await step(`starting ${name}`, async () => {
    const deadline = performance.now() + 60_000
    while (!(await isReady(env.HOLDPOINT_ADMIN_PORT))) {
      if (child.exitCode === null && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        continue
      }
      await stop()
      const end = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n')
      throw new MendableError(`${name} did not become ready; the end of ${logFile}:\n${end}`)
    }
  })
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return { stop, kill }
}

/** @param {string} port */
async function isReady(port) {
  try {
    const url = `http://127.0.0.1:${port}/readyz`
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}
