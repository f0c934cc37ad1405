import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run } from '../bin/lib/command.mjs'

/**
 * What is written down of a process that was started, so that a later command can tell it from another
 * one that got its number.
 *
 * @typedef {{ pid: number, startedAt: string }} ProcessRecord
 */

/**
 * A process that was started here.
 *
 * @typedef {object} StartedProcess
 * @property {number} pid
 * @property {() => boolean} ended whether all of it is gone: its ports and files are free again
 */

/**
 * Starts a process that outlives this one, with its output in a file.
 *
 * @param {{ command: string, args: readonly string[], logFile: string, pidFile: string }} start
 * @returns {Promise<StartedProcess>}
 */
export async function startProcess({ command, args, logFile, pidFile }) {
  for (const file of [logFile, pidFile]) mkdirSync(path.dirname(file), { recursive: true })
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  const pid = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('spawn', () => resolve(child.pid))
  })
  child.unref()
  const startedAt = await startTime(pid)
  writeFileSync(pidFile, JSON.stringify({ pid, startedAt }))
  return { pid, ended: () => child.exitCode !== null || child.signalCode !== null }
}

/**
 * The pid of the process that was started with this pid file, or undefined when it runs no more.
 *
 * @param {string} pidFile
 * @returns {Promise<number | undefined>}
 */
export async function runningPid(pidFile) {
  try {
    const record = /** @type {ProcessRecord} */ (JSON.parse(readFileSync(pidFile, 'utf8')))
    return (await startTime(record.pid)) === record.startedAt ? record.pid : undefined
  } catch {
    return undefined
  }
}

/**
 * Ends the process of a pid file: asks it, and after 15 s makes it.
 *
 * @param {string} pidFile
 * @returns {Promise<number | undefined>} the pid of what was stopped
 */
export async function stopProcess(pidFile) {
  const pid = await runningPid(pidFile)
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM')
    const stopped = await until(async () => (await runningPid(pidFile)) === undefined, 15_000)
    if (!stopped) process.kill(pid, 'SIGKILL')
  }
  rmSync(pidFile, { force: true })
  return pid
}

/**
 * Ends the process of a pid file at once, as kill -9 does, and waits until it is gone.
 *
 * @param {string} pidFile
 * @returns {Promise<number | undefined>} the pid of what was killed
 */
export async function killProcess(pidFile) {
  const pid = await runningPid(pidFile)
  if (pid !== undefined) {
    process.kill(pid, 'SIGKILL')
    await until(async () => (await runningPid(pidFile)) === undefined, 15_000)
  }
  rmSync(pidFile, { force: true })
  return pid
}

/**
 * Asks again and again until the answer is yes.
 *
 * @param {() => Promise<boolean>} ask
 * @param {number} deadlineMs
 * @param {number} [everyMs]
 * @returns {Promise<boolean>} false when the deadline passed first
 */
export async function until(ask, deadlineMs, everyMs = 100) {
  const end = performance.now() + deadlineMs
  while (!(await ask())) {
    if (performance.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  return true
}

/**
 * When a process began, in whatever form the system tells it; undefined when there is none, or only its
 * shell (a zombie).
 *
 * @param {number} pid
 * @returns {Promise<string | undefined>}
 */
async function startTime(pid) {
  if (process.platform !== 'linux') {
    const { code, output } = await run('ps', ['-o', 'lstart=', '-p', String(pid)])
    return code === 0 ? output.trim() : undefined
  }
  try {
    // proc(5): after the command in parentheses, field 3 is the state and field 22 the start time.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')
    return fields?.[0] === 'Z' ? undefined : fields?.[19]
  } catch {
    return undefined
  }
}
