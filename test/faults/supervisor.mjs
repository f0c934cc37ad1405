import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { serviceArguments } from '../../infra/bin/lib/service.mjs'

/**
 * A built service as a process of its own that is started again whenever it ends, as a supervisor would.
 *
 * @typedef {object} Supervised
 * @property {string} name as `engine-1`
 * @property {'engine' | 'ingest'} service
 * @property {string} logFile
 * @property {number | undefined} pid of the process that runs now
 * @property {() => Promise<void>} kill ends it as kill -9 does; it is started again at once
 * @property {() => void} freeze SIGSTOP
 * @property {() => void} thaw SIGCONT
 * @property {(withinMs: number) => Promise<boolean>} ready whether `/readyz` says so in time
 * @property {() => Promise<void>} stop asks it to end, and starts it no more
 *
 * @typedef {object} UnexpectedExit
 * @property {string} name
 * @property {string} at ISO time
 * @property {number | null} code
 * @property {string | null} signal
 * @property {readonly string[]} lastLines of its log
 */

/** What a stop may take before it is enforced, ms. */
const stopMs = 8_000

/**
 * @param {object} of
 * @param {string} of.name
 * @param {'engine' | 'ingest'} of.service the folder under services/
 * @param {Record<string, string> & { HOLDPOINT_ADMIN_PORT: string }} of.env
 * @param {string} of.dir for its log
 * @param {(exit: UnexpectedExit) => void} of.onUnexpectedExit
 * @returns {Supervised}
 */
export function supervise({ name, service, env, dir, onUnexpectedExit }) {
  mkdirSync(dir, { recursive: true })
  const logFile = path.join(dir, `${name}.log`)
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child
  /** @type {Promise<void>} */
  let gone = Promise.resolve()
  let wanted = true
  let expected = false

  function start() {
    const log = openSync(logFile, 'a')
    const started = spawn(process.execPath, serviceArguments(service), {
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    child = started
    expected = false
    gone = new Promise((resolve) => {
      started.once('error', () => resolve())
      started.once('exit', (code, signal) => {
        if (!expected)
          onUnexpectedExit({
            name,
            at: new Date().toISOString(),
            code,
            signal,
            lastLines: lastLines(logFile, 12),
          })
        resolve()
        if (wanted) start()
      })
    })
  }

  async function kill() {
    const ended = gone
    expected = true
    child?.kill('SIGKILL')
    await ended
  }

  start()
  return {
    name,
    service,
    logFile,
    get pid() {
      return child?.pid
    },
    kill,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    ready: (withinMs) => becomesReady(env.HOLDPOINT_ADMIN_PORT, withinMs),
    async stop() {
      wanted = false
      expected = true
      child?.kill('SIGCONT')
      child?.kill('SIGTERM')
      const ended = gone
      await Promise.race([ended, sleep(stopMs, undefined, { ref: false })])
      child?.kill('SIGKILL')
      await ended
    },
  }
}

/**
 * @param {string} port
 * @param {number} withinMs
 */
async function becomesReady(port, withinMs) {
  const end = performance.now() + withinMs
  while (performance.now() < end) {
    try {
      const url = `http://127.0.0.1:${port}/readyz`
      if ((await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok) return true
    } catch {
      // It does not listen yet, or hangs: asked again.
    }
    await sleep(100)
  }
  return false
}

/**
 * @param {string} file
 * @param {number} count
 */
function lastLines(file, count) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count)
}
