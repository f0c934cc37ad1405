/** The recorded stories decide what they always decided, with the scores that they are told with. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decisionToJson, decodeLogRecord, localCatalogue, parseRawJson } from '@holdpoint/contracts'
import { coreFold, decode, foldBatch, MemoryStates } from '@holdpoint/engine'
import {
  admit,
  createEnrichment,
  createFacts,
  createHasher,
  createSubjects,
  noNetworkLists,
  recordedClock,
} from '@holdpoint/ingest'
import { defaultPolicy } from '@holdpoint/risk'
import { Replay } from '@holdpoint/standalone'
import { embeddedRecentCounts, embeddedSessionIndex } from '@holdpoint/state'
import { describe, expect, it } from 'vitest'

const folder = import.meta.dirname
const enrichment = createEnrichment({ geoDataDir: undefined, lists: noNetworkLists })

const eventsOf = (story: string) =>
  readFileSync(join(folder, `${story}.ndjson`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const parsed = parseRawJson(Buffer.from(line))
      if (!parsed.ok) throw new Error(`${story}: ${JSON.stringify(parsed.errors)}`)
      return parsed.event
    })

async function replayed(story: string): Promise<string> {
  const replay = new Replay({ enrichment })
  const lines: string[] = []
  for (const event of eventsOf(story)) {
    const taken = await replay.take(event)
    if (!taken.ok) throw new Error(`${story}: ${taken.fault.message}`)
    lines.push(
      ...taken.decisions.map((decision) => `${JSON.stringify(decisionToJson(decision))}\n`),
    )
  }
  return lines.join('')
}

/** The scores of the present sessions (`s-…`) after each of their events, in order, and how often each reason was found. */
async function folding(story: string) {
  const catalogue = localCatalogue()
  const parts = { enrichment, hasher: createHasher('stories'), clock: recordedClock() }
  const recent = embeddedRecentCounts()
  const admission = {
    subjects: createSubjects(embeddedSessionIndex()),
    facts: createFacts({ recent, ...parts, onFailure: () => undefined }),
    ...parts,
    catalogue,
    partitions: 1,
  }
  const context = { fold: coreFold, policy: defaultPolicy, encode: () => Buffer.alloc(0) }
  const states = new MemoryStates()
  let meta = coreFold.emptyMeta(1, 0)
  const scores: string[] = []
  const found: Record<string, number> = {}
  for (const [offset, raw] of eventsOf(story).entries()) {
    const { dispositions } = await admit(
      'default',
      [{ raw, origin: null, traceparent: null }],
      admission,
    )
    const [disposition] = dispositions
    if (disposition?.kind !== 'ok') throw new Error(`${story}: an event was refused`)
    const { value } = disposition.placed.record
    const stored = { offset, timestamp: 0, key: null, value, headers: {} }
    const folded = foldBatch(context, meta, states, [decode(stored, catalogue)])
    states.lay(folded)
    meta = folded.meta
    for (const [reason, n] of folded.signals) found[reason] = (found[reason] ?? 0) + n
    const record = decodeLogRecord(value ?? Buffer.alloc(0), catalogue)
    if (record.kind !== 'event' || !record.event.sessionId.startsWith('s-')) continue
    const session = states.session(record.event.keys.session)
    scores.push(`${record.event.sessionId}: ${session?.score}`)
  }
  return { scores, found }
}

const s1 = (...of: number[]) => of.map((score) => `s-1: ${score}`)

/** After every event of the present sessions. */
const told: Readonly<Record<string, readonly string[]>> = {
  '01-usual-day': s1(0, 0, 0, 0, 0, 0, 0),
  '02-payment-after-login': s1(0, 0, 0, 0, 0),
  '03-flight': ['s-1: 0', 's-1: 0', 's-2: 200', 's-2: 199'],
  '04a-vpn-listed': s1(0, 0, 200, 200, 200, 200, 200),
  '04b-vpn-unlisted': [
    ...s1(0, 0, 550, 550, 550),
    ...['s-2: 275', 's-2: 275', 's-2: 275', 's-2: 275'],
    ...['s-3: 0', 's-3: 0'],
  ],
  '05a-stolen-cookie-kinds-known': s1(0, 0, 720),
  '05b-stolen-cookie-kind-unknown': s1(0, 0, 550, 550),
  '06a-victim-and-thief-kinds-known': s1(0, 0, 720, 720, 720, 930),
  '06b-victim-and-thief-kind-unknown': s1(0, 0, 550, 550, 550, 888),
  '07-victim-answers': ['s-1: 0', 's-1: 0', 's-1: 720', 's-2: 0', 's-2: 0', 's-1: 720'],
  '08a-cookie-in-a-script': s1(0, 0, 863, 905),
  '08b-copy-as-curl-at-the-desk': s1(0, 0, 450, 450),
  '09-adversary-in-the-middle': s1(588, 587, 587, 753),
  '10a-failed-burst': ['s-1: 0', 's-1: 0', 's-2: 730', 's-1: 0'],
  '10b-failures-only': s1(0, 0, 0),
  '11a-granted-role-used': s1(0, 450),
  '11b-daily-admin': s1(0, 0, 0),
  '12a-old-key-from-a-new-network': s1(615, 615),
  '12b-old-key-in-two-places': s1(300, 615, 615, 615, 905),
  '13a-agent-old-approval': [
    's-1: 0',
    ...['s-2: 0', 's-2: 0', 's-2: 0', 's-2: 450'],
    's-1: 0',
    's-2: 0',
  ],
  '13b-parent-revoked': ['s-1: 0', 's-2: 0', 's-3: 0', 's-3: 0', 's-1: 1000', 's-2: 1000'],
  '14-patient-thief': s1(0, 0, 550, 685),
  '15a-binding-key-changed': s1(0, 0, 1000),
  '15b-refresh-token-reused': s1(0, 1000),
  '15c-outside-revocation-late': s1(0, 0, 1000),
}

describe('each recorded story', () => {
  it('is told here', () => {
    const files = readdirSync(folder).filter((name) => /^\d.*\.ndjson$/.test(name))
    const stories = files.filter((name) => !name.includes('.expected.'))
    expect(stories.map((name) => name.replace('.ndjson', '')).sort()).toEqual(
      Object.keys(told).sort(),
    )
  })

  it.each(Object.keys(told))('%s decides what it always decided', async (story) => {
    const file = join(folder, `${story}.expected.ndjson`)
    const now = await replayed(story)
    if (process.env['UPDATE_STORIES'] === '1') writeFileSync(file, now)
    expect(existsSync(file), `${file} is missing: see the README beside it`).toBe(true)
    expect(now).toBe(readFileSync(file, 'utf8'))
  })

  it.each(Object.entries(told))('%s has its exact scores', async (story, exact) => {
    expect((await folding(story)).scores).toEqual(exact)
  })

  it('10b-failures-only alerts, once', async () => {
    expect((await folding('10b-failures-only')).found).toEqual({ FAILED_LOGINS: 1 })
  })
})
