import { describe, expect, it } from 'vitest'
import {
  farNetwork,
  find,
  hours,
  network,
  newYork,
  type SceneParts,
  scene,
  sighting,
  start,
} from '../testing/scene.ts'
import { travelAcrossSessions } from './travel-across-sessions.ts'

const elsewhere = sighting()

const cases: [name: string, parts: SceneParts, score: number | null][] = [
  ['another session in London 20 min ago', { elsewhere }, 450],
  ['a login, which has no base in its own session', { elsewhere, begins: true, base: null }, 450],
  [
    'another session, the kind of one network unknown',
    { elsewhere, context: { network: { ...farNetwork, kind: 'unknown' } } },
    340,
  ],
  ['no other session', {}, null],
  ['both contexts proven', { elsewhere, context: { proven: true } }, null],
  [
    'London to New York in 8 h',
    { elsewhere, context: { place: newYork }, event: { occurredAt: start + hours(8) } },
    null,
  ],
  ['a vpn at one end', { elsewhere, context: { network: network({ kind: 'vpn' }) } }, null],
  [
    'the other session on a mobile network',
    { elsewhere: sighting({ network: network({ kind: 'mobile' }) }) },
    null,
  ],
]

describe('travel-across-sessions', () => {
  it.each(cases)('%s', (_name, parts, score) =>
    expect(find(travelAcrossSessions, scene(parts))?.score ?? null).toBe(score),
  )

  it('shares its reason with travel in one session, and fades in hours', () => {
    expect(find(travelAcrossSessions, scene({ elsewhere }))).toMatchObject({
      detector: 'travel-across-sessions',
      reason: 'IMPOSSIBLE_TRAVEL',
      halfLifeMs: hours(4),
      message: 'London, GB then São Paulo, BR: 9,457 km in 20 min',
    })
  })
})
