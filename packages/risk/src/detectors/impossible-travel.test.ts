import { describe, expect, it } from 'vitest'
import type { Network, Place } from '../event.ts'
import {
  farNetwork,
  find,
  home,
  homeNetwork,
  hours,
  isBlind,
  minutes,
  network,
  newYork,
  place,
  type SceneParts,
  saoPaulo,
  scene,
  sighting,
  start,
} from '../testing/scene.ts'
import { impossibleTravel } from './impossible-travel.ts'

/** The present end of the journey, from another network or place than the far household. */
const from = (over: Partial<Network>): SceneParts => ({
  context: { network: network({ ...farNetwork, ...over }) },
})
const baseOn = (over: Partial<Network>): SceneParts => ({
  base: sighting({ network: network(over) }),
})
const after = (ms: number): SceneParts => ({ event: { occurredAt: start + ms } })
const paris = place({ latitude: 48.85, longitude: 2.35, city: 'Paris', country: 'FR' })
const edinburgh: SceneParts = {
  event: { place: place({ latitude: 55.95, longitude: -3.19, city: 'Edinburgh' }) },
}
const dallas = { latitude: 32.78, longitude: -96.8, city: 'Dallas' }
const seattle = { latitude: 47.61, longitude: -122.33, city: 'Seattle' }
const acrossUs = (to: Partial<Place>): SceneParts => ({
  ...from({ kind: 'unknown' }),
  base: sighting({ place: newYork }),
  event: { place: { ...newYork, ...to } },
})
const nowhere = place({ ...saoPaulo, city: '', country: 'BR' })
const lateEvent = { base: sighting({}, start), next: sighting({}, start + hours(14) + minutes(5)) }

const cases: [name: string, parts: SceneParts, score: number | null][] = [
  ['London to São Paulo in 20 min', {}, 720],
  ['the kind of the present network unknown', from({ kind: 'unknown' }), 550],
  ['the kind of the previous network unknown', baseOn({ kind: 'unknown' }), 550],
  [
    'no network named at either end',
    { context: { network: null }, base: sighting({ network: null }) },
    550,
  ],
  [
    'within one country on networks of unknown kind, as far as a carrier may be off',
    { ...from({ kind: 'unknown' }), ...edinburgh },
    null,
  ],
  ['within one country, whatever the kinds', edinburgh, 550],
  ['within a wide country on unknown kinds, half across', acrossUs(dallas), null],
  ['within a wide country on unknown kinds, from coast to coast', acrossUs(seattle), 550],
  ['at the same millisecond', after(0), 720],
  ['London to New York in 8 h', { context: { place: newYork }, ...after(hours(8)) }, null],
  ['London to New York in 6 h', { context: { place: newYork }, ...after(hours(6)) }, 720],
  [
    'a late event that only the next sighting gives away',
    { ...lateEvent, ...after(hours(14)) },
    720,
  ],
  [
    'a late event that fits between its neighbours',
    { base: sighting({}, start), next: sighting({}, start + hours(28)), ...after(hours(14)) },
    null,
  ],
  ['a proven context', { context: { proven: true } }, null],
  ['no place now', { event: { place: null } }, null],
  ['no place before', { base: sighting({ place: null }) }, null],
  ['a latitude that is none', { context: { place: place({ latitude: 100 }) } }, null],
  ['0, 0', { context: { place: place({ latitude: 0, longitude: 0 }) } }, null],
  ['the same address, its record changed', from({ address: homeNetwork.address }), null],
  ['places of two data editions', { context: { place: place({ ...saoPaulo, edition: 8 }) } }, null],
  [
    'a place that the producer stated, against any edition',
    { context: { place: place({ ...saoPaulo, edition: 0 }) } },
    720,
  ],
  ['a client-claimed address now', from({ trusted: false }), null],
  ['a client-claimed address before', baseOn({ trusted: false }), null],
  [
    'less than 200 km left, in 5 min',
    { context: { place: place({ latitude: 53.5 }) }, ...after(minutes(5)) },
    null,
  ],
  ['340 km less both radii in 20 min', { context: { place: paris } }, 720],
  ['340 km less both radii in 25 min', { context: { place: paris }, ...after(minutes(25)) }, null],
  ['city missing: a country is 1,500 km', { context: { place: { ...paris, city: '' } } }, null],
  [
    'city missing in a wide country: 2,500 km',
    { context: { place: nowhere }, ...after(hours(8)) },
    null,
  ],
  ['the same with the city known', { ...after(hours(8)) }, 720],
  [
    'city missing, but stated by the producer',
    { context: { place: { ...paris, city: '', edition: 0 } } },
    720,
  ],
]

const noPlaceOfItsUser = [
  'vpn',
  'relay',
  'hosting',
  'satellite',
  'tor',
  'mobile',
  'corporate',
] as const

describe('impossible-travel', () => {
  it.each(cases)('%s', (_name, parts, score) =>
    expect(find(impossibleTravel, scene(parts))?.score ?? null).toBe(score),
  )

  it.each(noPlaceOfItsUser)('uses no %s address as either end', (kind) => {
    expect(find(impossibleTravel, scene(from({ kind })))).toBeNull()
    expect(find(impossibleTravel, scene(baseOn({ kind })))).toBeNull()
  })

  it('counts time apart as at least a minute', () => {
    const found = find(impossibleTravel, scene(after(0)))
    expect(found?.evidence).toMatchObject({ minutesApart: 1, speedKmh: 9_457 * 60 })
  })

  it('is blind without a place or a proven base, not quiet', () => {
    expect(isBlind(impossibleTravel, scene({ context: { place: null } }))).toBe(true)
    expect(isBlind(impossibleTravel, scene({ base: null }))).toBe(true)
    expect(isBlind(impossibleTravel, scene())).toBe(false)
  })

  it('says where and how fast, and never decays', () => {
    expect(find(impossibleTravel, scene({ base: { context: home, at: start } }))).toMatchObject({
      reason: 'IMPOSSIBLE_TRAVEL',
      halfLifeMs: 0,
      message: 'London, GB then São Paulo, BR: 9,457 km in 20 min',
      evidence: {
        previousPlace: 'London, GB',
        place: 'São Paulo, BR',
        previousNetwork: 'residential network AS2856, GB',
        network: 'residential network AS28573, BR',
        distanceKm: 9_457,
        minutesApart: 20,
        speedKmh: 28_371,
      },
    })
  })
})
