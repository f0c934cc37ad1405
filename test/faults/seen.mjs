import { decisionTopics } from '@holdpoint/contracts'

// Whether much happened: a run in which nothing did has proved nothing.

/** @typedef {Pick<import('./report.mjs').LayoutReport, 'layout' | 'faults' | 'verdict'>} Layout */

/** What half an hour must see. */
const faultsMin = 115
const eventsMin = 200_000

/**
 * Expected decisions by their type.
 *
 * @param {readonly Layout[]} layouts
 * @returns {ReadonlyMap<string, number>}
 */
export function decisionTypes(layouts) {
  const byType = new Map()
  for (const { verdict } of layouts)
    for (const [type, count] of Object.entries(verdict.decisions))
      byType.set(type, (byType.get(type) ?? 0) + count)
  return byType
}

/**
 * What did not happen: what a run of half an hour is refused for, and what it only tells.
 *
 * @param {readonly Layout[]} layouts
 * @param {readonly Pick<import('./rotation.mjs').FaultKind, 'name'>[]} kinds
 * @returns {{ demanded: readonly string[], told: readonly string[] }}
 */
export function unseenIn(layouts, kinds) {
  const taken = layouts.flatMap(({ faults }) => faults.filter(({ took }) => took))
  const events = layouts.reduce((sum, { verdict }) => sum + verdict.events, 0)
  const types = decisionTypes(layouts)
  const demanded = decisionTopics
    .filter((type) => (types.get(type) ?? 0) === 0)
    .map((type) => `a decision ${type}`)
  if (taken.length < faultsMin) demanded.push(`${faultsMin} faults, only ${taken.length}`)
  if (events < eventsMin) demanded.push(`${eventsMin} events, only ${events}`)
  const told = kinds
    .filter(({ name }) => taken.every(({ kind }) => kind !== name))
    .map(({ name }) => `a fault "${name}"`)
  return { demanded, told }
}
