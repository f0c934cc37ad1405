import { describe, expect, it } from 'vitest'
import { countLine, countTests } from './test-count.mjs'

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
