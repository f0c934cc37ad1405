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
  const child = spawn(process.execPath, [path.join(root, `services/${name}/dist/main.js`)], {
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
