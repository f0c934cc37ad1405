import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { errorCodes } from '@holdpoint/contracts'
import { engineErrorCodes, engineStopCodes } from '@holdpoint/engine'
import { detectors } from '@holdpoint/risk'
import { expect, test } from 'vitest'
import { detectorPages } from './detectors.ts'
import { referencePages } from './pages.ts'

const folder = new URL('../../../../docs/reference/', import.meta.url)

test('docs/reference says what the code says (npm run docs mends it)', () => {
  const pages = referencePages()
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.replaceAll(path.sep, '/'))
  expect(files.sort()).toEqual([...pages.keys()].sort())
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

test.each(detectors.map((detector) => [detector.name, detector] as const))(
  'the page of %s has every part, and each number that its policy may tune',
  (name, detector) => {
    const pages = new Map(detectorPages())
    const text = pages.get(`detectors/${name}.md`) ?? ''
    for (const [title, body] of partsOf(text)) expect(body, title).not.toBe('')
    expect(partsOf(text).map(([title]) => title)).toEqual([
      'Reasons',
      'When it is blind',
      'Scores',
      'Parameters',
      'What passes it by',
      'What it mistakes for an attack',
    ])
    expect(text).toContain(detector.about.sees)
    for (const [param, value] of Object.entries(detector.params)) {
      expect(text).toMatch(new RegExp(`\\| \`${param}\` \\| ${value}\\b`))
    }
    expect(pages.get('detectors.md')).toContain(`(detectors/${name}.md)`)
  },
)

test('a number on a page is the detector’s own: another one there is another one here', () => {
  const [first] = detectors
  if (first === undefined) throw new Error('no detector is registered')
  const tuned = { ...first, params: { scoreOdd: 123, oddHalfLifeMs: 7_200_000, windowMs: 1_500 } }
  const text = new Map(detectorPages([tuned])).get(`detectors/${first.name}.md`)
  expect(text).toContain('| `scoreOdd` | 123 | 2 h (`oddHalfLifeMs`) |')
  expect(text).toContain('| `windowMs` | 1500 (1500 ms) |')
})

const partsOf = (page: string): readonly (readonly [title: string, body: string])[] =>
  page
    .split('\n## ')
    .slice(1)
    .map((part) => {
      const [title = '', ...body] = part.split('\n')
      return [title, body.join('\n').trim()]
    })

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
