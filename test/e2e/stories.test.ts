/** The stories of `test/replay` on the real stack decide what `holdpoint replay` decides. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decisionToJson, decodeDecision, registryCatalogue } from '@holdpoint/contracts'
import type { Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  decisionTopics,
  holdpoint,
  plainProducer,
  readUntil,
  root,
  startEngine,
  startIngest,
  unique,
} from './platform.ts'

const folder = join(root, 'test/replay')
const stories = readdirSync(folder).filter((name) => /^\d.*(?<!expected)\.ndjson$/.test(name))
const scratch = mkdtempSync(join(tmpdir(), 'holdpoint-'))
const run = unique('run')

type Told = Record<string, unknown>

/** What a story's decisions have in common wherever it is told: all but what its place in the log gives. */
function portable(decision: Told): Told {
  const { decisionId, sequence, txn, cause, ...rest } = decision
  const { stepUp, resolution } = rest as { stepUp: Told | null; resolution: Told | null }
  return {
    ...rest,
    stepUp: stepUp && { ...stepUp, id: 'somewhere' },
    resolution: resolution && { ...resolution, stepUpId: 'somewhere' },
    cause: { ...(cause as Told), partition: 0, offset: 0 },
  }
}

const dayMs = 86_400_000

/**
 * The same story on later days: the log's clock never goes back, so it must come after whatever stands in
 * the log already, and after the stories before it.
 */
function later(text: string, index: number): string {
  const days =
    Math.ceil((Date.now() - Date.parse('2026-11-01T00:00:00Z')) / dayMs) + 30 * (index + 1)
  return text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (time) =>
    new Date(Date.parse(time) + days * dayMs).toISOString(),
  )
}

/** The story with people and sessions of this run alone. */
function retold(name: string): readonly Told[] {
  const mark = `${name.slice(0, 3)}-${run}`
  return later(readFileSync(join(folder, name), 'utf8'), stories.indexOf(name))
    .trimEnd()
    .split('\n')
    .map((line) => {
      const event = JSON.parse(line)
      const named = (id: string | undefined) => (id === undefined ? {} : { id: `${id}-${mark}` })
      return {
        ...event,
        id: `${event.id}-${mark}`,
        subject: { ...event.subject, ...named(event.subject.id) },
        ...(event.sessionId && { sessionId: `${event.sessionId}-${mark}` }),
        ...(event.previousSessionId && { previousSessionId: `${event.previousSessionId}-${mark}` }),
      }
    })
}

describe('each story, through session.events on the real stack', () => {
  let producer: Producer
  const stops: (() => Promise<void>)[] = []

  beforeAll(async () => {
    await holdpoint('topics', 'apply')
    // The engine first: what an empty engine finds in the log already is history to it.
    const engine = await startEngine()
    stops.push(engine.stop)
    const ingest = await startIngest('recorded')
    stops.push(ingest.stop)
    producer = await plainProducer()
    stops.push(() => producer.disconnect())
  }, 120_000)

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop()
  })

  it('was found', () => expect(stories.length).toBeGreaterThanOrEqual(16))

  it.each(stories)('%s decides as in replay', async (name) => {
    const events = retold(name)
    const file = join(scratch, name)
    writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''))
    const replayed = (await holdpoint('replay', file, '--json'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => portable(JSON.parse(line)))

    // A last event of the same person, whose decision tells that all before it were folded.
    const sentinel = sentinelFor(events)
    const messages = [...events, sentinel].map((event) => ({
      key: String((event['subject'] as Told)['id']),
      value: JSON.stringify(event),
    }))
    await producer.send({ topic: 'session.events', messages })

    const subject = String((sentinel['subject'] as Told)['id'])
    const catalogue = await registryCatalogue({ url: process.env['HOLDPOINT_REGISTRY_URL'] ?? '' })
    const ours = await readUntil(
      decisionTopics,
      (seen) => {
        const all = seen.filter(({ key }) => key === `default|${subject}`)
        const last = all.filter(({ headers }) => headers['ce_subject'] === sentinel['sessionId'])
        // The sentinel changes the level and is revoked: two decisions, on two topics.
        return last.length === 2 && all.length - last.length >= replayed.length
      },
      30_000,
    )
    const told = ours
      .filter(({ key }) => key === `default|${subject}`)
      .map(({ value }) => decisionToJson(decodeDecision(catalogue, value)) as Told)
      .filter((decision) => decision['sessionId'] !== sentinel['sessionId'])
      .sort((a, b) => (String(a['sequence']) < String(b['sequence']) ? -1 : 1))
      .map(portable)
    expect(told).toEqual(replayed)
  })
})

/** A session of the same person that is revoked from outside. */
function sentinelFor(events: readonly Told[]): Told {
  const last = events.at(-1) ?? {}
  const at = new Date(Date.parse(String(last['receivedAt'] ?? last['occurredAt'])) + 1000)
  return {
    id: `${String(last['id'])}-sentinel`,
    type: 'revocation',
    source: 'sentinel',
    occurredAt: at.toISOString(),
    subject: last['subject'],
    sessionId: unique('sentinel'),
    initiator: 'system',
  }
}
