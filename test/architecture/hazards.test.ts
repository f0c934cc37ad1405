/** docs/explanation/client-hazards.md and the tests that it names say the same. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/explanation/client-hazards.md'), 'utf8')

/** A test, or a group of them, that runs: one that is skipped or only planned does not look like this. */
const testPattern =
  /^\s*(?:describe|it|test)(?:\.each\(\w+\))?\(\s*(?:'hazard: ([^'\n]+)'|"hazard: ([^"\n]+)"),/gm
const hazardsIn = (source: string): string[] =>
  [...source.matchAll(testPattern)].map((match) => match[1] ?? match[2] ?? '')

/** A row of the page: the hazard, issue numbers aside, and the file of its test. */
const rowPattern = /^\| (.+?)(?: \((?:#\d+(?:, )?)+\))? \| .+ \| `([^`]+\.test\.ts)` \|$/
const rows = page
  .split('\n')
  .filter((line) => /^\| (?!hazard \|)/.test(line))
  .map((line) => ({ line, match: rowPattern.exec(line) }))
const written = rows.map(({ match }) => `${match?.[2]}: ${match?.[1]}`)

function testFilesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.name === 'node_modules' || entry.name === 'dist') return []
    if (entry.isDirectory()) return testFilesUnder(path)
    return entry.name.endsWith('.test.ts') ? [path] : []
  })
}

const tested = ['packages', 'services', 'test']
  .flatMap(testFilesUnder)
  .flatMap((file) =>
    hazardsIn(readFileSync(join(root, file), 'utf8')).map((hazard) => `${file}: ${hazard}`),
  )

describe('the page of client hazards', () => {
  it('was read, and so were the tests', () => {
    expect(written.length).toBeGreaterThan(40)
    expect(tested.length).toBeGreaterThan(40)
    expect(rows.filter(({ match }) => match === null).map(({ line }) => line)).toEqual([])
  })

  it('sees a test that runs, and none that does not', () => {
    const source = [
      "it('hazard: one', () => {})",
      '  it("hazard: two\'s", () => {})',
      "describe('hazard: three', () => {})",
      "test.each(kinds)('hazard: four', () => {})",
      "it.skip('hazard: skipped', () => {})",
      "describe.skip('hazard: skipped too', () => {})",
      "it.todo('hazard: planned')",
      "// it('hazard: gone', () => {})",
    ].join('\n')
    expect(hazardsIn(source)).toEqual(['one', "two's", 'three', 'four'])
  })

  it('names a test for each hazard, which is in that file under that name', () => {
    expect(written.filter((row) => !tested.includes(row))).toEqual([])
  })

  it('leaves out no test of a hazard', () => {
    expect(tested.filter((test) => !written.includes(test))).toEqual([])
    expect(new Set(written).size).toBe(written.length)
  })
})
