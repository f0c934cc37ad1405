import { describe, expect, it } from 'vitest'
import type { SessionEvent } from '../event.ts'
import { client, find, home, isBlind, type SceneParts, scene } from '../testing/scene.ts'
import { nonCompliant } from './non-compliant.ts'

type Told = Partial<NonNullable<SessionEvent['posture']>>

const posture = (
  of: Told,
  event: Partial<SessionEvent> = {},
  context: SceneParts['context'] = home,
) =>
  scene({
    context,
    event: { type: 'device', posture: { managed: true, compliant: true, ...of }, ...event },
  })
const breach = { compliant: false }
const unmanaged = { managed: false, compliant: false }
const change = { type: 'compliance-change' } as const
const other = { ...home, client: client({ device: 502 }) }

type Case = [name: string, scenes: ReturnType<typeof posture>[], score: number | null]
const cases: Case[] = [
  ['a compliant device', [posture({})], null],
  ['a managed device that is not compliant', [posture(breach)], 450],
  ['the same, told by an action', [posture(breach, { type: 'action' })], 450],
  ['the same, told by a login', [posture(breach, { type: 'login' })], 450],
  ['the same, told by a compliance change', [posture(breach, change)], 450],
  ['a device that nobody manages', [posture(unmanaged)], null],
  ['an unmanaged device after a compliant one', [posture({}), posture(unmanaged)], 450],
  [
    'an unmanaged device after a compliant one that was in no proven context',
    [posture({}, {}, { ...home, proven: false }), posture(unmanaged)],
    null,
  ],
  ['an unmanaged device whose compliance changed', [posture(unmanaged, change)], 450],
  ['the same device once more', [posture(breach), posture(breach)], null],
  ['another device', [posture(breach), posture(breach, {}, other)], 450],
  ['mended', [posture(breach), posture({})], null],
  ['mended, then broken again', [posture(breach), posture({}), posture(breach)], 450],
  [
    'broken still, while another device is compliant',
    [posture(breach), posture({}, {}, other), posture(breach)],
    null,
  ],
]

describe('non-compliant', () => {
  it.each(cases)('%s', (_name, scenes, score) =>
    expect(find(nonCompliant, ...scenes)?.score ?? null).toBe(score),
  )

  it('is blind without a posture', () => {
    expect(isBlind(nonCompliant, scene())).toBe(true)
    expect(isBlind(nonCompliant, posture({}))).toBe(false)
  })

  it('names the device and its posture before, and never decays', () => {
    expect(find(nonCompliant, posture({}), posture(breach))).toMatchObject({
      reason: 'NON_COMPLIANT',
      family: 'posture',
      halfLifeMs: 0,
      message:
        'The device (chrome on Windows) is managed, not compliant; a compliant one was used before',
      evidence: {
        previousPosture: 'compliant',
        posture: 'managed, not compliant',
        client: 'chrome on Windows',
        event: 'device',
      },
    })
    expect(find(nonCompliant, posture(breach))?.evidence).toMatchObject({
      previousPosture: 'not told',
    })
  })
})
