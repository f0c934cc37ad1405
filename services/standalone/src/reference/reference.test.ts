import { readdirSync, readFileSync } from 'node:fs'
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
