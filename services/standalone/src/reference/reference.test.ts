import { readdirSync, readFileSync } from 'node:fs'
import { errorCodes } from '@holdpoint/contracts'
import { engineErrorCodes, engineStopCodes } from '@holdpoint/engine'
import { expect, test } from 'vitest'
import { referencePages } from './pages.ts'

const folder = new URL('../../../../docs/reference/', import.meta.url)

test('docs/reference says what the code says (npm run docs mends it)', () => {
  const pages = referencePages()
  expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort())
  for (const [name, text] of pages) {
    expect(readFileSync(new URL(name, folder), 'utf8'), name).toBe(text)
  }
})

test.each(['events.md', 'decisions.md', 'error-codes.md'])(
  '%s says what each row means',
  (name) => {
    const rows = referencePages()
      .get(name)
      ?.split('\n')
      .filter((line) => line.startsWith('| `'))
    expect(rows?.length).toBeGreaterThan(20)
    expect(rows?.filter((row) => /\|\s*\|$/.test(row))).toEqual([])
  },
)

/** What every source file of a folder says, tests aside. */
const sourcesOf = (folder: string): string => {
  const at = new URL(`../../../../${folder}/src/`, import.meta.url)
  return readdirSync(at, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/test|contract|error-codes/.test(file))
    .map((file) => readFileSync(new URL(file, at), 'utf8'))
    .join('\n')
}

test('every code with which the engine stops or gives a record up has its row', () => {
  const engine = sourcesOf('services/engine')
  const used = [
    ...engine.matchAll(/(?:\bstop\(|code:|faultOf\('\w+',)\s*'([a-z]\w+)'/g),
    ...sourcesOf('packages/state').matchAll(/'(state_\w+)'/g),
  ].map((match) => match[1] ?? '')
  // A detector that declares too much is refused when the process starts.
  const rows = { ...errorCodes, ...engineErrorCodes, ...engineStopCodes, state_unbounded: '' }
  expect(new Set(used).size).toBeGreaterThanOrEqual(9)
  expect([...new Set(used)].filter((code) => !(code in rows))).toEqual([])
})
