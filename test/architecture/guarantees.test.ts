/** docs/explanation/guarantees.md and the tests that it names say the same. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/explanation/guarantees.md'), 'utf8')
const rows = page.split('\n').filter((line) => /^\| (?!promise \|)/.test(line))

/** A test of a row: its file, and the beginning of its title, in whole words. */
const heldBy = /`([^`]+\.test\.ts)`(?: "([^"]*)")?/g
const held = rows.map((line) => ({
  line,
  tests: [...line.matchAll(heldBy)].map(([, file = '', title = '']) => ({ file, title })),
}))

/** The titles of tests that run, and of groups of them; before a title, the table that it is run with. */
const titled =
  /^\s*(?:describe|it|test)(?:\.each(?:<[^(]+>)?\(((?:(?!^\s*(?:describe|it|test)\b)[\s\S])*?)\))?\(\s*(?:'([^'\n]+)'|"([^"\n]+)")/gm
/** A row of such a table, where the title is made of a name and a text. */
const row = /^\s*\['([^'\n]+)', '([^'\n]+)'\],$/gm
const contractImport = /^import \{([^}]+)\} from '(\.\/[\w-]+\.contract\.ts)'$/gm

function titlesOf(source: string): readonly string[] {
  return [...source.matchAll(titled)].flatMap(([, table = '', a, b]) => {
    const title = a ?? b ?? ''
    if (title !== '%s: %s') return [title]
    return [...table.matchAll(row)].map(([, name, text]) => `${name}: ${text}`)
  })
}

/** A file's own titles, and those of the contracts that it runs. */
function titlesIn(file: string): readonly string[] {
  const source = readFileSync(join(root, file), 'utf8')
  const contracts = [...source.matchAll(contractImport)].filter(([, names = '']) =>
    names.split(',').some((name) => new RegExp(`^ +${name.trim()}\\(`, 'm').test(source)),
  )
  return [
    ...titlesOf(source),
    ...contracts.flatMap(([, , path = '']) => titlesIn(join(dirname(file), path))),
  ]
}

/** 'I1' begins 'I1: ...' and not 'I10: ...'. */
const begins = (title: string, found: string): boolean =>
  title !== '' && found.startsWith(title) && !/^[\p{L}\p{N}_]/u.test(found.slice(title.length))

describe('the page of guarantees', () => {
  it('was read: every row names a test', () => {
    expect(rows.length).toBeGreaterThan(20)
    expect(held.filter(({ tests }) => tests.length === 0).map(({ line }) => line)).toEqual([])
  })

  it('sees titles by whole words, and tables only where tests run with them', () => {
    expect(begins('I1', 'I1: each')).toBe(true)
    expect(begins('I1', 'I10: no')).toBe(false)
    expect(begins('takes noth', 'takes nothing')).toBe(false)
    expect(begins('', 'anything')).toBe(false)
    const source = [
      'const idle = [',
      "  ['I1', 'idle'],",
      ']',
      "it.skip('two', () => {})",
      "// it('three', () => {})",
      'it.each<readonly [A, string]>([',
      "  ['I2', 'run'],",
      "])('%s: %s', () => {})",
      "it.each(idle)('four $name', () => {})",
      'it.each([',
      "  ['I3', 'run under another name'],",
      "])('five', () => {})",
    ].join('\n')
    expect(titlesOf(source)).toEqual(['I2: run', 'four $name', 'five'])
  })

  it('names only tests that there are', () => {
    const wrong = held
      .flatMap(({ tests }) => tests)
      .filter(({ file, title }) => {
        if (!existsSync(join(root, file))) return true
        return !titlesIn(file).some((found) => begins(title, found))
      })
    expect(wrong).toEqual([])
  })

  it('names a test for each invariant', () => {
    const named = new Set(held.flatMap(({ tests }) => tests.map(({ title }) => title)))
    const invariants = Array.from({ length: 14 }, (_, n) => `I${n + 1}`)
    expect(invariants.filter((name) => !named.has(name))).toEqual([])
  })
})
