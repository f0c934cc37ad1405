import { decodeLogRecord, encodeDecision } from '@holdpoint/contracts'
import { coreFold, refold } from '@holdpoint/engine'
import { defaultPolicy } from '@holdpoint/risk'

// What must have been decided: the log folded once more, without a store, a fault or a second owner.

/** @typedef {import('./evidence.mjs').Found} Found */

/**
 * @typedef {object} Expected a decision
 * @property {import('@holdpoint/risk').Decision} decision
 * @property {Buffer} value as it must be on the wire
 * @property {string | null} traceparent of its cause, which goes on with it
 * @property {import('@holdpoint/risk').KeptBack | null} keptBack why apps must not act on it
 *
 * @typedef {object} Folded
 * @property {ReadonlyMap<string, Expected>} decisions by id
 * @property {ReadonlyMap<number, import('@holdpoint/engine').Refolded>} partitions
 * @property {readonly string[]} faults of records that could not be folded
 */

/**
 * @param {ReadonlyMap<number, readonly Found[]>} log
 * @param {import('@holdpoint/contracts').SchemaCatalogue} catalogue
 * @returns {Folded}
 */
export function fold(log, catalogue) {
  const context = {
    fold: coreFold,
    policy: defaultPolicy,
    encode: (/** @type {import('@holdpoint/risk').Decision} */ decision) =>
      encodeDecision(catalogue, decision),
  }
  const decisions = new Map()
  const partitions = new Map()
  const faults = []
  for (const [partition, records] of log) {
    const refolded = refold(context, { generation: 1, partition }, records, catalogue)
    partitions.set(partition, refolded)
    for (const output of refolded.outputs) {
      if (output.kind === 'decision') {
        const { decision, value, traceparent, keptBack } = output
        decisions.set(decision.decisionId, {
          decision,
          value,
          keptBack,
          traceparent: traceparent === null ? null : String(traceparent),
        })
      } else if (output.kind === 'dead-letter') {
        faults.push(`offset ${output.offset} of ${partition}: ${output.fault.message}`)
      }
    }
  }
  return { decisions, partitions, faults }
}

/**
 * The log with each event at its first place alone, and what was left out.
 *
 * @param {ReadonlyMap<number, readonly Found[]>} log
 * @param {import('@holdpoint/contracts').SchemaCatalogue} catalogue
 */
export function withoutRepeats(log, catalogue) {
  /** @type {Map<number, Found[]>} */
  const once = new Map()
  /** @type {Set<string>} */
  const ids = new Set()
  let repeats = 0
  for (const [partition, records] of log) {
    const kept = []
    for (const record of records) {
      const id = eventIdOf(record, catalogue)
      if (id !== null && ids.has(id)) {
        repeats += 1
        continue
      }
      if (id !== null) ids.add(id)
      kept.push(record)
    }
    once.set(partition, kept)
  }
  return { log: once, ids, repeats }
}

/**
 * The id of the event that a record of the log holds; null for a tick.
 *
 * @param {Found} record
 * @param {import('@holdpoint/contracts').SchemaCatalogue} catalogue
 */
function eventIdOf({ value, partition, offset }, catalogue) {
  if (value === null) throw new Error(`offset ${offset} of ${partition} has no value`)
  const record = decodeLogRecord(value, catalogue)
  return record.kind === 'event' ? record.event.id : null
}
