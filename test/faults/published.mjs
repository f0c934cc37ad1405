import { isDeepStrictEqual } from 'node:util'
import { decisionHeaders, decisionTopicOf, partitionOf, recordKey } from '@holdpoint/contracts'
import { promise } from './promises.mjs'

/** Says on `session.shadow` why apps must not act on a decision. */
const keptBackHeader = 'holdpoint.kept-back'

// What is on the topics of decisions, held against what the fold decided.

/** @typedef {import('./evidence.mjs').Found} Found */
/** @typedef {import('./oracle.mjs').Folded} Folded */
/** @typedef {import('./oracle.mjs').Expected} Expected */

/** While state is rebuilt, older decisions than this go to `session.shadow`. */
const rebuiltDecisionAgeMs = 10 * 60_000

/**
 * @param {Pick<import('./evidence.mjs').Evidence, 'published' | 'shadow'>} evidence
 * @param {Pick<Folded, 'decisions'>} folded
 * @param {{ rebuilt: boolean, partitions: ReadonlyMap<string, number> }} of whether state was ever lost as a
 *   whole; how many partitions each topic has
 */
export function judgePublished({ published, shadow }, { decisions }, { rebuilt, partitions }) {
  const first = firstOf(published)
  const firstShadow = firstOf(shadow)
  /** @type {Record<string, number>} */
  const expected = {}
  const missing = []
  let keptBack = 0
  for (const [id, { decision, keptBack: why }] of decisions) {
    expected[decision.type] = (expected[decision.type] ?? 0) + 1
    const shadowed = firstShadow.get(id)
    if (why !== null && shadowed !== undefined) keptBack += 1
    if (why === null ? first.has(id) : shadowed !== undefined) continue
    const tooOld =
      shadowed !== undefined && shadowed.timestamp - decision.decidedAt > rebuiltDecisionAgeMs
    if (rebuilt && tooOld && decision.type !== 'session.revoked') keptBack += 1
    else missing.push(`${id} (${decision.type}, by ${decision.cause.eventId})`)
  }
  const all = [...published, ...shadow]
  const unknown = all.filter((found) => !decisions.has(idOf(found))).map(place)
  /** @type {(differs: (found: Found, known: Expected) => boolean, among?: readonly Found[]) => string[]} */
  const differing = (differs, among = all) =>
    among.flatMap((found) => {
      const known = decisions.get(idOf(found))
      return known !== undefined && differs(found, known) ? [place(found)] : []
    })
  const unequal = differing(({ value }, known) => !(value?.equals(known.value) ?? false))
  const astray = differing(
    ({ topic }, { decision, keptBack: why }) =>
      why !== null || topic !== decisionTopicOf(decision.type),
    published,
  )
  const misplaced = differing((found, known) => !standsRight(found, known, partitions))
  const misnamed = differing(({ headers }, known) => {
    const { [keptBackHeader]: why, ...others } = headers
    const right =
      known.keptBack === null ? why === undefined || why === 'rebuilt' : why === known.keptBack
    return !right || !isDeepStrictEqual(others, headersOf(known))
  })
  const fromShadow = shadow.filter((found) => decisions.get(idOf(found))?.keptBack === null)
  return {
    expected,
    keptBack,
    repeats: published.length - first.size,
    lost: missing.length,
    wrong: [unknown, unequal, astray, misplaced, misnamed].flat().length,
    broken: [
      promise('every decision of the fold is published', missing),
      promise('nothing is published that the fold did not decide', unknown),
      promise('the same id has the same bytes', unequal),
      promise('each decision is on the topic of its type', astray),
      promise("each decision has its subject's key, and stands in that key's partition", misplaced),
      promise('each decision has its headers', misnamed),
      promise(
        'first publications are in sequence order',
        outOfOrder([...first.values()], decisions),
      ),
      promise(
        'a decision is held back only by a rebuild, a cap or observe-only',
        rebuilt ? [] : fromShadow.map(place),
      ),
    ],
  }
}

/** @param {Expected} known */
const keyOf = ({ decision }) => recordKey(decision.tenant, decision.subject.id)

/**
 * @param {Expected} known
 * @returns {Record<string, string>}
 */
const headersOf = ({ decision, traceparent }) => ({
  ...decisionHeaders(decision),
  ...(traceparent !== null && { traceparent }),
})

/** @type {(found: Found, known: Expected, partitions: ReadonlyMap<string, number>) => boolean} */
function standsRight({ topic, partition, key }, known, partitions) {
  const count = partitions.get(topic)
  if (count === undefined) throw new Error(`no partition count is known for ${topic}`)
  return String(key) === keyOf(known) && partition === partitionOf(keyOf(known), count)
}

/**
 * First publications of a subject on a topic that come before an earlier decision. The subject is the one
 * that the fold names, whatever key the record has.
 *
 * @param {readonly Found[]} first in the order of each partition
 * @param {Folded['decisions']} decisions
 */
function outOfOrder(first, decisions) {
  const latest = new Map()
  const early = []
  for (const found of first) {
    const known = decisions.get(idOf(found))
    if (known === undefined) continue
    const { sequence } = known.decision
    const lane = `${found.topic}:${keyOf(known)}`
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
