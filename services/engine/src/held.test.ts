/** Held revocations over crashes: what a storm cap keeps back is there until an operator answers it. */
import { decodeDecision, localCatalogue, topics } from '@holdpoint/contracts'
import type { Decision } from '@holdpoint/risk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Bench, byId, createBench } from './testing/bench.ts'
import { answer, login, reuse } from './testing/events.ts'

const catalogue = localCatalogue()
const people = Array.from({ length: 12 }, (_, n) => `person-${n}`)

let bench: Bench
beforeEach(async () => {
  bench = await createBench()
})
afterEach(() => bench.close())

/** Once each: a topic may have a decision twice. */
async function decisionsOf(topic: string): Promise<readonly Decision[]> {
  const found = new Map<string, Decision>()
  for (const { value } of await bench.read(topic)) {
    const decision = decodeDecision(catalogue, value ?? Buffer.alloc(0))
    found.set(decision.decisionId, decision)
  }
  return [...found.values()]
}

const heldNow = async () =>
  (await decisionsOf(topics.shadow)).filter(({ type }) => type === 'session.revoked')

describe('I12: a held revocation', () => {
  it('is never lost, at whatever commit the store goes back, and each answer finds it', async () => {
    await bench.run()
    await bench.append(people.map((id) => login(id, id)))
    for (const id of people) {
      await bench.append([reuse(id, id)])
      await bench.settled()
      // The next batch finds a store that has lost what was just held.
      bench.store.rollback(0, 1)
    }
    await bench.append([login('last', 'last')])
    await bench.settled()
    const held = await heldNow()
    expect(held.map(({ sessionId }) => sessionId).sort()).toEqual(people.slice(5).sort())
    for (const [n, { sessionId, decisionId }] of held.entries()) {
      const id = sessionId ?? ''
      await bench.append([answer(n % 2 === 0 ? 'release' : 'drop', id, id, decisionId)])
      await bench.settled()
      bench.store.rollback(0, 1)
    }
    await bench.append([login('last', 'again')])
    await bench.settled()
    const answers = [
      ...(await decisionsOf(topics.revoked)),
      ...(await decisionsOf(topics.riskChanged)),
    ]
    const answered = answers.flatMap(({ supersedes }) => supersedes ?? [])
    expect(answered.sort()).toEqual(held.map(({ decisionId }) => decisionId).sort())
    expect(byId(await bench.published())).toEqual(await bench.expected())
  })

  it('goes to session.shadow, and not to the topic that apps act on', async () => {
    await bench.run()
    await bench.append(people.map((id) => login(id, id)))
    await bench.append(people.map((id) => reuse(id, id)))
    await bench.settled()
    const revoked = (await decisionsOf(topics.revoked)).map(({ sessionId }) => sessionId)
    expect(revoked.sort()).toEqual(people.slice(0, 5).sort())
    expect(await heldNow()).toHaveLength(7)
    const [record] = await bench.read(topics.shadow)
    expect(String(record?.headers['holdpoint.kept-back'])).toBe('storm-cap')
  })
})
