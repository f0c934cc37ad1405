import { isDeepStrictEqual } from 'node:util'
import { fold, withoutRepeats } from './oracle.mjs'
import { promise } from './promises.mjs'
import { judgePublished } from './published.mjs'
import { judgeStates } from './states.mjs'

/**
 * @typedef {import('./evidence.mjs').Evidence} Evidence
 * @typedef {import('./evidence.mjs').Found} Found
 * @typedef {import('./oracle.mjs').Folded} Folded
 *
 * @typedef {object} Verdict
 * @property {number} events produced, by id
 * @property {number} logged events in `holdpoint.events`, by id
 * @property {number} repeatsLogged records of it that repeat an event
 * @property {number} deadLettered events, by id
 * @property {Readonly<Record<string, number>>} decisions expected, by type
 * @property {number} repeatsPublished
 * @property {number} keptBack decisions that a rebuild found too old to publish
 * @property {number} lost events or decisions
 * @property {number} wrong decisions or states
 * @property {number} doubled decisions and states by an event that was applied twice
 * @property {readonly import('./promises.mjs').Broken[]} broken
 */

/**
 * Holds what a run has left against what was produced and what the log decides.
 *
 * @param {object} of
 * @param {ReadonlySet<string>} of.produced ids
 * @param {ReadonlySet<string>} of.poison ids of the events that nobody can read
 * @param {Evidence} of.evidence
 * @param {import('@holdpoint/state').StateStore} of.store
 * @param {import('./states.mjs').Kept} of.kept beside what the store gives
 * @param {import('@holdpoint/contracts').SchemaCatalogue} of.catalogue
 * @param {ReadonlyMap<string, number>} of.partitions how many each topic has
 * @param {boolean} of.rebuilt whether state was ever lost as a whole
 * @returns {Promise<Verdict>}
 */
export async function judge(of) {
  const { produced, poison, evidence, store, kept, catalogue, partitions, rebuilt } = of
  const { log, deadLetters, unfolded } = evidence
  const folded = fold(log, catalogue)
  const once = withoutRepeats(log, catalogue)
  const dead = new Set(deadLetters.map(idOfLetter))
  const { expected, ...published } = judgePublished(evidence, folded, { rebuilt, partitions })
  const lostEvents = [...produced].filter((id) => !(poison.has(id) ? dead : once.ids).has(id))
  const refused = [...dead].filter((id) => !poison.has(id))
  const swallowed = [...once.ids].filter((id) => poison.has(id))
  const strangers = [...once.ids].filter((id) => !produced.has(id))
  const doubled = differences(folded, fold(once.log, catalogue))
  const states = await judgeStates(folded, store, kept)
  const broken = [
    promise('every valid event is in the log, every other a dead letter', lostEvents),
    promise('no valid event is a dead letter', refused),
    promise('no event that nobody can read is in the log', swallowed),
    promise('the log holds produced events alone', strangers),
    promise('the log of a partition has no hole', holesIn(log)),
    promise('every record of the log can be folded', [
      ...folded.faults,
      ...unfolded.map(({ partition, offset }) => `dead letter ${partition}:${offset}`),
    ]),
    ...published.broken,
    promise('each event is applied once', doubled),
    promise('the states in Redis are those of the fold', states),
    promise('the load led to decisions', folded.decisions.size === 0 ? ['none'] : []),
  ].filter(({ count }) => count > 0)
  return {
    events: produced.size,
    logged: once.ids.size,
    repeatsLogged: once.repeats,
    deadLettered: dead.size,
    decisions: expected,
    repeatsPublished: published.repeats,
    keptBack: published.keptBack,
    lost: lostEvents.length + published.lost,
    wrong: published.wrong + states.length + refused.length + swallowed.length,
    doubled: doubled.length,
    broken,
  }
}

/** @param {Found} letter */
function idOfLetter({ value }) {
  return String(JSON.parse(String(value)).id)
}

/** @param {Evidence['log']} log */
function holesIn(log) {
  const holes = []
  for (const [partition, records] of log)
    for (const [at, { offset }] of records.entries())
      if (offset !== at) {
        holes.push(`partition ${partition}: offset ${offset} where ${at} should be`)
        break
      }
  return holes
}

/**
 * What a fold decided and remembers otherwise than one of the log without repeats.
 *
 * @param {Folded} folded
 * @param {Folded} once
 */
function differences(folded, once) {
  const differing = []
  for (const [id, { value, decision }] of folded.decisions)
    if (!once.decisions.get(id)?.value.equals(value))
      differing.push(`${id} by ${decision.cause.eventId}`)
  for (const [id, { decision }] of once.decisions)
    if (!folded.decisions.has(id)) differing.push(`${id} by ${decision.cause.eventId}, not decided`)
  for (const [partition, { profiles, sessions }] of folded.partitions) {
    const other = once.partitions.get(partition)
    for (const [key, profile] of profiles)
      if (!isDeepStrictEqual(profile, other?.profiles.get(key)))
        differing.push(`profile ${key} of partition ${partition}`)
    for (const [key, session] of sessions)
      if (!isDeepStrictEqual(session, other?.sessions.get(key)))
        differing.push(`session ${key} of partition ${partition}`)
  }
  return differing
}
