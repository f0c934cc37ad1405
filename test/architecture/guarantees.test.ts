/** docs/explanation/guarantees.md and the tests that it names say the same. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/explanation/guarantees.md'), 'utf8')
const rows = page.split('\n').filter((line) => /^\| (?!promise \|)/.test(line))

/** A test of a row: its file, and the beginning of its title ('' for all that the file holds). */
const heldBy = /`([^`]+\.test\.ts)` "([^"]*)"/g
const held = rows.map((line) => ({
  line,
  tests: [...line.matchAll(heldBy)].map(([, file = '', title = '']) => ({ file, title })),
}))

/** The titles of tests that run, and of groups of them. */
const titlePattern =
  /^\s*(?:describe|it|test)(?:\.each(?:<[^(]+>)?\([\s\S]*?\))?\(\s*(?:'([^'\n]+)'|"([^"\n]+)")/gm
const tabled = /^\s*\['(I\d+)', '/gm

function titlesIn(file: string): readonly string[] {
  const source = readFileSync(join(root, file), 'utf8')
  const titles = [...source.matchAll(titlePattern)].map(([, a, b]) => a ?? b ?? '')
  return [...titles, ...[...source.matchAll(tabled)].map(([, name = '']) => name)]
}

describe('the page of guarantees', () => {
  it('was read: every row names a test', () => {
    expect(rows.length).toBeGreaterThan(20)
    expect(held.filter(({ tests }) => tests.length === 0).map(({ line }) => line)).toEqual([])
  })

  it('names only tests that there are', () => {
    const wrong = held
      .flatMap(({ tests }) => tests)
      .filter(({ file, title }) => {
        if (!existsSync(join(root, file))) return true
        const titles = titlesIn(file)
        return titles.length === 0 || !titles.some((found) => found.startsWith(title))
      })
    expect(wrong).toEqual([])
  })

  it('names a test for each invariant', () => {
    const named = new Set(held.flatMap(({ tests }) => tests.map(({ title }) => title)))
    const invariants = Array.from({ length: 14 }, (_, n) => `I${n + 1}`)
    expect(invariants.filter((name) => !named.has(name))).toEqual([])
  })
})
