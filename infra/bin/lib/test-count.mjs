/**
 * What vitest's JSON reporter says of a run.
 *
 * @typedef {object} TestReport
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {{ status: string, assertionResults: { status: string }[] }[]} testResults one for each file
 */

/**
 * Counts a run. A file that failed without a failed test (it could not be loaded, or a hook threw) counts
 * as one failure: it must not hide behind the tests that it kept from running.
 *
 * @param {TestReport} report
 */
export function countTests(report) {
  const brokenFiles = report.testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/**
 * The exit code of a run: 0 only where tests ran, all that were wanted, and passed.
 *
 * @param {number} vitestCode
 * @param {{ passed: number, failed: number, skipped: number }} count
 * @param {readonly string[]} args those of vitest: where they choose tests by name, the others count as skipped
 */
export function exitCode(vitestCode, { passed, failed, skipped }, args = []) {
  if (vitestCode !== 0) return vitestCode
  const chosen = args.some((arg) => /^(-t|--testNamePattern)\b/.test(arg))
  return passed === 0 || failed > 0 || (skipped > 0 && !chosen) ? 1 : 0
}

/**
 * The last line of `npm test`: `41 passed, 0 failed`, and `, 2 skipped` only where some were.
 *
 * @param {{ passed: number, failed: number, skipped: number }} count
 */
export function countLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
