import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { killProcess } from './processes.mjs'

/**
 * Ends what an earlier run left in the folder of a fleet, by its pid files and nothing else.
 *
 * @param {string} dir
 * @returns {Promise<string[]>} the names of those that still ran
 */
export async function stopLeftovers(dir) {
  const run = path.join(dir, 'run')
  if (!existsSync(run)) return []
  const names = readdirSync(run)
    .filter((file) => file.endsWith('.pid'))
    .map((file) => path.basename(file, '.pid'))
  const killed = await Promise.all(names.map((name) => killProcess(path.join(run, `${name}.pid`))))
  return names.filter((_, index) => killed[index] !== undefined)
}
