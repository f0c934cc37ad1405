import { MendableError } from '../../infra/bin/lib/command.mjs'
import { possibleIn } from './deck.mjs'

/**
 * @typedef {import('../../infra/stack/fleet-parts.mjs').RedisLayout} RedisLayout
 *
 * @typedef {object} Options
 * @property {number} minutes of faults, over all layouts
 * @property {number} seed
 * @property {readonly RedisLayout[]} layouts
 * @property {string | undefined} json file for the report
 * @property {number} perSecond events
 * @property {number} basePort
 * @property {string} fault what the name of a fault must contain; '' for every kind
 */

/** @type {readonly RedisLayout[]} */
const everyLayout = ['replica', 'cluster', 'sentinel']

/** Ports that a layout takes, and that all may take. */
export const layoutPorts = 100
const portsTaken = layoutPorts * everyLayout.length

export const usage = `npm run faults -- [--minutes 30] [--seed N] [--layout replica|cluster|sentinel|all] [--json FILE]
                  [--rate EVENTS_PER_S] [--fault WORDS_OF_ITS_NAME] [--port FIRST_OF_THREE_HUNDRED]`

/**
 * @param {readonly string[]} args
 * @returns {Options}
 * @throws {MendableError}
 */
export function optionsFrom(args) {
  const given = new Map()
  for (let at = 0; at < args.length; at += 2) {
    const [name = '', value] = args.slice(at, at + 2)
    if (!/^--(minutes|seed|layout|json|rate|fault|port)$/.test(name) || value === undefined)
      throw new MendableError(`${name} is no option, or has no value:\n${usage}`)
    given.set(name.slice(2), value)
  }
  const layout = given.get('layout') ?? 'all'
  const layouts = layout === 'all' ? everyLayout : everyLayout.filter((name) => name === layout)
  if (layouts.length === 0) throw new MendableError(`--layout ${layout} is none:\n${usage}`)
  return {
    minutes: number('minutes', given.get('minutes') ?? '30', 0.1, 24 * 60),
    seed: whole('seed', given.get('seed') ?? String(Date.now() % 1_000_000), 0, 2 ** 31),
    layouts,
    json: given.get('json'),
    perSecond: number('rate', given.get('rate') ?? '150', 1, 100_000),
    fault: given.get('fault') ?? '',
    basePort: whole('port', given.get('port') ?? '22000', 1_024, 65_536 - portsTaken),
  }
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} min
 * @param {number} max
 */
function number(name, text, min, max) {
  const value = Number(text)
  if (text.trim() !== '' && value >= min && value <= max) return value
  throw new MendableError(`--${name} ${text} is not a number from ${min} to ${max}`)
}

/** @type {typeof number} */
function whole(name, text, min, max) {
  const value = number(name, text, min, max)
  if (Number.isInteger(value)) return value
  throw new MendableError(`--${name} ${text} is not a whole number`)
}

/**
 * How many minutes each layout gets: the first, where most kinds can happen, half of them. A layout where
 * none of the kinds can happen gets none.
 *
 * @param {Pick<Options, 'layouts' | 'minutes'>} options
 * @param {readonly import('./rotation.mjs').FaultKind[]} kinds
 * @returns {{ shares: readonly { layout: RedisLayout, minutes: number }[], dropped: readonly RedisLayout[] }}
 */
export function plan({ layouts, minutes }, kinds) {
  const possible = layouts.filter((layout) => possibleIn(kinds, layout).length > 0)
  const dropped = layouts.filter((layout) => !possible.includes(layout))
  const others = possible.length - 1
  const shares = possible.map((layout, at) => {
    if (others === 0) return { layout, minutes }
    return { layout, minutes: at === 0 ? minutes / 2 : minutes / 2 / others }
  })
  return { shares, dropped }
}
