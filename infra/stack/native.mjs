import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { MendableError, say, step } from '../bin/lib/command.mjs'
import { portTaken } from './answers.mjs'
import { download } from './download.mjs'
import { stackParts } from './parts.mjs'
import { runningPid, stopProcess, until } from './processes.mjs'
import { launchPart, partFiles, untilAnswers } from './start-part.mjs'
import { otherStacks, requireTools, stackTools } from './tools.mjs'

/** @typedef {import('./settings.mjs').StackSettings} StackSettings */
/** @typedef {import('./parts.mjs').StackPart} StackPart */

/**
 * Kafka and the registry, downloaded once for every stack and fleet of this checkout.
 *
 * @param {StackSettings} settings
 * @returns {Promise<import('./download.mjs').Downloads>}
 */
export function downloaded(settings) {
  return alone(settings, () => download(settings.dir))
}

/**
 * Starts what does not run yet and waits until every part answers. Safe to call twice, and from two
 * terminals at once.
 *
 * @param {StackSettings} settings
 * @param {{ fresh?: boolean }} [options] `fresh` stops what runs and forgets all data first
 * @returns {Promise<string[]>} the names of the parts that it started
 * @throws {MendableError} and then none of those runs that it started
 */
export async function up(settings, { fresh = false } = {}) {
  await requireTools(stackTools, otherStacks)
  return alone(settings, async () => {
    const downloads = await download(settings.dir)
    if (fresh) {
      await stopAll(settings)
      rmSync(path.join(settings.dir, 'data'), { recursive: true, force: true })
    }
    const idle = (await status(settings)).flatMap(({ part, pid }) =>
      pid === undefined ? part : [],
    )
    await requirePorts(idle)
    const starts = idle.map((part) => startPart(settings, part, downloads))
    const failed = (await Promise.allSettled(starts)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') {
      await stopAll(settings, idle)
      throw failed.reason
    }
    return idle.map(({ name }) => name)
  })
}

/**
 * @param {readonly StackPart[]} parts
 * @throws {MendableError} when a port of theirs is in use
 */
async function requirePorts(parts) {
  for (const { port, title, portVariable } of parts)
    if (await portTaken(port))
      throw new MendableError(
        `port ${port} for ${title} is taken by another program: stop it, or set ${portVariable}`,
      )
}

/**
 * @param {StackSettings} settings
 * @param {StackPart} part
 * @param {import('./download.mjs').Downloads} downloads
 */
async function startPart(settings, part, downloads) {
  const files = partFiles(settings.dir, part.name)
  await step(`starting ${part.title} on 127.0.0.1:${part.port}`, async () => {
    const started = await launchPart(part, files, downloads)
    try {
      await untilAnswers(part, files, started)
    } catch (error) {
      await stopProcess(files.pidFile)
      throw error
    }
  })
}

/**
 * Stops what was started from this folder, and nothing else.
 *
 * @param {StackSettings} settings
 * @param {readonly string[]} [names] of the parts to stop; all of them when absent
 */
export function down(settings, names) {
  const parts = stackParts(settings).filter(({ name }) => names?.includes(name) ?? true)
  return alone(settings, () => stopAll(settings, parts))
}

/**
 * @param {StackSettings} settings
 * @param {readonly StackPart[]} parts
 */
async function stopAll(settings, parts = stackParts(settings)) {
  for (const part of parts) {
    const pid = await stopProcess(partFiles(settings.dir, part.name).pidFile)
    if (pid !== undefined) say(`${part.title} stopped (pid ${pid})`)
  }
}

/**
 * How each part is.
 *
 * @param {StackSettings} settings
 * @returns {Promise<{ part: StackPart, pid: number | undefined, answers: boolean }[]>}
 */
export function status(settings) {
  return Promise.all(
    stackParts(settings).map(async (part) => {
      const pid = await runningPid(partFiles(settings.dir, part.name).pidFile)
      return { part, pid, answers: pid !== undefined && (await part.answers()) }
    }),
  )
}

/**
 * The log files, by part.
 *
 * @param {StackSettings} settings
 */
export function logFiles(settings) {
  return stackParts(settings).map(({ name }) => partFiles(settings.dir, name).logFile)
}

/**
 * Does `work` while no other process does: two that start the stack at once would start it twice.
 *
 * @template T
 * @param {StackSettings} settings
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function alone({ dir }, work) {
  const lock = path.join(dir, 'lock')
  mkdirSync(dir, { recursive: true })
  const got = await until(async () => take(lock), 300_000)
  if (!got) throw new MendableError(`another process has held ${lock} for 5 min: see its pid in it`)
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

/**
 * Takes a lock file, from a dead holder too.
 *
 * @param {string} lock
 */
function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
  }
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0)
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH') rmSync(lock, { force: true })
  }
  return false
}
