/** Lets a population live against the rules themselves: it hears each decision before its next event. */
import { parseRawEvent } from '@holdpoint/contracts'
import { createClients, createNetworks, joinEnrichment, noNetworkLists } from '@holdpoint/ingest'
import type { Policy } from '@holdpoint/risk'
import { Backtest, type Label, type Report } from '@holdpoint/standalone'
import { Population, type PopulationOptions, populationStart } from './population.ts'
import type { WireEvent } from './wire.ts'

export interface DriveOptions extends PopulationOptions {
  readonly policy?: Policy
  /** Each event as it is sent, in order. */
  readonly onEvent?: (event: WireEvent) => Promise<void> | void
  /** Now and then, with the part of the time that is over, from 0 to 1. */
  readonly onProgress?: (part: number) => void
}

/** Events between two reports of progress. */
const progressEvery = 2_000

/** Events state their own places and systems; kinds that they do not state come from the shipped lists. */
const statedOnly = () =>
  joinEnrichment({
    places: { edition: 0, lookup: () => null },
    networks: createNetworks(null, noNetworkLists),
    clients: createClients(),
  })

/**
 * Lives a population from its first day to its last.
 * @throws Error where an event is refused: the generator is at fault
 */
export async function drive(options: DriveOptions): Promise<Report> {
  const population = new Population(options)
  const { policy, onEvent, onProgress } = options
  const backtest = new Backtest({ enrichment: statedOnly(), ...(policy ? { policy } : {}) })
  let events = 0
  for (let event = population.next(); event !== null; event = population.next()) {
    events += 1
    if (events % progressEvery === 0) {
      onProgress?.((population.now - populationStart) / (population.end - populationStart))
    }
    await onEvent?.(event)
    const parsed = parseRawEvent(event)
    if (!parsed.ok) throw new Error(`${JSON.stringify(event)}: ${JSON.stringify(parsed.errors)}`)
    const taken = await backtest.take(parsed.event, labelIn(event))
    if (!taken.ok) throw new Error(`${JSON.stringify(event)}: ${JSON.stringify(taken.fault)}`)
    for (const decision of taken.decisions) population.told(decision)
  }
  return backtest.report()
}

const labelIn = ({ label }: WireEvent): Label | null =>
  label === undefined ? null : { traits: [], harm: false, ...label }
