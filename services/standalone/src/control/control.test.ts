/** `holdpoint control` against ingest and engine: what is ordered is done, and `ls` tells what stands. */
import {
  decodeDecision,
  encodeControl,
  encodeDecision,
  localCatalogue,
  partitionOf,
  recordKey,
  topics,
} from '@holdpoint/contracts'
import type { Decision } from '@holdpoint/risk'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { event, type Kit, startKit } from '../../test/dead-letter-kit.ts'
import { timeText } from '../dlq/text.ts'
import { orderLines, standingJson, standingLines } from './lines.ts'
import { answerOrder, observeOrder, send } from './order.ts'
import { type Held, heldDecisions, ordersGiven } from './standing.ts'

const catalogue = localCatalogue()
const by = { operator: 'zoë', reason: 'ticket-4711', now: Date.now() }
/** People of one partition of the internal log: the caps count in each by itself. */
const people = Array.from({ length: 200 }, (_, n) => `person-${n}`)
  .filter((id) => partitionOf(recordKey('default', id), 4) === 0)
  .slice(0, 7)

let kit: Kit
beforeEach(async () => {
  kit = await startKit()
  await kit.startIngest()
  await kit.startEngine()
})
afterEach(() => kit.stop())

const published = async (topic: string, count: number): Promise<readonly Decision[]> =>
  (await kit.read(topic, count)).map(({ value }) =>
    decodeDecision(catalogue, value ?? Buffer.alloc(0)),
  )

const login = (id: string) =>
  kit.produce(
    topics.any,
    event(`login-${id}`, 'login', { subject: { id }, sessionId: id, assurance: { amr: ['pwd'] } }),
  )

/** A refresh token is used twice, which ends a session at once. */
const reuse = (id: string) =>
  kit.produce(
    topics.any,
    event(`reuse-${id}`, 'action', {
      subject: { id },
      sessionId: id,
      action: { name: 'page.view' },
      credential: { id: `c-${id}`, kind: 'session-token', status: 'reused' },
    }),
  )

/** Five revoked, two held. */
async function storm(): Promise<readonly Held[]> {
  for (const id of people) await login(id)
  for (const id of people) await reuse(id)
  await published(topics.shadow, 2)
  return heldDecisions(kit.log, catalogue)
}

test('what is held is listed, and after a release and a drop it is not', async () => {
  const listed = await storm()
  const [first, second, ...others] = listed.map(({ decision }) => decision)
  expect(others).toEqual([])
  expect([first?.sessionId, second?.sessionId]).toEqual(people.slice(5))
  const lines = standingLines(await ordersGiven(kit.log), listed, by.now)
  expect(lines.join('\n')).toMatch(
    new RegExp(
      `^HELD .*\\n${first?.decisionId} .*default .*${people[5]} .*1000 .*REFRESH_TOKEN_REUSED +-$`,
      'm',
    ),
  )
  const held = await heldDecisions(kit.log, catalogue)
  const release = answerOrder('release', first?.decisionId ?? '', held, by)
  const told = orderLines(release).join('\n')
  expect(told).toMatch(/^release of \S+ is ordered, for session \S+ of \S+\nIn a moment.* revoked/)
  expect(told).toContain(
    `holdpoint state show --tenant default --subject ${people[5]} --session ${people[5]}`,
  )
  await send(kit.log, release)
  const revoked = await published(topics.revoked, 6)
  expect(revoked.find(({ supersedes }) => supersedes === first?.decisionId)).toMatchObject({
    sessionId: people[5],
    session: { status: 'revoked' },
    policy: { rule: 'operator.release' },
  })
  await send(kit.log, answerOrder('drop', second?.decisionId ?? '', held, by))
  await expect
    .poll(async () => (await heldDecisions(kit.log, catalogue)).length, { timeout: 5_000 })
    .toBe(0)
  const changed = await published(topics.riskChanged, 1)
  expect(changed.find(({ supersedes }) => supersedes === second?.decisionId)).toMatchObject({
    session: { status: 'active' },
    policy: { rule: 'operator.drop' },
  })
  expect(() => answerOrder('drop', second?.decisionId ?? '', [], by)).toThrow(
    /nothing is held under \S+: it was answered.*holdpoint control ls/,
  )
})

test('an answer that found nothing held is listed with its time, and what the list cannot know is said', async () => {
  const listed = await storm()
  const [first, second] = listed.map(({ decision }) => decision)
  const order = answerOrder('drop', first?.decisionId ?? '', listed, by)
  // Of a session that the engine does not know: as of one that it has forgotten, there is nothing to answer.
  await send(kit.log, { ...order, sessionId: 'forgotten' } as typeof order)
  await kit.read(topics.internal, 18)
  const orders = await ordersGiven(kit.log)
  const held = await heldDecisions(kit.log, catalogue)
  expect(held.map(({ decision }) => decision.decisionId)).toEqual([
    first?.decisionId,
    second?.decisionId,
  ])
  const soon = standingLines(orders, held, by.now).join('\n')
  expect(soon).toMatch(new RegExp(`^${first?.decisionId} .* dropped ${timeText(by.now)}$`, 'm'))
  expect(soon).toMatch(new RegExp(`^${second?.decisionId} .* -$`, 'm'))
  expect(soon).toContain('One that stays listed came when nothing was held any more')
  expect(soon).not.toContain('for 48 h')
  const late = standingLines(orders, held, by.now + 49 * 3_600_000).join('\n')
  expect(late).toContain(
    `Nothing was decided for 48 h about ${first?.decisionId}, ${second?.decisionId}:`,
  )
  expect(standingJson(orders, held).held).toMatchObject([
    { decisionId: first?.decisionId, answered: { kind: 'drop', operator: 'zoë' } },
    { decisionId: second?.decisionId, answered: null },
  ])
})

test('what was last decided about the session of a hold counts, and not when it was held', async () => {
  const [first, second] = await storm()
  const decidedAt = by.now + 3_600_000
  const later = { ...first!.decision, type: 'session.risk.changed', decidedAt } as const
  await kit.produce(topics.riskChanged, encodeDecision(catalogue, later))
  const held = await heldDecisions(kit.log, catalogue)
  expect(held.map(({ lastDecidedAt }) => lastDecidedAt)).toEqual([decidedAt, second?.lastDecidedAt])
})

test('observe-only keeps decisions from the apps until it is turned off, and is listed meanwhile', async () => {
  await send(kit.log, observeOrder(true, '', by))
  await kit.read(topics.internal, 4)
  const orders = await ordersGiven(kit.log)
  const [switched, ...others] = orders.switches
  expect(others).toEqual([])
  expect(switched).toEqual({ tenant: '', since: by.now, operator: 'zoë', reason: 'ticket-4711' })
  expect(standingJson(orders, []).observeOnly).toMatchObject([{ tenant: null, operator: 'zoë' }])
  const [alice = '', bob = ''] = people
  await login(alice)
  await reuse(alice)
  const shadow = await published(topics.shadow, 1)
  expect(shadow.every(({ session }) => session.status === 'active')).toBe(true)
  const [record] = await kit.read(topics.shadow, 1)
  expect(String(record?.headers['holdpoint.kept-back'])).toBe('observe-only')

  await send(kit.log, observeOrder(false, '', by))
  await expect
    .poll(async () => (await ordersGiven(kit.log)).switches, { timeout: 5_000 })
    .toEqual([])
  await login(bob)
  await kit.events(`login-${bob}`, 1)
  await reuse(bob)
  const revoked = await published(topics.revoked, 1)
  expect(revoked.map(({ sessionId }) => sessionId)).toEqual([bob])
})

test('an order that cannot be read back is refused before it is sent, with the mend', async () => {
  await expect(send(kit.log, observeOrder(true, 'a|b', by))).rejects.toThrow(
    /tenant: expected at most 64 of the characters/,
  )
  expect(encodeControl(observeOrder(true, 'acme', by)).toString()).toContain('"tenant":"acme"')
})
