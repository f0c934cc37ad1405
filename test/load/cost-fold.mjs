import { defaultPolicy, detectors, emptyMeta, foldPartition } from '@holdpoint/risk'

// Folding alone: the core over states in memory, without codecs, log or store.

export const registries = /** @type {const} */ ({ all: detectors, none: [] })

/** @typedef {keyof typeof registries} Registry */

/** States of one partition in memory. Ticks are not folded here, so nobody asks whose timers are due. */
class States {
  /** @type {Map<string, import('@holdpoint/risk').Profile>} */
  profiles = new Map()
  /** @type {Map<string, import('@holdpoint/risk').Session>} */
  sessions = new Map()
  meta = emptyMeta(1, 0)
  decisions = 0

  profile(/** @type {string} */ key) {
    return this.profiles.get(key) ?? null
  }
  session(/** @type {string} */ key) {
    return this.sessions.get(key) ?? null
  }
  origin() {
    return -1
  }
  dueSubjects() {
    return []
  }

  /**
   * @param {readonly import('@holdpoint/risk').LogRecord[]} records
   * @param {readonly import('@holdpoint/risk').Detector[]} registry
   */
  fold(records, registry) {
    for (const record of records) {
      const placed = { offset: this.meta.appliedOffset + 1, record }
      const result = foldPartition(this.meta, placed, this, defaultPolicy, registry)
      this.meta = result.meta
      this.decisions += result.decisions.length
      for (const [key, profile] of result.profiles) this.profiles.set(key, profile)
      for (const [key, session] of result.sessions) this.sessions.set(key, session)
    }
  }
}

/**
 * Folds a stream from nothing.
 *
 * @param {import('./cost-streams.mjs').Stream} stream
 * @param {Registry} registry
 * @returns {{ usPerEvent: number, decisions: number }} CPU time of the process, its collector's threads included
 */
export function foldOnce({ before, records }, registry) {
  const states = new States()
  states.fold(before, registries[registry])
  const decided = states.decisions
  globalThis.gc?.()
  const from = process.cpuUsage()
  states.fold(records, registries[registry])
  const { user, system } = process.cpuUsage(from)
  return { usPerEvent: (user + system) / records.length, decisions: states.decisions - decided }
}
