import { describe, expect, it } from 'vitest'
import type { Scene } from '../detector.ts'
import type { Initiator, SessionEvent } from '../event.ts'
import {
  client,
  find,
  home,
  hours,
  minutes,
  type SceneParts,
  scene,
  sighting,
  start,
} from '../testing/scene.ts'
import { privilegeJump } from './privilege-jump.ts'

const action = {
  name: 'admin.users.list',
  resource: '',
  access: 'read',
  amount: null,
  currency: '',
} as const
const noon = start + hours(2)

const uses = (rank: Scene['rank'], parts: SceneParts = {}): Scene =>
  scene({
    context: home,
    rank,
    ...parts,
    event: { occurredAt: noon, action, ...parts.event },
  })
const before = (rank: Scene['rank'], parts: SceneParts = {}) =>
  uses(rank, { ...parts, event: { occurredAt: start, ...parts.event } })
const grant = (initiator: Initiator, ms: number, over: Partial<SessionEvent> = {}) =>
  scene({
    context: home,
    event: { type: 'privilege-change', initiator, occurredAt: noon - ms, action: null, ...over },
  })
const unproven = { context: {} }
const nameless = { context: { client: client({ device: 0 }) } }

type Case = [name: string, scenes: Scene[], score: number | null]
const cases: Case[] = [
  ['the first admin action', [uses('admin')], 300],
  ['the first secret action of an admin', [before('admin'), uses('secret')], 300],
  [
    'the first admin action, only attempted',
    [uses('admin', { event: { outcome: 'attempted' } })],
    300,
  ],
  ['a refused admin action', [uses('admin', { event: { outcome: 'failure' } })], null],
  ['a known admin', [before('admin'), uses('admin')], null],
  ['a write', [uses('write')], null],
  [
    'the rank is the policy’s, not the producer’s',
    [uses('write', { event: { action: { ...action, access: 'admin' } } })],
    null,
  ],
  ['the first admin action without history', [uses('admin', { hasHistory: false })], null],
  [
    "the first admin action in a person's first days",
    [uses('admin', { profile: { logins: 4, loginDays: 3 } })],
    null,
  ],
  [
    'granted to one who uses the rank for something else',
    [
      before('admin', { actionRule: 'exports' }),
      grant('admin', minutes(3)),
      uses('admin', { actionRule: 'rights' }),
    ],
    450,
  ],
  ['granted, then used in 3 min', [grant('admin', minutes(3)), uses('admin')], 450],
  ['granted, then used in 16 min', [grant('admin', minutes(16)), uses('admin')], 300],
  ['granted after the use', [grant('admin', -minutes(1)), uses('admin')], 300],
  [
    'granted without history',
    [grant('admin', minutes(3)), uses('admin', { hasHistory: false })],
    450,
  ],
  ['granted to a known admin', [before('admin'), grant('admin', minutes(3)), uses('admin')], null],
  ['self-granted, then used', [grant('user', minutes(3)), uses('admin')], 600],
  [
    'self-granted by a known admin',
    [before('admin'), grant('user', minutes(3)), uses('admin')],
    600,
  ],
  [
    'self-granted and granted',
    [grant('user', minutes(5)), grant('admin', minutes(3)), uses('admin')],
    600,
  ],
  [
    'self-granted 16 min ago by a known admin',
    [before('admin'), grant('user', minutes(16)), uses('admin')],
    null,
  ],
  [
    'a self-grant that four later grants pushed out',
    [
      grant('user', minutes(8)),
      ...[7, 6, 5, 4].map((n) => grant('admin', minutes(n))),
      uses('admin'),
    ],
    450,
  ],
  ['a grant that failed', [grant('user', minutes(3), { outcome: 'failure' }), uses('admin')], 300],
  [
    'an attempt teaches nothing',
    [before('admin', { event: { outcome: 'attempted' } }), uses('admin')],
    300,
  ],
  [
    'a refusal teaches nothing',
    [before('admin', { event: { outcome: 'failure' } }), uses('admin')],
    300,
  ],
  ['an unproven context teaches nothing', [before('admin', unproven), uses('admin')], 300],
  ['a thief’s own use after the victim’s', [before('admin'), uses('admin', unproven)], null],
  ['such a use without the device id of before', [before('admin'), uses('admin', nameless)], 300],
  [
    'such a use at home',
    [before('admin'), uses('admin', { context: { ...home, ...nameless.context } })],
    300,
  ],
  [
    'such a use where no client is told',
    [before('admin'), uses('admin', { context: { client: null } })],
    null,
  ],
  [
    'such a use in a session that never told a device id',
    [before('admin'), uses('admin', { ...nameless, base: sighting(nameless.context) })],
    null,
  ],
  ['a write without the device id of before', [before('admin'), uses('write', nameless)], null],
]

describe('privilege-jump', () => {
  it.each(cases)('%s', (_name, scenes, score) =>
    expect(find(privilegeJump, ...scenes)?.score ?? null).toBe(score),
  )

  it('remembers a self-grant through a burst of three other grants', () => {
    const burst = [5, 4, 3].map((n) => grant('admin', minutes(n)))
    expect(find(privilegeJump, grant('user', minutes(6)), ...burst, uses('admin'))?.score).toBe(600)
  })

  it('names rank, action and grant, and fades in hours', () => {
    expect(find(privilegeJump, grant('admin', minutes(3)), uses('admin'))).toMatchObject({
      reason: 'PRIVILEGE_JUMP',
      halfLifeMs: hours(1),
      message: 'Rank admin used 3 min after somebody else granted privileges',
      evidence: {
        rank: 'admin',
        action: 'admin.users.list',
        grantedBy: 'somebody else',
        minutesSinceGrant: 3,
        firstUse: true,
      },
    })
  })
})
