/** A log folds to the same states and decisions however it is cut into batches, and whoever folds it. */
import { coreFold, type Entry, foldBatch, MemoryStates } from '@holdpoint/engine'
import { defaultPolicy, type LogRecord } from '@holdpoint/risk'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { folder } from '../../packages/risk/src/testing/folding.ts'
import { follow, histories } from '../../packages/risk/src/testing/histories.ts'

const context = { fold: coreFold, policy: defaultPolicy, encode: () => Buffer.alloc(0) }
const partition = 7

const entryOf = (record: LogRecord, offset: number): Entry => ({
  stored: { offset, timestamp: 0, key: null, value: null, headers: {} },
  record,
  fault: null,
  missingSchema: null,
})

/** Folds records one by one, and gives them as they were folded: feedback with the decision that it means. */
function oneByOne(records: readonly LogRecord[]) {
  const folding = folder(defaultPolicy, partition)
  const folded: LogRecord[] = []
  const { fold } = folding
  const fed = follow({
    ...folding,
    fold(record) {
      folded.push(record)
      return fold(record)
    },
  })
  for (const record of records) fed(record)
  return { folding, folded }
}

/** Cuts a log at `cuts` (by turns) and before each tick, as an engine must. */
function inBatches(records: readonly LogRecord[], cuts: readonly number[]) {
  const states = new MemoryStates()
  const decisions: unknown[] = []
  let meta = coreFold.emptyMeta(1, partition)
  let batch: Entry[] = []
  let batches = 0
  const close = () => {
    if (batch.length === 0) return
    const folded = foldBatch(context, meta, states, batch)
    states.lay(folded)
    meta = folded.meta
    for (const output of folded.outputs) {
      if (output.kind === 'dead-letter') throw new Error(output.fault.message)
      if (output.kind === 'decision') decisions.push(output.decision)
    }
    batch = []
    batches += 1
  }
  for (const [offset, record] of records.entries()) {
    const size = cuts[batches % cuts.length] ?? 1
    if (record.kind === 'tick' || batch.length >= size) close()
    batch.push(entryOf(record, offset))
  }
  close()
  return { states, decisions, meta }
}

it('batches give what single records give, feedback, families and renewals among them', () => {
  let decided = 0
  const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(histories, cuts, (records, sizes) => {
      const { folding, folded } = oneByOne(records)
      const { states, decisions, meta } = inBatches(folded, sizes)
      expect(decisions).toEqual(folding.decisions)
      const kept = { profiles: [...states.profiles], sessions: [...states.sessions], meta }
      const inOrder = (snapshot: unknown) => {
        const { profiles, sessions, meta } = snapshot as typeof kept
        return { profiles: new Map(profiles), sessions: new Map(sessions), meta }
      }
      expect(inOrder(kept)).toEqual(inOrder(folding.snapshot()))
      decided += decisions.length
    }),
    { numRuns: 500 },
  )
  expect(decided).toBeGreaterThan(1_000)
})
