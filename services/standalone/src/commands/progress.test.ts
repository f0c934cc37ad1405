import { expect, test } from 'vitest'
import { showsProgress } from './progress.ts'

const terminal = { isTTY: true }
const pipe = {}

test.each([
  ['text, all on a terminal', terminal, terminal, false, true],
  ['JSON into a file, stderr on a terminal', pipe, terminal, true, true],
  ['text into a file, stderr on a terminal', pipe, terminal, false, true],
  ['JSON on the same terminal', terminal, terminal, true, false],
  ['stderr in a pipe', terminal, pipe, false, false],
  ['everything in pipes', pipe, pipe, true, false],
])('%s decides whether a progress bar is drawn', (_case, stdout, stderr, json, shown) => {
  expect(showsProgress({ stdout, stderr, json })).toBe(shown)
})
