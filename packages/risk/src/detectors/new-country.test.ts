import { describe, expect, it } from 'vitest'
import {
  find,
  home,
  hours,
  isBlind,
  place,
  type SceneParts,
  saoPaulo,
  scene,
} from '../testing/scene.ts'
import { newCountry } from './new-country.ts'

const inBrazil = { ...home, id: 3, place: saoPaulo }

const cases: [name: string, parts: SceneParts, score: number | null][] = [
  ['a country never proven', {}, 200],
  ['where an agent runs, of its person', { kind: 'agent' }, null],
  ['at login too', { begins: true, base: null }, 200],
  ['known by the address alone', { context: { place: null } }, 200],
  ['a country of the profile', { profile: { contexts: [home, inBrazil] } }, null],
  ['a stated place at home, on a foreign address', { context: { place: place() } }, null],
  ['a proven context', { context: { proven: true } }, null],
  ['country unknown', { context: { place: null, network: null } }, null],
  ['the fifth login on the third day', { profile: { logins: 5, loginDays: 3 } }, 200],
  ['before 5 logins', { profile: { logins: 4, loginDays: 3 } }, null],
  ['before 3 days', { profile: { logins: 5, loginDays: 2 } }, null],
  [
    'no country ever known',
    { profile: { contexts: [{ ...home, place: null, network: null }] } },
    null,
  ],
]

describe('new-country', () => {
  it.each(cases)('%s', (_name, parts, score) =>
    expect(find(newCountry, scene(parts))?.score ?? null).toBe(score),
  )

  it('is blind without history', () =>
    expect(isBlind(newCountry, scene({ hasHistory: false }))).toBe(true))

  it('names the known countries and the new one, and fades in a day', () => {
    expect(find(newCountry, scene())).toMatchObject({
      reason: 'NEW_COUNTRY',
      halfLifeMs: hours(24),
      message: 'First time in BR; known: GB',
      evidence: { previousCountries: 'GB', country: 'BR' },
    })
  })
})
