import { parseRawEvent } from '@holdpoint/contracts'
import type { Decision } from '@holdpoint/risk'
import { beforeAll, expect, test } from 'vitest'
import { Replay } from '../replay/replay.ts'
import { statedOnly } from '../testing.ts'
import type { SentEvent } from './events.ts'
import { Simulation } from './simulation.ts'

const minuteMs = 60_000
const start = Date.parse('2026-11-22T12:00:00.000Z')
const options = { people: 40, workloads: 6, speed: 1 }

interface Raid {
  readonly attack: string
  readonly personId: string
  readonly at: number
}

/** Lets a simulation live against the rules themselves, in its own time. */
async function live(seed: number, minutes: number) {
  const raids: Raid[] = []
  const decisions: Decision[] = []
  const sent: SentEvent[] = []
  const onAttack = (attack: string, personId: string, at: number) =>
    void raids.push({ attack, personId, at })
  const simulation = new Simulation({ ...options, seed, onAttack })
  const replay = new Replay({ enrichment: statedOnly() })
  const take = async (events: readonly SentEvent[], at: number): Promise<void> => {
    for (const event of events) {
      sent.push(event)
      const parsed = parseRawEvent(event)
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
      const taken = await replay.take(parsed.event)
      if (!taken.ok) throw new Error(taken.fault.message)
      decisions.push(...taken.decisions)
      for (const decision of taken.decisions) simulation.told(decision, at)
    }
  }
  await take(simulation.history(start), start)
  for (let at = start; at < start + minutes * minuteMs; at += 100)
    await take(simulation.until(at), at)
  return { raids, decisions, sent }
}

/** Long enough for an attack to come to its end, shorter than until the same person's next. */
const raidMs = 29_000

const belongsTo = (decision: Decision, { personId, at }: Raid): boolean =>
  decision.subject.id === personId && decision.decidedAt >= at && decision.decidedAt < at + raidMs

const told = ({ type, risk, policy, resolution }: Decision): string =>
  [type.replace('session.', ''), risk.level, risk.score, resolution?.outcome ?? policy.rule].join(
    ' ',
  )

/** What each attack comes to, as the stories of `test/replay` have it. */
const endings: Readonly<Record<string, readonly string[]>> = {
  'stolen cookie': [
    'risk.changed HIGH 720 level',
    'stepup.required HIGH 720 require.high.routine',
    'stepup.resolved HIGH 720 superseded',
    'revoked HIGH 720 revoke.rotated',
  ],
  'victim and thief take turns': [
    'risk.changed HIGH 720 level',
    'stepup.required HIGH 720 require.high.routine',
    'stepup.resolved HIGH 930 superseded',
    'revoked HIGH 930 revoke.score',
  ],
  'cookie in a script': [
    'risk.changed HIGH 863 level',
    'stepup.required HIGH 863 require.high.routine',
    'stepup.resolved HIGH 905 superseded',
    'revoked HIGH 905 revoke.score',
  ],
  'granted role, used at once': [
    'risk.changed MEDIUM 450 level',
    'stepup.required MEDIUM 450 require.medium.critical',
    'stepup.resolved LOW 0 satisfied',
    'risk.changed LOW 0 level',
  ],
}

let show: Awaited<ReturnType<typeof live>>
beforeAll(async () => {
  show = await live(7, 8)
}, 60_000)

test('an attack comes within 10 s of the start and then every half minute, in rotation', () => {
  const { raids } = show
  expect(raids[0]?.at).toBeLessThan(start + 10_000)
  expect(raids.length).toBeGreaterThanOrEqual(15)
  expect(raids.slice(0, 8).map(({ attack }) => attack)).toEqual([
    ...Object.keys(endings),
    ...Object.keys(endings),
  ])
})

test('each attack ends as its story says', () => {
  const over = show.raids.filter(({ at }) => at + raidMs < start + 8 * minuteMs)
  for (const raid of over) {
    const its = show.decisions.filter((decision) => belongsTo(decision, raid))
    expect(its.map(told), `${raid.attack} on ${raid.personId}`).toEqual(endings[raid.attack])
  }
})

test('nobody who is not attacked is ever disturbed', () => {
  const { decisions, raids } = show
  const unasked = decisions.filter((decision) => !raids.some((raid) => belongsTo(decision, raid)))
  expect(unasked.map((decision) => `${decision.subject.id} ${told(decision)}`)).toEqual([])
})

test('honest life has what rules must not stumble over', () => {
  const kinds = new Set(
    show.sent.map(({ network }) => (network as { kind?: string } | undefined)?.kind),
  )
  expect(kinds).toContain('mobile')
  expect(kinds).toContain('corporate')
  const text = JSON.stringify(show.sent)
  expect(text).toContain('payments.create')
  expect(text).toContain('Chrome/142')
  expect(show.sent.some(({ type }) => type === 'reauthentication')).toBe(true)
})

test('the same seed tells the same story, another seed another', async () => {
  const [once, again, other] = [await live(3, 1), await live(3, 1), await live(4, 1)]
  expect(again.sent).toEqual(once.sent)
  expect(again.decisions).toEqual(once.decisions)
  expect(other.sent).not.toEqual(once.sent)
})
