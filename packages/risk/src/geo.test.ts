import { describe, expect, it } from 'vitest'
import { distanceKm, isValidPlace, uncertaintyKm } from './geo.ts'
import { london, newYork, place, saoPaulo } from './testing/scene.ts'

const radii = { radiusKmMin: 1_500, wideRadiusKmMin: 2_500 }

describe('distance', () => {
  it.each([
    ['London to São Paulo', london, saoPaulo, 9_497],
    ['London to New York', london, newYork, 5_572],
    ['a place to itself', london, london, 0],
    [
      'across the date line',
      place({ latitude: 0, longitude: 179.5 }),
      place({ latitude: 0, longitude: -179.5 }),
      111,
    ],
    ['pole to pole', place({ latitude: 90 }), place({ latitude: -90 }), 20_015],
    [
      'antipodes',
      place({ latitude: 10, longitude: 20 }),
      place({ latitude: -10, longitude: -160 }),
      20_015,
    ],
  ])('%s', (_name, a, b, km) => {
    expect(distanceKm(a, b)).toBe(km)
    expect(distanceKm(b, a)).toBe(km)
  })
})

describe('a place that is none', () => {
  it.each([
    ['latitude 100', { latitude: 100 }],
    ['longitude 181', { longitude: 181 }],
    ['not a number', { latitude: Number.NaN }],
    ['0, 0', { latitude: 0, longitude: 0 }],
    ['a negative radius', { radiusKm: -1 }],
    ['an endless radius', { radiusKm: Number.POSITIVE_INFINITY }],
  ])('%s', (_name, over) => expect(isValidPlace(place(over))).toBe(false))

  it('London is one', () => expect(isValidPlace(london)).toBe(true))
})

describe('how far the subject may be', () => {
  it.each([
    ['a city: its own radius', {}, 20],
    ['no city: a country', { city: '' }, 1_500],
    ['no city in a wide country', { city: '', country: 'RU' }, 2_500],
    ['no city, and a larger radius of its own', { city: '', radiusKm: 1_800 }, 1_800],
    ['no city, but stated by the producer', { city: '', edition: 0 }, 20],
  ])('%s', (_name, over, km) => expect(uncertaintyKm(place(over), radii)).toBe(km))
})
