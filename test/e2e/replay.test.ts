/** The `holdpoint replay` command as it is run: twice over a long file, in a pipe and on a terminal. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from './platform.ts'
import { rawEvents } from './population.ts'

const run = promisify(execFile)
const events = 100_000
const people = 2_000
const command = join(root, 'services/standalone/bin/holdpoint.mjs')

let folder: string
let file: string

async function write(name: string, count: number): Promise<string> {
  const path = join(folder, name)
  const from = new Date('2026-11-21T09:00:00.000Z')
  const stream = rawEvents({ seed: 11, mark: 'replay', people, count, from })
  const lines = Readable.from(stream).map((event) => `${JSON.stringify(event)}\n`)
  await pipeline(lines, createWriteStream(path))
  return path
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-replay-'))
  file = await write('long.ndjson', events)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('holdpoint replay --json', () => {
  it('I14: gives the same bytes each time, nothing but decisions, and no progress bar in a pipe', async () => {
    const replayed = () =>
      run(process.execPath, [command, 'replay', file, '--json'], { maxBuffer: 1 << 28 })
    const [once, again] = [await replayed(), await replayed()]
    expect([once.stderr, again.stderr]).toEqual(['', ''])
    expect(sha256(again.stdout)).toBe(sha256(once.stdout))
    const decisions = once.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(new Set(decisions.map(({ decisionId }) => decisionId)).size).toBe(decisions.length)
    // Thieves are one in a hundred events, and honest payments whose freshness is spent more than that.
    expect(decisions.length).toBeGreaterThan(events / 100)
    expect(new Set(decisions.map(({ type }) => type)).size).toBeGreaterThanOrEqual(3)
  }, 120_000)
})

/** Runs a shell line on a terminal of its own (util-linux's or BSD's `script`); answers with what that showed. */
async function onTerminal(line: string): Promise<string> {
  const args =
    process.platform === 'linux'
      ? ['-qec', line, '/dev/null']
      : ['-q', '/dev/null', 'sh', '-c', line]
  const { stdout } = await run('script', args, { maxBuffer: 1 << 28 })
  return stdout
}

describe('on a terminal', () => {
  const bar = /replaying \[[^\]]*\] \d+%/
  const savedCursor = '\u001b7'
  let replay: string

  beforeAll(async () => {
    replay = `'${process.execPath}' '${command}' replay '${await write('short.ndjson', 10_000)}'`
  })

  it('a progress bar is drawn on stderr, and none into the JSON that goes elsewhere', async () => {
    const out = join(folder, 'out.ndjson')
    expect(await onTerminal(`${replay} --json > '${out}'`)).toMatch(bar)
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(100)
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('decisionId')
  }, 60_000)

  it('no progress bar is drawn among JSON that it shows itself', async () => {
    const lines = (await onTerminal(`${replay} --json`)).trimEnd().split('\r\n')
    expect(lines.length).toBeGreaterThan(100)
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('decisionId')
  }, 60_000)

  it('a progress bar makes way for the lines, and is gone at the end', async () => {
    const shown = await onTerminal(replay)
    expect(shown).toMatch(bar)
    // What is left of a line is what follows the last time it was erased, from here or as a whole.
    const erased = shown.replaceAll('\u001b[2K', '\u001b[K')
    for (const line of erased.split('\r\n')) expect(line.split('\u001b[K').at(-1)).not.toMatch(bar)
    expect(shown.lastIndexOf(savedCursor)).toBeGreaterThan(shown.lastIndexOf('STEP-UP'))
    expect(shown).toMatch(/10000 events, \d+ decisions\r\n$/)
  }, 60_000)
})

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
