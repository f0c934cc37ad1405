/** What was begun from a session ends with it in the same record, whatever the batches that the log is cut into. */
import { coreFold, type Entry, foldBatch, MemoryStates } from '@holdpoint/engine'
import { type Decision, defaultPolicy, type LogRecord, livingSession } from '@holdpoint/risk'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { event, minutes, start } from '../../packages/risk/src/testing/scene.ts'

const context = { fold: coreFold, policy: defaultPolicy, encode: () => Buffer.alloc(0) }

const entryOf = (record: LogRecord, offset: number): Entry => ({
  stored: { offset, timestamp: 0, key: null, value: null, headers: {} },
  record,
  fault: null,
  missingSchema: null,
})

const deed = fc.record({
  type: fc.constantFrom(
    ...(['login', 'login', 'login', 'action', 'action', 'reauthentication'] as const),
    ...(['logout', 'revocation', 'tick'] as const),
  ),
  session: fc.nat(7),
  parent: fc.constantFrom(0, 0, 1, 1, null),
  renews: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
  gapMs: fc.integer({ min: 0, max: minutes(20) }),
  pays: fc.boolean(),
})
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never

/**
 * Begins, renews, ends and revokes eight sessions of one person: two in each of the four generations that a
 * chain of delegation may have, begun from either of the one before or from none, renewed as the other.
 */
function logOf(deeds: readonly Deed[]): readonly LogRecord[] {
  const key = (n: number) => (n < 0 ? '' : `alice/s-${n}`)
  let t = start
  return deeds.map(({ type, session, parent, renews, gapMs, pays }, n): LogRecord => {
    t += gapMs
    if (type === 'tick') return { kind: 'tick', t }
    const action = pays ? 'payments.approve' : 'docs.read'
    const happening = event({
      type,
      idHash: n + 1,
      occurredAt: t,
      receivedAt: t,
      actor: session > 3 ? [{ id: 'agent-7', kind: 'agent' }] : [],
      sessionId: `s-${session}`,
      action:
        type === 'action'
          ? { name: action, resource: '', access: 'write', amount: null, currency: '' }
          : null,
      keys: {
        subject: 'alice',
        session: key(session),
        parentSession: parent === null ? '' : key(session - (session % 2) - 2 + parent),
        previousSession: type === 'login' && renews ? key(session ^ 1) : '',
      },
    })
    return { kind: 'event', event: happening, origin: null }
  })
}
const logs = fc.array(deed, { minLength: 40, maxLength: 60 }).map(logOf)

/** Cuts a log at `cuts` (by turns) and before each tick, as an engine must. */
function batchesOf(records: readonly LogRecord[], cuts: readonly number[]): readonly Entry[][] {
  const batches: Entry[][] = []
  let left = 0
  for (const [offset, record] of records.entries()) {
    if (left === 0 || record.kind === 'tick') {
      left = cuts[batches.length % cuts.length] ?? 1
      batches.push([])
    }
    batches.at(-1)?.push(entryOf(record, offset))
    left -= 1
  }
  return batches
}

/** Sessions that live on though the one that they were begun from, and that lists them, was revoked. */
function orphans({ profiles, sessions }: MemoryStates, t: number): readonly string[] {
  return [...sessions].flatMap(([key, parent]) => {
    const profile = profiles.get(key.split('/')[0] ?? '') ?? null
    const notBefore = profile?.notBefore ?? 0
    const outlived = parent.notAfter > 0 && parent.endedAt >= parent.notAfter
    if (parent.status !== 'revoked' || parent.successor !== '' || outlived) return []
    return parent.children.filter((childKey) => {
      const child = livingSession(sessions.get(childKey) ?? null, profile, t)
      if (child === null || child.parent !== key) return false
      return child.status !== 'revoked' && child.startedAt >= notBefore
    })
  })
}

const timeOf = (record: LogRecord | null | undefined): number => {
  if (record?.kind === 'event') return record.event.receivedAt
  return record?.kind === 'tick' ? record.t : 0
}

function folded(
  batches: readonly Entry[][],
  each: (states: MemoryStates, t: number) => void = () => {},
) {
  const states = new MemoryStates()
  const decisions: Decision[] = []
  let meta = coreFold.emptyMeta(1, 0)
  for (const batch of batches) {
    const result = foldBatch(context, meta, states, batch)
    states.lay(result)
    meta = result.meta
    for (const output of result.outputs) {
      if (output.kind === 'dead-letter') throw new Error(output.fault.message)
      if (output.kind === 'decision') decisions.push(output.decision)
    }
    each(states, timeOf(batch.at(-1)?.record))
  }
  return { states, decisions }
}

it('children end with their parent in the same record, whatever the batch cut', () => {
  let ended = 0
  fc.assert(
    fc.property(logs, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (log, cuts) => {
      const each = folded(batchesOf(log, [1]), (states, t) =>
        expect(orphans(states, t)).toEqual([]),
      )
      const cut = folded(batchesOf(log, cuts))
      expect(cut.decisions).toEqual(each.decisions)
      expect(new Map(cut.states.sessions)).toEqual(new Map(each.states.sessions))
      expect(new Map(cut.states.profiles)).toEqual(new Map(each.states.profiles))
      ended += each.decisions.filter(
        ({ type, reasons }) =>
          type === 'session.revoked' && reasons.some((r) => r.reason === 'PARENT_REVOKED'),
      ).length
    }),
    { numRuns: 500 },
  )
  expect(ended).toBeGreaterThan(100)
})
