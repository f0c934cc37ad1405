import { expect, test } from 'vitest'
import { benchOptions } from './bench-options.mjs'

test('both parts are run unless one is named', () => {
  expect(benchOptions([])).toMatchObject({ parts: ['step', 'stack'], rounds: 5, help: false })
  expect(benchOptions(['--only', 'step', '--rounds', '7'])).toMatchObject({
    parts: ['step'],
    rounds: 7,
  })
  expect(benchOptions(['--only', 'stack']).parts).toEqual(['stack'])
})

test.each([
  [['--only', 'fold'], '--only fold: name step or stack'],
  [['--rounds', '0'], '--rounds 0: give a whole number above 0'],
  [['--events', 'many'], '--events many: give a whole number above 0'],
  [['--turns', '3'], "Unknown option '--turns'"],
])('options that cannot be meant are refused with the mend: %s', (args, message) => {
  expect(() => benchOptions(args)).toThrow(message)
})
