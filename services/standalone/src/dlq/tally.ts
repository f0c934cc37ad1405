/** Counts by topic, stage and code. */
import type { Letter } from './letter.ts'

/** More kinds than any release knows; a topic that holds more was written by somebody else. */
const groupsMax = 1_000

export interface Named {
  readonly topic: string
  readonly stage: string
  readonly code: string
}

/** Groups of letters, bounded: what comes when all places are taken is counted as `others` of its topic. */
export class Tally<G extends Named> {
  readonly #groups = new Map<string, G>()
  readonly #begin: (named: Named) => G

  constructor(begin: (named: Named) => G) {
    this.#begin = begin
  }

  /** The group of a letter. */
  of(letter: Letter): G {
    const { stage, code } = letter
    const { topic } = letter.at
    const key = JSON.stringify([topic, stage, code])
    const found = this.#groups.get(key)
    if (found !== undefined) return found
    if (this.#groups.size < groupsMax) return this.#add(key, { topic, stage, code })
    const rest = JSON.stringify([topic])
    return this.#groups.get(rest) ?? this.#add(rest, { topic, stage: 'others', code: 'others' })
  }

  get groups(): readonly G[] {
    return [...this.#groups.values()]
  }

  #add(key: string, named: Named): G {
    const group = this.#begin(named)
    this.#groups.set(key, group)
    return group
  }
}
