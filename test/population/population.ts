/** Everybody together: one stream of events, which listens to what is decided. */
import type { Decision } from '@holdpoint/risk'
import { createAgent, runAgent } from './agents.ts'
import { attack } from './attacks.ts'
import { live } from './day.ts'
import { Human } from './human.ts'
import { createWorkload, runWorkload } from './machines.ts'
import { createCompanies, createPerson } from './people.ts'
import { dayMs, Stage } from './stage.ts'
import type { WireEvent } from './wire.ts'

export interface PopulationOptions {
  readonly seed: number
  readonly people: number
  readonly workloads: number
  readonly days: number
}

/** A Monday. Everything follows from the seed: no clock is read. */
export const populationStart = Date.UTC(2026, 10, 2)
/** One agent for so many people. */
const peopleForAgent = 20

export class Population {
  readonly #stage: Stage
  readonly end: number

  constructor({ seed, people, workloads, days }: PopulationOptions) {
    this.end = populationStart + days * dayMs
    const stage = new Stage(populationStart, this.end)
    this.#stage = stage
    const companies = createCompanies(seed, people)
    const humans = Array.from(
      { length: people },
      (_, index) => new Human(createPerson(seed, index, companies), stage),
    )
    for (const human of humans) human.play(live(human))
    const machines = Array.from({ length: workloads }, (_, index) =>
      createWorkload(seed, index, populationStart),
    )
    for (const machine of machines) stage.play(runWorkload(stage, machine))
    const agents = Array.from({ length: Math.floor(people / peopleForAgent) }, (_, index) =>
      createAgent(seed, index, humans[index * peopleForAgent]!),
    )
    for (const agent of agents) stage.play(runAgent(stage, agent))
    attack({ seed, days, stage, humans, machines, agents })
  }

  /** When the next event is received, ms. */
  get now(): number {
    return this.#stage.now
  }

  /** The next event; null at the end. What is decided with it is to be told before the next. */
  next(): WireEvent | null {
    return this.#stage.next()
  }

  /** Tells the apps of a decision, and so whom they ask. */
  told(decision: Decision): void {
    this.#stage.tell(decision)
  }
}
