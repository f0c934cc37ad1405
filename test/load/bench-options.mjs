import { parseArgs } from 'node:util'
import { MendableError } from '../../infra/bin/lib/command.mjs'

export const usage = `npm run bench                       both parts, one after the other
npm run bench -- --only step        what the detectors cost a step and a replay; needs no stack
npm run bench -- --only stack       the engine against bare kafkajs on the real stack

  --rounds 5        of each measurement
  --events 200000   a round on the stack
  --seconds 30      of each turn of the latency on the stack`

const parts = /** @type {const} */ (['step', 'stack'])
/** @typedef {typeof parts[number]} Part */

/**
 * @param {readonly string[]} args
 * @returns {{ parts: readonly Part[], rounds: number, events: number, seconds: number, help: boolean }}
 * @throws {MendableError} where one is unknown, or no number that makes sense
 */
export function benchOptions(args) {
  const { only, help, rounds, events, seconds } = parsed(args)
  const chosen = parts.filter((part) => only === undefined || part === only)
  if (chosen.length === 0) throw new MendableError(`--only ${only}: name step or stack\n\n${usage}`)
  return {
    parts: chosen,
    rounds: wholeNumber('rounds', rounds),
    events: wholeNumber('events', events),
    seconds: wholeNumber('seconds', seconds),
    help,
  }
}

/** @param {readonly string[]} args */
function parsed(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        events: { type: 'string', default: '200000' },
        seconds: { type: 'string', default: '30' },
        help: { type: 'boolean', default: false },
      },
    })
    return values
  } catch (error) {
    throw new MendableError(`${/** @type {Error} */ (error).message}\n\n${usage}`)
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function wholeNumber(name, text) {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new MendableError(`--${name} ${text}: give a whole number above 0\n\n${usage}`)
}
