import { readFileSync } from 'node:fs'
import { parseRawJson } from '@holdpoint/contracts'
import type { Decision } from '@holdpoint/risk'
import { expect, test } from 'vitest'
import { Replay } from '../replay/replay.ts'
import { statedOnly } from '../testing.ts'
import { decisionLine } from './lines.ts'

const plain = (_style: unknown, text: string): string => text
const story = new URL(
  '../../../../test/replay/05a-stolen-cookie-kinds-known.ndjson',
  import.meta.url,
)

/** The lines of the story's decisions, told with other names. */
async function linesOf(names: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const replay = new Replay({ enrichment: statedOnly() })
  const decisions: Decision[] = []
  for (const line of readFileSync(story, 'utf8').trimEnd().split('\n')) {
    const event = JSON.parse(line, (_key, value) => names[value] ?? value)
    const parsed = parseRawJson(Buffer.from(JSON.stringify(event)))
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
    const taken = await replay.take(parsed.event)
    if (!taken.ok) throw new Error(taken.fault.message)
    decisions.push(...taken.decisions)
  }
  return decisions.map((decision) => decisionLine(decision, plain, 'UTC'))
}

test('a decision is one line: when, what, who, and where the session was and is', async () => {
  expect(await linesOf()).toContainEqual(
    expect.stringMatching(
      /^09:30:00 {2}STEP-UP {3}alice {13}IMPOSSIBLE_TRAVEL \+2 {2}London, GB -> São Paulo, BR \(9,456 km in 20 min\) {2}asks for /,
    ),
  )
})

test('ids and places cannot steer the terminal that they are shown on', async () => {
  const lines = await linesOf({
    alice: 'al\u001b[2Jice\r\u202e',
    London: 'Lon\ndon',
    'São Paulo': '\u009b31mParis\u0007',
  })
  expect(lines.length).toBe(2)
  for (const line of lines) {
    expect(line).toContain('al\ufffd[2Jice\ufffd\ufffd ')
    expect(line).toContain('Lon\ufffddon, GB -> \ufffd31mParis\ufffd, BR')
  }
})
