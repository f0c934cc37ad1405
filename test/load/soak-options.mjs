import { parseArgs } from 'node:util'
import { MendableError } from '../../infra/bin/lib/command.mjs'

export const usage = 'npm run soak -- [--minutes 10] [--rate EVENTS_PER_S] [--json FILE]'

/**
 * @param {readonly string[]} args
 * @returns {{ minutes: number, rate: number, json: string | undefined, help: boolean }}
 * @throws {MendableError} where one is unknown, or no number that makes sense
 */
export function soakOptions(args) {
  const { minutes, rate, json, help } = parsed(args)
  return { minutes: number('minutes', minutes), rate: number('rate', rate), json, help }
}

/** @param {readonly string[]} args */
function parsed(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '10' },
        rate: { type: 'string', default: '1000' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    return values
  } catch (error) {
    throw new MendableError(`${/** @type {Error} */ (error).message}\nusage: ${usage}`)
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function number(name, text) {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new MendableError(`--${name} ${text} is not a number above 0\nusage: ${usage}`)
}
