import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../default-policy.ts'
import type { Scene } from '../detector.ts'
import type { SessionEvent } from '../event.ts'
import type { Right } from '../requirement.ts'
import { rightsOf } from '../requirement.ts'
import { event, find, home, hours, type SceneParts, scene, start } from '../testing/scene.ts'
import { overPrivileged } from './over-privileged.ts'

const admin: Right = { name: 'role:admin', rank: 'admin' }
const secret: Right = { name: 'secrets.read', rank: 'secret' }

const on = (day: number, parts: SceneParts = {}): Scene =>
  scene({ context: home, ...parts, event: { occurredAt: start + hours(24 * day), ...parts.event } })
const login = (day: number, rights: readonly Right[], over: Partial<SessionEvent> = {}) =>
  on(day, { rights, event: { type: 'login', privileges: rights.map((r) => r.name), ...over } })
const change = (day: number, rights: readonly Right[], privileges: readonly string[]) =>
  on(day, { rights, event: { type: 'privilege-change', privileges } })
const works = (from: number, until: number, parts: SceneParts = {}) =>
  Array.from({ length: until - from }, (_, i) => on(from + i, parts))
const uses = (day: number, rank: Scene['rank'], parts: SceneParts = {}) =>
  on(day, { rank, ...parts })
const unproven: SceneParts = { context: {} }

type Case = [name: string, scenes: readonly Scene[], unusedDays: number | null]
const cases: Case[] = [
  ['held and not used for 30 days', [login(0, [admin]), ...works(1, 30), login(30, [admin])], 30],
  ['for 29 days', [login(0, [admin]), ...works(1, 29), login(29, [admin])], null],
  ['though hardly active', [login(0, [admin]), ...works(1, 9), login(30, [admin])], null],
  [
    'on the tenth active day itself, told twice',
    [login(0, [admin]), ...works(1, 10), login(30, [admin]), login(30, [admin])],
    null,
  ],
  [
    'active in unproven contexts only',
    [login(0, [admin]), ...works(1, 30, unproven), login(30, [admin])],
    null,
  ],
  [
    'used on day 10',
    [login(0, [admin]), ...works(1, 10), uses(10, 'admin'), ...works(11, 30), login(30, [admin])],
    null,
  ],
  [
    'used on day 10, and not for 30 days since',
    [login(0, [admin]), uses(10, 'admin'), ...works(11, 40), login(40, [admin])],
    30,
  ],
  [
    'used by a thief',
    [login(0, [admin]), uses(10, 'admin', unproven), ...works(11, 30), login(30, [admin])],
    30,
  ],
  [
    'tried to use',
    [
      login(0, [admin]),
      uses(10, 'admin', { event: { outcome: 'attempted' } }),
      ...works(11, 30),
      login(30, [admin]),
    ],
    30,
  ],
  [
    'another rank was used',
    [login(0, [admin]), ...works(1, 10), uses(10, 'secret'), ...works(11, 30), login(30, [admin])],
    30,
  ],
  [
    'told by a grant',
    [change(0, [admin], ['role:admin']), ...works(1, 30), login(30, [admin])],
    30,
  ],
  [
    'taken away in between',
    [
      login(0, [admin]),
      ...works(1, 15),
      change(15, [], ['role:user']),
      ...works(16, 30),
      login(30, [admin]),
    ],
    null,
  ],
  [
    'told of once in a period',
    [login(0, [admin]), ...works(1, 30), login(30, [admin]), login(31, [admin])],
    null,
  ],
  [
    'told of again in the next',
    [login(0, [admin]), ...works(1, 30), login(30, [admin]), ...works(31, 60), login(60, [admin])],
    60,
  ],
  [
    'a failed login tells nothing',
    [login(0, [admin]), ...works(1, 30), login(30, [admin], { outcome: 'failure' })],
    null,
  ],
  ['rights of no rank', [login(0, []), ...works(1, 30), login(30, [])], null],
  [
    'an action tells of no rights',
    [login(0, [admin]), ...works(1, 30), on(30, { rights: [admin] })],
    null,
  ],
  [
    'the login from an unproven context is told of too',
    [
      login(0, [admin]),
      ...works(1, 30),
      { ...login(30, [admin]), context: { ...home, proven: false } },
    ],
    30,
  ],
]

describe('over-privileged', () => {
  it.each(cases)('%s', (_name, scenes, unusedDays) =>
    expect(find(overPrivileged, ...scenes)?.evidence['unusedDays'] ?? null).toBe(unusedDays),
  )

  it('names the right and the days, the higher rank first, and scores nothing', () => {
    const held = [admin, secret]
    expect(find(overPrivileged, login(0, held), ...works(1, 30), login(30, held))).toMatchObject({
      reason: 'OVER_PRIVILEGED',
      family: 'behaviour',
      score: 0,
      message: 'Holds secrets.read, and has used nothing of rank secret for 30 days',
      evidence: {
        right: 'secrets.read',
        rank: 'secret',
        rights: 1,
        unusedDays: 30,
        activeDays: 29,
      },
    })
    const next = [login(0, held), ...works(1, 30), login(30, held), login(31, held)]
    expect(find(overPrivileged, ...next)?.evidence).toMatchObject({ rank: 'admin', unusedDays: 31 })
  })

  it.each([
    ['role:admin', 'admin'],
    ['admin.users.list', 'admin'],
    ['scope:secrets:read', 'secret'],
    ['secrets/read', 'secret'],
    ['keys', 'secret'],
    ['permission:customers.export', 'admin'],
    ['Roles:Admin', 'admin'],
    ['role:user', null],
    ['role:administrator-of-nothing', null],
    ['payments.approve', null],
    ['', null],
  ])('policy ranks %s as %s', (name, rank) => {
    const rights = rightsOf(event({ privileges: [name] }), defaultPolicy)
    expect(rights).toEqual(rank === null ? [] : [{ name, rank }])
  })
})
