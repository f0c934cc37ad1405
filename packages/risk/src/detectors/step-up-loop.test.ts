import { describe, expect, it } from 'vitest'
import type { Scene } from '../detector.ts'
import type { OpenStepUp } from '../state.ts'
import { find, hours, minutes, type SceneParts, scene, start } from '../testing/scene.ts'
import { stepUpLoop } from './step-up-loop.ts'

const loose = 'require.low.sensitive'
const open = (rule: string, issuedAt: number): OpenStepUp => ({
  id: 'u-1',
  issuedAt,
  deadline: issuedAt + minutes(10),
  rank: 1,
  maxAge: 300,
  rotate: false,
  prompt: false,
  withheld: '',
  obligation: 'reauthenticate',
  riskDriven: false,
  context: 1,
  failures: 0,
  expired: false,
  rule,
})
const at = (ms: number, parts: SceneParts = {}): Scene =>
  scene({
    kind: 'workload',
    t: start + ms,
    ...parts,
    event: { occurredAt: start + ms, ...parts.event },
  })
/** An event at which a rule asked. */
const asked = (ms: number, rule = loose, parts: SceneParts = {}): Scene =>
  at(ms, { ...parts, session: { stepUp: open(rule, start + ms) } })
const still = (ms: number, since: number): Scene =>
  at(ms, { session: { stepUp: open(loose, start + since) } })
const inSession = (name: string): SceneParts => ({
  event: { keys: { subject: 'subject-1', session: name, previousSession: '', parentSession: '' } },
})

const three = [asked(0), asked(hours(2)), asked(hours(4))]
type Case = [name: string, scenes: readonly Scene[], stepUps: number | null]
const cases: Case[] = [
  ['three by one rule in a day', [...three, at(hours(5))], 3],
  ['the third itself, which is not over yet', three, null],
  ['two', [asked(0), asked(hours(2)), at(hours(5))], null],
  ['one that stays open', [asked(0), still(hours(1), 0), still(hours(2), 0), at(hours(5))], null],
  ['three in three days', [asked(0), asked(hours(24)), asked(hours(48)), at(hours(49))], null],
  ['three rules', [asked(0, 'a'), asked(hours(1), 'b'), asked(hours(2), 'c'), at(hours(3))], null],
  [
    'in three sessions',
    [
      asked(0, loose, inSession('a')),
      asked(1, loose, inSession('b')),
      asked(2, loose, inSession('c')),
      at(3),
    ],
    3,
  ],
  [
    'in two sessions at one time',
    [asked(0), asked(1, loose, inSession('a')), asked(1, loose, inSession('b')), at(3)],
    3,
  ],
  ['told once', [...three, at(hours(5)), at(hours(6))], null],
  ['told once, and asked once more', [...three, at(hours(5)), asked(hours(6)), at(hours(7))], null],
  [
    'told again the day after',
    [...three, at(hours(5)), ...[30, 31, 32].map((h) => asked(hours(h))), at(hours(33))],
    3,
  ],
  ['a person', [...three, at(hours(5))].map((s) => ({ ...s, kind: 'human' as const })), null],
  ['an agent', [...three, at(hours(5))].map((s) => ({ ...s, kind: 'agent' as const })), 3],
]

describe('step-up-loop', () => {
  it.each(cases)('%s', (_name, scenes, stepUps) =>
    expect(find(stepUpLoop, ...scenes)?.evidence['stepUps'] ?? null).toBe(stepUps),
  )

  it('names the rule, and adds nothing to the score', () => {
    expect(find(stepUpLoop, ...three, at(hours(5)))).toMatchObject({
      reason: 'STEPUP_LOOP',
      family: 'behaviour',
      score: 0,
      message:
        'Asked for proof 3 times in 24 h by require.low.sensitive: the policy may be too coarse for this workload',
      evidence: { rule: loose, stepUps: 3, kind: 'workload' },
    })
  })
})
