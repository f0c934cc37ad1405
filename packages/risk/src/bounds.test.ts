/** What one record may lead to at most: the order of its decisions shows in the three digits of a sequence. */
import { expect, it } from 'vitest'
import type { Decision } from './decision.ts'
import type { SessionEvent } from './event.ts'
import { decisionsMax } from './stamp.ts'
import { caps } from './state.ts'
import { login, of } from './testing/crowd.ts'
import { type Folder, folder } from './testing/folding.ts'
import { minutes, start } from './testing/scene.ts'

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

const inOrderAsText = (decisions: readonly Decision[]): void => {
  const sequences = decisions.map(({ sequence }) => sequence)
  expect(sequences).toEqual(sequences.toSorted())
  expect(decisions.length).toBeLessThanOrEqual(decisionsMax)
}

const payment = {
  name: 'payments.approve',
  resource: '',
  access: 'write',
  amount: 5_000,
  currency: 'EUR',
} as const

it('a tick with more to tell tells the rest at the next, each once and at its own time', () => {
  const folding = folder()
  const people = numbers(80)
  for (const n of people) {
    for (const m of numbers(caps.profileTimers)) {
      const sessionId = `s-${n}-${m}`
      folding.fold(login(n, m, { sessionId }))
      folding.fold(of(n, minutes(30) + m, { sessionId, action: payment }))
    }
  }
  const asked = folding.decisions.filter(({ type }) => type === 'session.stepup.required')
  expect(asked.length).toBe(people.length * caps.profileTimers)
  const told: Decision[] = []
  const sizes: number[] = []
  for (const seconds of [0, 2, 4]) {
    const t = start + minutes(50) + seconds * 1_000
    const { decisions } = folding.fold({ kind: 'tick', t })
    inOrderAsText(decisions)
    told.push(...decisions)
    sizes.push(decisions.length)
  }
  expect(sizes[0]).toBeGreaterThan(900)
  expect(sizes[1]).toBeGreaterThan(0)
  expect(sizes[2]).toBe(0)
  expect(told.map(({ resolution }) => resolution?.stepUpId).toSorted()).toEqual(
    asked.map(({ decisionId }) => decisionId).toSorted(),
  )
  expect(told.every(({ decidedAt, resolution }) => decidedAt === resolution?.at)).toBe(true)
})

/** Of the first person. */
const keysOf = (session: string, previousSession = '', parentSession = '') => ({
  subject: 'p-0',
  session,
  previousSession,
  parentSession,
})

/** Begun from another, to the depth of a chain; the app's own action waits for a step-up. */
function begin(folding: Folder, parent: string, depth: number): number {
  if (depth === 0) return 0
  return numbers(caps.sessionChildren).reduce((sum, n) => {
    const name = `${parent}.${n}`
    const keys = keysOf(name, '', parent)
    const app = { sessionId: name, parentSessionId: parent, keys }
    folding.fold(login(0, minutes(10), app))
    folding.fold(of(0, minutes(11), { ...app, action: payment }))
    return sum + 1 + begin(folding, name, depth - 1)
  }, 0)
}

it('a revocation that reaches many renewals, and all that was begun from them, stays within it', () => {
  const folding = folder()
  folding.fold(login(0, 0, { sessionId: 'r-0', keys: keysOf('r-0') }))
  const renewals = 256
  for (const n of numbers(renewals)) {
    const [previousSessionId, sessionId] = [`r-${n}`, `r-${n + 1}`]
    const renewal: Partial<SessionEvent> = {
      type: 'reauthentication',
      action: null,
      sessionId,
      previousSessionId,
      keys: keysOf(sessionId, previousSessionId),
    }
    folding.fold(of(0, n, renewal))
  }
  const last = `r-${renewals}`
  const begun =
    begin(folding, last, 2) +
    numbers(6).reduce((sum, n) => sum + begin(folding, `${last}.11.${n}`, 1), 0)
  expect(begun).toBe(228)
  const { decisions } = folding.fold(
    of(0, minutes(12), {
      type: 'revocation',
      action: null,
      initiator: 'admin',
      sessionId: 'r-0',
      keys: keysOf('r-0'),
    }),
  )
  inOrderAsText(decisions)
  const ended = new Set(
    decisions.filter(({ type }) => type === 'session.revoked').map((d) => d.sessionId),
  )
  expect(ended.has(last)).toBe(true)
  expect(numbers(renewals).every((n) => ended.has(`r-${n}`))).toBe(true)
  expect(decisions.length).toBeGreaterThan(850)
  // What was left is judged at its own next event.
  const left = numbers(caps.sessionChildren).map((n) => `${last}.11.${n}`)
  expect(left.some((name) => !ended.has(name))).toBe(true)
  for (const name of left) {
    folding.fold(of(0, minutes(13), { sessionId: name, keys: keysOf(name) }))
    expect(folding.session(name)?.status).toBe('revoked')
  }
})
