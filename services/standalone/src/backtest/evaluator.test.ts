import { parseRawEvent, type RawEvent } from '@holdpoint/contracts'
import type { Decision } from '@holdpoint/risk'
import { expect, test } from 'vitest'
import { Evaluator } from './evaluator.ts'

const start = Date.parse('2026-11-22T10:00:00.000Z')

function event(minute: number, more: object = {}): RawEvent {
  const parsed = parseRawEvent({
    id: `e-${minute}`,
    type: 'action',
    source: 'test',
    occurredAt: start + minute * 60_000,
    subject: { id: 'ci', kind: 'workload' },
    sessionId: 's-1',
    action: { name: 'jobs.run' },
    ...more,
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
  return parsed.event
}

/** A decision as the engine publishes it, with what the case is about. */
const decision = (more: Partial<Decision>): Decision => ({
  decisionId: '1.0.0.0',
  sequence: '',
  type: 'session.stepup.required',
  decidedAt: start,
  validUntil: start,
  tenant: 'default',
  txn: '',
  supersedes: null,
  subject: { id: 'ci', kind: 'workload', iss: '' },
  sessionId: 's-1',
  scope: 'session',
  session: { status: 'step_up_required', level: 'MEDIUM', notAfter: null },
  stepUp: {
    id: '1.0.0.0',
    acrValues: [],
    maxAge: 300,
    obligation: 'fresh-assertion',
    approver: null,
    rotate: false,
    prompt: false,
    deadline: start,
  },
  resolution: null,
  risk: { level: 'MEDIUM', previousLevel: 'LOW', score: 450 },
  reasons: [],
  action: null,
  policy: { id: 'default', version: '', rule: 'require.medium.sensitive' },
  rulesVersion: 1,
  controls: [],
  cause: { eventId: 'e-0', partition: 0, offset: 0 },
  ...more,
})

test('a workload or agent that is asked for what only a person can give is counted', () => {
  const evaluator = new Evaluator()
  const asksFor = (acrValues: readonly string[], prompt: boolean) => {
    const { stepUp } = decision({})
    return decision({ stepUp: stepUp && { ...stepUp, acrValues, prompt } })
  }
  const person = event(0, { subject: { id: 'ann' }, sessionId: 's-2' })
  evaluator.take(event(0), null, [asksFor([], false)])
  evaluator.take(event(1), null, [asksFor(['aal2'], false)])
  evaluator.take(event(2), null, [asksFor([], true)])
  evaluator.take(person, null, [{ ...asksFor(['aal2'], true), sessionId: 's-2' }])
  expect(evaluator.report().machinesPrompted).toBe(2)
})

test('an approval that got old counts as freshness, and the end of a cut life as no revocation', () => {
  const evaluator = new Evaluator()
  const stale = {
    detector: 'delegation-stale',
    reason: 'DELEGATION_STALE',
    family: 'delegation',
    score: 450,
    message: '',
    evidence: {},
  } as const
  const theft = {
    ...stale,
    detector: 'new-network',
    reason: 'NEW_NETWORK',
    family: 'place',
  } as const
  const ended = (rule: string) =>
    decision({
      type: 'session.revoked',
      stepUp: null,
      session: { status: 'revoked', level: 'LOW', notAfter: null },
      policy: { id: 'default', version: '', rule },
    })
  evaluator.take(event(0), null, [decision({ reasons: [stale] }), ended('revoke.not-after')])
  expect(evaluator.report().workloads).toMatchObject({ asks: 0, freshness: 1, revoked: 0 })
  const other = new Evaluator()
  other.take(event(0), null, [decision({ reasons: [stale, theft] }), ended('revoke.deadline')])
  expect(other.report().workloads).toMatchObject({ asks: 1, freshness: 0, revoked: 1 })
})

test('a revocation of somebody else in the same take, and one that a cap held, count as what they are', () => {
  const revoked = { status: 'revoked', level: 'HIGH', notAfter: null } as const
  const deadline = { id: 'default', version: '', rule: 'revoke.deadline' }
  const over = {
    type: 'session.revoked',
    stepUp: null,
    session: revoked,
    policy: deadline,
  } as const
  const evaluator = new Evaluator()
  evaluator.take(event(0), null, [])
  const other = event(1, { type: 'revocation', sessionId: 's-2', subject: { id: 'bob' } })
  evaluator.take(other, null, [
    decision({ ...over, cause: { eventId: 'timer:x', partition: 0, offset: 1 } }),
  ])
  expect(evaluator.report().workloads.revoked).toBe(1)
  const held = new Evaluator()
  held.take(event(0), null, [
    decision({ ...over, type: 'session.risk.changed', policy: { ...deadline, rule: 'hold' } }),
  ])
  expect(held.report().workloads.revoked).toBe(1)
})

test('a step-up that ran out before the deed does not stop it', () => {
  const evaluator = new Evaluator()
  const thief = { traits: [], attack: 'thief', harm: false }
  const active = { status: 'active', level: 'MEDIUM', notAfter: null } as const
  const resolution = {
    stepUpId: '',
    outcome: 'expired',
    method: '',
    approval: null,
    at: start,
    place: '',
  } as const
  const ranOut = { type: 'session.stepup.resolved', stepUp: null, resolution } as const
  evaluator.take(event(0), thief, [decision({})])
  evaluator.take(event(20), { ...thief, harm: true }, [decision({ ...ranOut, session: active })])
  expect(evaluator.report().attacks).toMatchObject([{ early: 0, missed: 1 }])
})

test('the end of all sessions of a subject ends each of them', () => {
  const evaluator = new Evaluator()
  const thief = { traits: [], attack: 'thief', harm: false }
  evaluator.take(event(0), thief, [])
  const revoked = { status: 'revoked', level: 'HIGH', notAfter: null } as const
  const all = { type: 'session.revoked', stepUp: null, sessionId: null, scope: 'subject' } as const
  const other = event(1, { sessionId: 's-9' })
  evaluator.take(other, null, [decision({ ...all, session: revoked })])
  evaluator.take(event(2), { ...thief, harm: true }, [])
  expect(evaluator.report().attacks).toMatchObject([{ early: 1, missed: 0 }])
})

test('what is long over is counted and forgotten: memory does not grow with the record', () => {
  const evaluator = new Evaluator()
  for (let n = 0; n < 70_000; n += 1) evaluator.take(event(n, { sessionId: `s-${n}` }), null, [])
  expect(evaluator.living).toBeLessThan(25_000)
  expect(evaluator.report().workloads.sessions).toBe(70_000)
})

test('what was begun from an attacked session ends rightly with it, and from an honest one does not', () => {
  const revoked = (sessionId: string) =>
    decision({
      type: 'session.revoked',
      sessionId,
      stepUp: null,
      session: { status: 'revoked', level: 'HIGH', notAfter: null },
      policy: { id: 'default', version: '', rule: 'revoke.parent' },
    })
  const agent = { kind: 'agent', id: 'agent-1' }
  const end = (attack: string | undefined) => {
    const evaluator = new Evaluator()
    const label = attack === undefined ? null : { traits: [], harm: false, attack }
    evaluator.take(event(0, { subject: { id: 'ann' }, sessionId: 'hers' }), label, [])
    const child = { subject: { id: 'ann' }, actor: [agent] }
    evaluator.take(event(1, { ...child, sessionId: 'c', parentSessionId: 'hers' }), null, [])
    evaluator.take(event(2, { ...child, sessionId: 'gc', parentSessionId: 'c' }), null, [])
    evaluator.take(event(3), null, [revoked('c'), revoked('gc')])
    return evaluator.report().agents.revoked
  }
  expect([end('stolen-cookie'), end(undefined)]).toEqual([0, 2])
})
