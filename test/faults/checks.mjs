import { isDeepStrictEqual } from 'node:util'
import { decisionTopicOf } from '@holdpoint/contracts'
import { fold, withoutRepeats } from './oracle.mjs'

/**
 * @typedef {import('./evidence.mjs').Evidence} Evidence
 * @typedef {import('./evidence.mjs').Found} Found
 * @typedef {import('./oracle.mjs').Folded} Folded
 *
 * @typedef {object} Broken a promise that was not kept
 * @property {string} promise
 * @property {number} count
 * @property {readonly string[]} examples
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
 * @property {readonly Broken[]} broken
 */

/** While state is rebuilt, older decisions than this go to `session.shadow`. */
const rebuiltDecisionAgeMs = 10 * 60_000
const examplesMax = 10

/**
 * Holds what a run has left against what was produced and what the log decides.
 *
 * @param {object} of
 * @param {ReadonlySet<string>} of.produced ids
 * @param {Evidence} of.evidence
 * @param {import('@holdpoint/state').StateStore} of.store
 * @param {import('@holdpoint/contracts').SchemaCatalogue} of.catalogue
 * @param {boolean} of.rebuilt whether state was ever lost as a whole
 * @returns {Promise<Verdict>}
 */
export async function judge({ produced, evidence, store, catalogue, rebuilt }) {
  const { log, deadLetters, unfolded } = evidence
  const folded = fold(log, catalogue)
  const once = withoutRepeats(log, catalogue)
  const dead = new Set(deadLetters.map(idOfLetter))
  const { expected, ...published } = judgePublished(evidence, folded, rebuilt)
  const lostEvents = [...produced].filter((id) => !once.ids.has(id) && !dead.has(id))
  const strangers = [...once.ids].filter((id) => !produced.has(id))
  const doubled = differences(folded, fold(once.log, catalogue))
  const states = await judgeStates(folded, store)
  const broken = [
    promise('every produced event is in the log or a dead letter', lostEvents),
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
    wrong: published.wrong + states.length,
    doubled: doubled.length,
    broken,
  }
}

/**
 * @param {string} name
 * @param {readonly string[]} cases
 * @returns {Broken}
 */
export const promise = (name, cases) => ({
  promise: name,
  count: cases.length,
  examples: cases.slice(0, examplesMax),
})

/**
 * @param {Evidence} evidence
 * @param {Folded} folded
 * @param {boolean} rebuilt
 */
function judgePublished({ published, shadow }, { decisions }, rebuilt) {
  const first = firstOf(published)
  const firstShadow = firstOf(shadow)
  /** @type {Record<string, number>} */
  const expected = {}
  const missing = []
  let keptBack = 0
  for (const [id, { decision }] of decisions) {
    expected[decision.type] = (expected[decision.type] ?? 0) + 1
    if (first.has(id)) continue
    const shadowed = firstShadow.get(id)
    const tooOld =
      shadowed !== undefined && shadowed.timestamp - decision.decidedAt > rebuiltDecisionAgeMs
    if (rebuilt && tooOld && decision.type !== 'session.revoked') keptBack += 1
    else missing.push(`${id} (${decision.type}, by ${decision.cause.eventId})`)
  }
  const all = [...published, ...shadow]
  const unknown = all.filter((found) => !decisions.has(idOf(found))).map(place)
  const unequal = all.filter((found) => {
    const known = decisions.get(idOf(found))
    return known !== undefined && !(found.value?.equals(known.value) ?? false)
  })
  const astray = published.filter((found) => {
    const known = decisions.get(idOf(found))
    return known !== undefined && found.topic !== decisionTopicOf(known.decision.type)
  })
  const wrong = [...unknown, ...unequal.map(place), ...astray.map(place)]
  return {
    expected,
    keptBack,
    repeats: published.length - first.size,
    lost: missing.length,
    wrong: wrong.length,
    broken: [
      promise('every decision of the fold is published', missing),
      promise('nothing is published that the fold did not decide', unknown),
      promise('the same id has the same bytes', unequal.map(place)),
      promise('each decision is on the topic of its type', astray.map(place)),
      promise(
        'first publications are in sequence order',
        outOfOrder([...first.values()], decisions),
      ),
      promise('a decision is held back only by a rebuild', rebuilt ? [] : shadow.map(place)),
    ],
  }
}

/**
 * First publications of a subject in a partition of a topic that come before an earlier decision.
 *
 * @param {readonly Found[]} first in the order of each partition
 * @param {Folded['decisions']} decisions
 */
function outOfOrder(first, decisions) {
  const latest = new Map()
  const early = []
  for (const found of first) {
    const sequence = decisions.get(idOf(found))?.decision.sequence
    if (sequence === undefined) continue
    const lane = `${found.topic}:${found.partition}:${String(found.key)}`
    if (sequence < (latest.get(lane) ?? '')) early.push(place(found))
    else latest.set(lane, sequence)
  }
  return early
}

/** @param {readonly Found[]} records */
function firstOf(records) {
  /** @type {Map<string, Found>} */
  const first = new Map()
  for (const found of records) if (!first.has(idOf(found))) first.set(idOf(found), found)
  return first
}

/** @param {Found} found */
const idOf = ({ headers }) => headers['ce_id'] ?? ''

/** @param {Found} found */
const place = (found) => `${idOf(found)} at ${found.topic}:${found.partition}:${found.offset}`

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

/**
 * @param {Folded} folded
 * @param {import('@holdpoint/state').StateStore} store
 */
async function judgeStates({ partitions }, store) {
  const differing = []
  for (const [partition, { meta, profiles, sessions }] of partitions) {
    const opened = await store.open(partition)
    if (!isDeepStrictEqual(opened.meta, meta))
      differing.push(
        `position of partition ${partition}: ${opened.meta?.appliedOffset}, not ${meta.appliedOffset}`,
      )
    if (opened.outbox.length > 0)
      differing.push(`the outbox of partition ${partition} holds ${opened.outbox.length}`)
    for (const keys of portions([...profiles.keys()], 500)) {
      const loaded = await store.load(partition, { profiles: keys, sessions: [] })
      for (const key of keys)
        if (!isDeepStrictEqual(loaded.profiles.get(key), profiles.get(key)))
          differing.push(`profile ${key} of partition ${partition}`)
    }
    for (const keys of portions([...sessions.keys()], 500)) {
      const loaded = await store.load(partition, { profiles: [], sessions: keys })
      for (const key of keys)
        if (!isDeepStrictEqual(loaded.sessions.get(key), sessions.get(key)))
          differing.push(`session ${key} of partition ${partition}`)
    }
  }
  return differing
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {number} size
 */
function portions(items, size) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  )
}
