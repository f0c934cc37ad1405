import { describe, expect, it } from 'vitest'
import { emptySession, type Session } from '../state.ts'
import { find, hours, isBlind, minutes, type SceneParts, scene, start } from '../testing/scene.ts'
import { delegationStale } from './delegation-stale.ts'

const now = start + hours(12)
const parentOf = (over: Partial<Session> = {}, authAgeMs = hours(9)): Session => ({
  ...emptySession,
  sessionId: 's-0',
  startedAt: start,
  assurance: { rank: 2, authTime: now - authAgeMs, context: 1 },
  ...over,
})

/** An agent pays for a person who authenticated 9 h ago. */
const pays = (parts: SceneParts = {}, parent: Session | null = parentOf()) =>
  scene({
    kind: 'agent',
    sensitivity: 'critical',
    parent,
    approver: parent,
    ...parts,
    session: { parent: 'session-0', ...parts.session },
    event: {
      occurredAt: now,
      actor: [{ id: 'agent-7', kind: 'agent' }],
      action: {
        name: 'payments.approve',
        resource: '',
        access: 'write',
        amount: 2500,
        currency: 'EUR',
      },
      ...parts.event,
    },
  })
const ended = { status: 'ended', endedAt: now - minutes(5) } as const
const later = { event: { occurredAt: now + hours(2) } }
const approved = { rank: 2, authTime: now + minutes(1), context: 1 }

type Case = [name: string, scenes: ReturnType<typeof pays>[], score: number | null]
const cases: Case[] = [
  ['an approval of 9 h ago', [pays()], 450],
  ['one of 61 min', [pays({}, parentOf({}, minutes(61)))], 450],
  ['one of 60 min', [pays({}, parentOf({}, minutes(60)))], null],
  ['one given after a late action', [pays({}, parentOf({}, -minutes(5)))], null],
  ['a sensitive action', [pays({ sensitivity: 'sensitive' })], 450],
  ['a routine action', [pays({ sensitivity: 'routine' })], null],
  ['an action asked about before the deed', [pays({ event: { outcome: 'attempted' } })], 450],
  ['an action that was refused', [pays({ event: { outcome: 'failure' } })], null],
  ['a login', [pays({ event: { type: 'login' } })], null],
  ['a person in an app of single sign-on', [pays({ kind: 'human', event: { actor: [] } })], null],
  [
    'a job on behalf of a person',
    [pays({ kind: 'workload', event: { actor: [{ id: 'ci', kind: 'workload' }] } })],
    450,
  ],
  ['a job of its own', [pays({ kind: 'workload', event: { actor: [] } })], null],
  ['an agent by itself', [pays({ event: { actor: [] } })], 450],
  ['a parent that logged out', [pays({}, parentOf(ended, minutes(10)))], 450],
  [
    'an action from before its logout, told late',
    [pays({}, parentOf({ ...ended, endedAt: now + 1 }, minutes(10)))],
    null,
  ],
  ['a parent whose login nobody told', [pays({}, parentOf({}, now))], null],
  ['a parent that is forgotten', [pays({ session: { approvedAt: now - hours(2) } }, null)], 450],
  ['the same authentication once more', [pays(), pays(later)], null],
  [
    'the same end once more',
    [pays({}, parentOf(ended)), pays(later, parentOf(ended, minutes(1)))],
    null,
  ],
  ['an end after an old approval', [pays(), pays(later, parentOf(ended))], 450],
  [
    'a fresh approval',
    [pays(), pays({ event: { occurredAt: now + hours(1) } }, parentOf({ assurance: approved }))],
    null,
  ],
  ['one that got old again', [pays(), pays(later, parentOf({ assurance: approved }))], 450],
  [
    'the end of another parent',
    [pays({}, parentOf(ended)), pays({ session: { parent: 'session-9' } }, parentOf(ended))],
    450,
  ],
]

describe('delegation-stale', () => {
  it.each(cases)('%s', (_name, scenes, score) =>
    expect(find(delegationStale, ...scenes)?.score ?? null).toBe(score),
  )

  it('is blind where no parent is named or known', () => {
    expect(isBlind(delegationStale, pays({}, null))).toBe(true)
    expect(isBlind(delegationStale, pays())).toBe(false)
    expect(isBlind(delegationStale, pays({ session: { approvedAt: now } }, null))).toBe(false)
  })

  it('says for whom, what and how long ago, and never decays', () => {
    expect(find(delegationStale, pays())).toMatchObject({
      reason: 'DELEGATION_STALE',
      family: 'delegation',
      halfLifeMs: 0,
      message: 'Acts (payments.approve) for a person who authenticated 9 h ago',
      evidence: {
        parentSession: 's-0',
        authenticatedAgo: '9 h',
        ageMinutesMax: 60,
        action: 'payments.approve',
      },
    })
    expect(find(delegationStale, pays({}, parentOf(ended)))).toMatchObject({
      message: 'Acts (payments.approve) for a session that ended 5 min ago',
      evidence: { parentSession: 's-0', parentEndedAgo: '5 min' },
    })
  })
})
