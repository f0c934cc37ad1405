import { describe, expect, it } from 'vitest'
import type { Scene } from '../detector.ts'
import type { SessionEvent } from '../event.ts'
import {
  find,
  home,
  hours,
  isBlind,
  minutes,
  type SceneParts,
  scene,
  start,
} from '../testing/scene.ts'
import { habit } from './habit.ts'

/** An action at 10:00 UTC plus `later` of a day; each day is a session of its own, begun a minute before 10:00. */
const act = (day: number, later = 0, parts: SceneParts = {}): Scene => {
  const begun = start + hours(24 * day)
  const key = `session-${day}`
  return scene({
    context: home,
    ...parts,
    session: { startedAt: begun - minutes(1), ...parts.session },
    event: {
      occurredAt: begun + later,
      keys: { subject: 'subject-1', session: key, previousSession: '', parentSession: '' },
      ...parts.event,
    },
  })
}
/** So many days at work, seen at 10:00 and at 12:00. */
const work = (days: number, parts: SceneParts = {}): readonly Scene[] =>
  Array.from({ length: days }, (_, day) => [act(day, 0, parts), act(day, hours(2), parts)]).flat()

const at3 = hours(17)
const unproven: SceneParts = { context: {} }
const event = (over: Partial<SessionEvent>): SceneParts => ({ event: over })
const isFound = (scenes: readonly Scene[]): boolean => find(habit, ...scenes) !== null
type Case = [name: string, scenes: readonly Scene[], found: boolean]

describe('habit, by the hour', () => {
  const cases: Case[] = [
    ['03:00 after ten days of office hours', [...work(10), act(10, at3)], true],
    ['03:00 after nine days', [...work(9), act(9, at3)], false],
    ['an hour that was used', [...work(10), act(10)], false],
    ['the hour after one', [...work(10), act(10, hours(3))], false],
    ['the hour before one', [...work(10), act(10, -hours(1))], false],
    ['two hours after one', [...work(10), act(10, hours(4))], true],
    ['03:00, refused', [...work(10), act(10, at3, event({ outcome: 'failure' }))], false],
    ['03:00, attempted', [...work(10), act(10, at3, event({ outcome: 'attempted' }))], true],
    ['03:00, a login', [...work(10), act(10, at3, event({ type: 'login' }))], true],
    [
      '03:00, what an administrator did',
      [...work(10), act(10, at3, event({ type: 'revocation' }))],
      false,
    ],
    ['03:00 again, the day after', [...work(10), act(10, at3), act(11, at3)], false],
    [
      '03:00 again, in the same session',
      [...work(10), act(10, at3, unproven), act(10, at3, unproven)],
      false,
    ],
    ['another odd hour of the same session', [...work(10), act(10, at3), act(10, hours(9))], false],
    [
      '03:00 again, learnt from an unproven context',
      [...work(10), act(10, at3, unproven), act(11, at3)],
      true,
    ],
    ['history from unproven contexts', [...work(10, unproven), act(10, at3)], false],
    ['history of attempts', [...work(10, event({ outcome: 'attempted' })), act(10, at3)], false],
    ['03:00 once, two months ago', [act(0, at3), ...work(60), act(60, at3)], true],
    [
      '03:00 once, a week ago',
      [...work(10), act(10, at3), ...[11, 12, 13].map((d) => act(d)), act(14, at3)],
      false,
    ],
    ['the usual hour, after two months', [...work(60), act(60)], false],
    [
      'a late event of an earlier day teaches no hour',
      [...work(10), act(5, at3), act(10, at3)],
      true,
    ],
  ]
  it.each(cases)('%s', (_name, scenes, found) => expect(isFound(scenes)).toBe(found))

  it('names the hour and the usual ones, and scores nothing', () => {
    expect(find(habit, ...work(10), act(10, at3))).toMatchObject({
      reason: 'HABIT',
      family: 'behaviour',
      score: 0,
      message: 'Active at 03:00 UTC, as never before; usual: 10:00 to 11:00, 12:00 to 13:00',
      evidence: { previousHours: '10:00 to 11:00, 12:00 to 13:00', hour: '03:00', activeDays: 10 },
    })
  })

  it('tells a day over midnight as one stretch, and of many no more than three', () => {
    const at = (...of: number[]) =>
      Array.from({ length: 10 }, (_, d) => of.map((h) => act(d, hours(h)))).flat()
    const night = find(habit, ...at(13, 14), act(10))
    expect(night?.evidence).toMatchObject({ previousHours: '23:00 to 01:00', hour: '10:00' })
    const four = find(habit, ...at(0, 2, 4, 6), act(10, hours(9)))
    expect(four?.evidence).toMatchObject({
      previousHours: '10:00 to 11:00, 12:00 to 13:00, 14:00 to 15:00, …',
    })
  })
})

describe('habit, by the kind of action', () => {
  const pays = (over: SceneParts = {}): SceneParts => ({
    actionRule: 'payments',
    sensitivity: 'critical',
    ...over,
  })
  const days = (n: number, parts: SceneParts = {}) =>
    Array.from({ length: n }, (_, day) => act(day, 0, parts))
  const many = Array.from({ length: 24 }, (_, n) => act(0, 0, pays({ actionRule: `rule-${n}` })))
  const cases: Case[] = [
    ['the first payment, in the eleventh session', [...days(10), act(10, 0, pays())], true],
    ['the first payment, in the tenth session', [...days(9), act(9, 0, pays())], false],
    ['the first payment, an hour into it', [...days(10), act(10, hours(1), pays())], false],
    ['a second payment', [...days(10), act(10, 0, pays()), act(11, 0, pays())], false],
    [
      'a second one in the session, not learnt',
      [...days(10), act(10, 0, pays(unproven)), act(10, 1, pays(unproven))],
      false,
    ],
    [
      'the thief’s payment teaches nothing',
      [...days(10), act(10, 0, pays(unproven)), act(11, 0, pays())],
      true,
    ],
    [
      'an attempt teaches nothing',
      [...days(10), act(10, 0, pays(event({ outcome: 'attempted' }))), act(11, 0, pays())],
      true,
    ],
    ['a refused one', [...days(10), act(10, 0, pays(event({ outcome: 'failure' })))], false],
    ['a routine action', [...days(10), act(10, 0, pays({ sensitivity: 'routine' }))], false],
    ['sessions of unproven contexts', [...days(10, unproven), act(10, 0, pays())], false],
    ['more kinds than are kept', [...many, ...days(10), act(10, 0, pays())], false],
  ]
  it.each(cases)('%s', (_name, scenes, found) => expect(isFound(scenes)).toBe(found))

  it('names kind, action and how early it came', () => {
    expect(find(habit, ...days(10), act(10, minutes(2), pays()))).toMatchObject({
      reason: 'HABIT',
      score: 0,
      message: 'First action of kind payments in 10 sessions, 3 min after this one began',
      evidence: {
        kind: 'payments',
        action: 'docs.read',
        minutesIntoSession: 3,
        previousSessions: 10,
      },
    })
  })

  it('is blind without history', () => {
    expect(isBlind(habit, act(0, 0, { hasHistory: false }))).toBe(true)
    expect(isBlind(habit, act(0))).toBe(false)
  })
})
