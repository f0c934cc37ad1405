import { describe, expect, it } from 'vitest'
import { soakOptions } from './soak-options.mjs'

describe('the options of a soak', () => {
  it('need not be given', () => {
    expect(soakOptions([])).toEqual({ minutes: 10, rate: 1_000, json: undefined, help: false })
    expect(soakOptions(['--minutes', '0.5', '--rate=250', '--json', 'a.json'])).toMatchObject({
      minutes: 0.5,
      rate: 250,
      json: 'a.json',
    })
  })

  it.each([
    ['--minute', '5'],
    ['5'],
    ['--minutes'],
    ['--minutes', ''],
    ['--minutes', '0'],
    ['--minutes', 'Infinity'],
    ['--rate', 'fast'],
  ])('are refused with the usage where they are none of its own: %s %s', (...args) => {
    expect(() => soakOptions(args)).toThrow(/\nusage: npm run soak/)
  })
})
