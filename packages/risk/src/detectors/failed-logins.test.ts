import { describe, expect, it } from 'vitest'
import type { SessionEvent } from '../event.ts'
import { find, home, hours, minutes, scene, start } from '../testing/scene.ts'
import { failedLogins } from './failed-logins.ts'

let ids = 0
const fails = (ms: number, event: Partial<SessionEvent> = {}, context = {}) => {
  ids += 1
  return scene({
    context,
    event: {
      type: 'login',
      outcome: 'failure',
      occurredAt: start + ms,
      idHash: ids,
      action: null,
      ...event,
    },
  })
}
/** One a second. */
const failures = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => fails(from + i * 1_000))

const reasonOf = (...scenes: Parameters<typeof find>[1][]) =>
  find(failedLogins, ...scenes)?.reason ?? null

describe('failed-logins', () => {
  const told = 'FAILED_LOGINS'
  const cases: readonly (readonly [string, ReturnType<typeof failures>, string | null])[] = [
    ['the 99th', failures(99), null],
    ['the 100th', failures(100), told],
    ['the 101st, of which nothing new is to be said', failures(101), null],
    ['the 200th', failures(200), null],
    ['the 100th after an hour of quiet', [...failures(99), fails(hours(1) + 98_000)], null],
    ['the 100th just before', [...failures(99), fails(hours(1) + 97_999)], told],
    ['the 100th of the next burst', [...failures(150), ...failures(100, hours(2))], told],
    ['from home, too: it only alerts', [...failures(99), fails(minutes(5), {}, home)], told],
    ['a login that succeeds', [...failures(99), fails(minutes(5), { outcome: 'success' })], null],
    ['one attempted', [...failures(99), fails(minutes(5), { outcome: 'attempted' })], null],
    ['an action that fails', [...failures(99), fails(minutes(5), { type: 'action' })], null],
  ]
  it.each(cases)('%s', (_name, scenes, reason) => expect(reasonOf(...scenes)).toBe(reason))

  it('only alerts, and tells how many in how long', () => {
    expect(find(failedLogins, ...failures(100))).toMatchObject({
      family: 'credential',
      score: 0,
      message:
        '100 failed logins for this person in 2 min, the last from a residential network AS28573, BR',
      evidence: { failures: 100, minutes: 2, network: 'residential network AS28573, BR' },
    })
  })
})
