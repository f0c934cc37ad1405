import { describe, expect, it } from 'vitest'
import { countLine, countTests, exitCode } from './test-count.mjs'

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((status) => ({ status })),
})

describe('the count of a test run', () => {
  it('is one plain line', () => {
    expect(countLine({ passed: 41, failed: 0, skipped: 0 })).toBe('41 passed, 0 failed')
  })

  it('hides no skipped test', () => {
    expect(countLine({ passed: 41, failed: 1, skipped: 2 })).toBe('41 passed, 1 failed, 2 skipped')
  })

  it.each([
    ['tests that all passed', 0, { passed: 41, failed: 0, skipped: 0 }, 0],
    ['a skipped test', 0, { passed: 41, failed: 0, skipped: 1 }, 1],
    ['a failure that vitest overlooked', 0, { passed: 41, failed: 1, skipped: 0 }, 1],
    ['no test at all', 0, { passed: 0, failed: 0, skipped: 0 }, 1],
    ['an error beside tests that passed', 3, { passed: 41, failed: 0, skipped: 0 }, 3],
  ])('ends %s with the right code', (_what, vitestCode, count, code) => {
    expect(exitCode(vitestCode, count)).toBe(code)
  })

  it('lets tests be chosen by name', () => {
    const count = { passed: 1, failed: 0, skipped: 40 }
    for (const args of [['-t', 'name'], ['--testNamePattern=name']])
      expect(exitCode(0, count, args)).toBe(0)
    expect(exitCode(0, count, ['test/architecture'])).toBe(1)
  })

  it('takes a file that could not run for a failure', () => {
    const report = {
      numPassedTests: 1,
      numFailedTests: 1,
      numPendingTests: 1,
      numTodoTests: 1,
      testResults: [file('passed', 'passed'), file('failed', 'failed', 'pending'), file('failed')],
    }
    expect(countTests(report)).toEqual({ passed: 1, failed: 2, skipped: 2 })
  })
})
