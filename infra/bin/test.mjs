import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { findStack } from '../stack/find.mjs'
import { main, runHere, say } from './lib/command.mjs'
import { countLine, countTests, exitCode } from './lib/test-count.mjs'
import { bin, root, setUp } from './lib/workspace.mjs'

const report = path.join(root, '.stack/tests.json')

await main(async () => {
  await setUp()
  const stack = await findStack()
  let code
  try {
    mkdirSync(path.dirname(report), { recursive: true })
    rmSync(report, { force: true })
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    code = await runHere(bin('vitest'), ['run', ...reporters, ...process.argv.slice(2)], {
      cwd: root,
      env: { ...process.env, ...stack.addresses },
    })
  } finally {
    await stack.release()
  }
  return conclude(code)
})

/**
 * Prints the count and answers with the exit code.
 *
 * @param {number} vitestCode
 */
function conclude(vitestCode) {
  const count = existsSync(report)
    ? countTests(JSON.parse(readFileSync(report, 'utf8')))
    : { passed: 0, failed: 0, skipped: 0 }
  const code = exitCode(vitestCode, count, process.argv.slice(2))
  if (count.passed + count.failed === 0) say('no test ran')
  else if (code !== 0 && vitestCode === 0) say('nothing may be skipped: a test runs, or it goes')
  else if (vitestCode !== 0 && count.failed === 0)
    say(`vitest ended with code ${vitestCode} though no test failed: see the errors above`)
  console.log(countLine(count))
  return code
}
