import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRawEvent } from '@holdpoint/contracts'
import { createEnrichment } from '@holdpoint/ingest'
import { defaultPolicy } from '@holdpoint/risk'
import { type Report, runBacktest } from '@holdpoint/standalone'
import { beforeAll, describe, expect, it } from 'vitest'
import { attacks } from './attacks.ts'
import { drive } from './drive.ts'
import { incidents } from './incidents.ts'
import { ways } from './machines.ts'
import { Population } from './population.ts'
import type { WireEvent } from './wire.ts'

const small = { seed: 3, people: 24, workloads: 12, days: 4 }
/** Living takes its time on a busy machine. */
const timeoutMs = 300_000

/** All that a population does where nothing is decided. */
function* undisturbed(options: ConstructorParameters<typeof Population>[0]): Generator<WireEvent> {
  const population = new Population(options)
  for (let event = population.next(); event !== null; event = population.next()) yield event
}

async function told(options: Parameters<typeof drive>[0]) {
  const events: WireEvent[] = []
  const report = await drive({ ...options, onEvent: (event) => void events.push(event) })
  return { events, report }
}

const attackOf = ({ attacks: all }: Report, kind: string) =>
  all.find(({ attack }) => attack === kind)

let once: Awaited<ReturnType<typeof told>>
beforeAll(async () => {
  once = await told(small)
}, timeoutMs)

describe('the population', { timeout: timeoutMs }, () => {
  it('tells the same story for a seed, and another for another', async () => {
    const [again, other] = [await told(small), [...undisturbed({ ...small, seed: 4 })]]
    expect(again.events).toEqual(once.events)
    expect(again.report).toEqual(once.report)
    expect(other.slice(0, 50)).not.toEqual(once.events.slice(0, 50))
  })

  it('does everything that it can: each trait of honest life, each attack, each with its deed', () => {
    const traits = new Set<string>()
    const begun = new Set<string>()
    const done = new Set<string>()
    for (const { label } of undisturbed({ seed: 1, people: 300, workloads: 24, days: 14 })) {
      for (const trait of label?.traits ?? []) traits.add(trait)
      if (label?.attack !== undefined) begun.add(label.attack)
      if (label?.harm === true) done.add(label.attack ?? '')
    }
    const everyday = [
      'admin',
      'agent-moved',
      'agent-on-behalf',
      'agent-pays',
      'cloud-desktop',
      'corporate-egress',
    ]
    const devices = ['dual-stack', 'hybrid-app', 'late', 'on-call', 'phone', 'private-relay']
    const data = ['kinds-unknown', 'place-coarse', 'place-missing', 'place-wrong', 'repeated']
    const ways_ = ['satellite', 'shared-tablet', 'sign-on', 'system-upgrade', 'train-wifi']
    const more = ['two-devices', 'typos', 'victim-elsewhere', 'wifi-and-carrier', 'first-days']
    const named = [...incidents.map(({ name }) => name), ...ways]
    for (const trait of [...everyday, ...devices, ...data, ...ways_, ...more, ...named]) {
      expect(traits, trait).toContain(trait)
    }
    const kinds = attacks.map(({ kind }) => kind).sort()
    expect([...begun].sort()).toEqual(kinds)
    expect([...done].sort()).toEqual(kinds)
  })

  it('sends only what ingest takes, in the order of its arrival', () => {
    let before = ''
    let events = 0
    for (const event of undisturbed(small)) {
      const parsed = parseRawEvent(event)
      expect(parsed.ok, JSON.stringify(parsed)).toBe(true)
      const { receivedAt = '' } = event
      expect(receivedAt >= before).toBe(true)
      before = receivedAt
      events += 1
    }
    expect(events).toBeGreaterThan(1_000)
  })

  it('listens: who is asked answers', () => {
    const { events, report } = once
    const quiet = [...undisturbed(small)]
    const answers = (of: readonly WireEvent[]) =>
      of.filter(({ type }) => type === 'reauthentication').length
    expect(report.people.freshness).toBeGreaterThan(0)
    expect(answers(events)).toBeGreaterThan(answers(quiet))
  })

  it('counts the same from the file that it writes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdpoint-population-'))
    try {
      const { events, report } = once
      const file = join(folder, 'events.ndjson')
      writeFileSync(file, events.map((event) => JSON.stringify(event)).join('\n'))
      const { report: again, bad } = await runBacktest({
        file,
        enrichment: createEnrichment(),
        skipBad: false,
        onBad: () => undefined,
        onProgress: () => undefined,
      })
      expect(bad).toBe(0)
      expect(again).toEqual(report)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('shows a rule that is broken: a script with the cookie gets further', async () => {
    const off = { scoreNewNetwork: 0, scoreKnownNetwork: 0 }
    const policy = { ...defaultPolicy, detectors: { 'client-switched': off } }
    const broken = await drive({ ...small, policy })
    const early = (report: Report) => attackOf(report, 'cookie-in-script-proxy')?.early
    expect([early(once.report), early(broken)]).toEqual([1, 0])
  })
})
