import { readFileSync } from 'node:fs'
import path from 'node:path'
import { MendableError } from '../bin/lib/command.mjs'
import { startProcess, until } from './processes.mjs'

/** @typedef {import('./parts.mjs').Part} Part */
/** @typedef {import('./processes.mjs').StartedProcess} StartedProcess */

/**
 * Where a part keeps what is its own.
 *
 * @typedef {{ data: string, logFile: string, pidFile: string }} PartFiles
 */

/**
 * The files of a part in the folder of its stack or fleet.
 *
 * @param {string} dir
 * @param {string} name
 * @returns {PartFiles}
 */
export function partFiles(dir, name) {
  return {
    data: path.join(dir, 'data', name),
    logFile: path.join(dir, 'log', `${name}.log`),
    pidFile: path.join(dir, 'run', `${name}.pid`),
  }
}

/**
 * Starts the process of a part; it does not answer yet.
 *
 * @param {Part} part
 * @param {PartFiles} files
 * @param {import('./download.mjs').Downloads} downloads
 * @returns {Promise<StartedProcess>}
 */
export async function launchPart(part, { data, logFile, pidFile }, downloads) {
  const { command, args } = await part.prepare({ data, ...downloads })
  return startProcess({ command, args, logFile, pidFile })
}

/**
 * Waits until a part answers, 90 s at most.
 *
 * @param {Part} part
 * @param {PartFiles} files
 * @param {StartedProcess} started
 * @throws {MendableError} with the end of its log when it ended, or still runs and does not answer
 */
export async function untilAnswers(part, { logFile }, started) {
  const ready = await until(async () => started.ended() || (await part.answers()), 90_000)
  if (ready && !started.ended()) return
  const end = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n')
  const what = started.ended() ? 'ended while it started' : 'did not answer within 90 s'
  throw new MendableError(`${part.title} ${what}; the end of ${logFile}:\n${end}`)
}
