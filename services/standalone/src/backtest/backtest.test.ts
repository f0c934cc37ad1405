import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { statedOnly } from '../testing.ts'
import { runBacktest } from './run.ts'
import { reportText } from './text.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-backtest-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

type Event = Record<string, unknown> & {
  readonly id: string
  readonly sessionId?: string
  readonly occurredAt: string
}
type Mark = (event: Event, index: number, of: readonly Event[]) => object | undefined

/** A recorded story under another subject and with labels, so that several fit into one file. */
function story(name: string, mark: Mark = () => undefined): readonly Event[] {
  const file = new URL(`../../../../test/replay/${name}.ndjson`, import.meta.url).pathname
  const events: Event[] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return events.map((event, index) => {
    const subject = event['subject'] as { readonly id: string } | undefined
    return {
      ...event,
      ...(subject === undefined ? {} : { subject: { ...subject, id: `${subject.id}-${name}` } }),
      ...(event.sessionId === undefined ? {} : { sessionId: `${event.sessionId}-${name}` }),
      label: mark(event, index, events),
    }
  })
}

async function backtest(name: string, ...stories: (readonly Event[])[]) {
  const events = stories.flat().sort((a, b) => (a.occurredAt < b.occurredAt ? -1 : 1))
  const file = join(folder, `${name}.ndjson`)
  writeFileSync(file, events.map((event) => JSON.stringify(event)).join('\n'))
  return run(file)
}

const run = (file: string, skipBad = false) =>
  runBacktest({
    file,
    enrichment: statedOnly(),
    skipBad,
    onBad: () => undefined,
    onProgress: () => undefined,
  })

/** The last events are the attack's, the very last one its deed. */
const attackOf =
  (attack: string, last: number): Mark =>
  (_event, index, { length }) => {
    if (index < length - last) return undefined
    return { attack, ...(index === length - 1 ? { harm: true } : {}) }
  }

const attempted = (events: readonly Event[]): readonly Event[] =>
  events.map((event, index) =>
    index === events.length - 1 ? { ...event, outcome: 'attempted' } : event,
  )

test('an attack is stopped before its deed, at it, or missed', async () => {
  const { report } = await backtest(
    'attacks',
    story('08a-cookie-in-a-script', attackOf('script', 2)),
    attempted(story('14-patient-thief', attackOf('patient', 2))),
    story('05b-stolen-cookie-kind-unknown', attackOf('reported-after', 2)),
    attempted(story('02-payment-after-login', attackOf('payment-at-the-desk', 1))),
  )
  const none = { cases: 1, early: 0, atTheDeed: 0, byFreshness: 0, missed: 0, harmless: 0 }
  expect(report.attacks).toEqual([
    { ...none, attack: 'patient', atTheDeed: 1 },
    { ...none, attack: 'payment-at-the-desk', missed: 1 },
    { ...none, attack: 'reported-after', missed: 1 },
    { ...none, attack: 'script', early: 1 },
  ])
  expect(report.missed.map(({ attack, subject }) => [attack, subject])).toEqual([
    ['payment-at-the-desk', 'alice-02-payment-after-login'],
    ['reported-after', 'alice-05b-stolen-cookie-kind-unknown'],
  ])
})

test('a deed that only freshness stopped is told apart', async () => {
  const events = story('02-payment-after-login')
  const deed = events.findIndex(({ type, action }) => {
    return type === 'action' && JSON.stringify(action).includes('payments')
  })
  const labelled = events
    .slice(0, deed + 1)
    .map((event, index) =>
      index === deed
        ? { ...event, outcome: 'attempted', label: { attack: 'payment', harm: true } }
        : event,
    )
  const { report } = await backtest('freshness', labelled)
  expect(report.attacks[0]).toMatchObject({ atTheDeed: 1, byFreshness: 1, missed: 0 })
})

test('a deed that is done after all counts as missed, whatever stopped it before', async () => {
  const stopped = attempted(story('14-patient-thief', attackOf('patient', 2)))
  const last = stopped.at(-1) as Event
  const later = (event: Event, id: string, seconds: number): Event => ({
    ...event,
    id,
    occurredAt: new Date(Date.parse(last.occurredAt) + seconds * 1000).toISOString(),
  })
  // The thief answers from where the risk rests, under a new id, and does it there.
  const answer = {
    ...later(last, 'answer', 60),
    type: 'reauthentication',
    outcome: 'success',
    action: undefined,
    assurance: { acr: 'phr', amr: ['hwk'] },
    previousSessionId: last.sessionId,
    sessionId: `${last.sessionId}-next`,
    label: { attack: 'patient', case: 'one' },
  }
  const again = { ...later(last, 'again', 90), outcome: 'success', sessionId: answer.sessionId }
  const of = (event: Event): Event =>
    event['label'] === undefined
      ? event
      : { ...event, label: { ...(event['label'] as object), case: 'one' } }
  const { report } = await backtest('done-after-all', [...stopped, answer as Event, again].map(of))
  expect(report.attacks).toMatchObject([{ attack: 'patient', cases: 1, atTheDeed: 0, missed: 1 }])
})

test('honest sessions are counted by who acts and by trait, with the cause of each disturbance', async () => {
  const { report } = await backtest(
    'honest',
    story('03-flight', () => ({ traits: ['flight'] })),
    story('08b-copy-as-curl-at-the-desk', ({ sessionId }) =>
      sessionId === 's-1' ? { traits: ['curl', 'flight'] } : undefined,
    ),
    story('12a-old-key-from-a-new-network'),
  )
  const quiet = { asked: 0, asks: 0, prompts: 0, freshness: 0, revoked: 0 }
  const once = { ...quiet, asked: 1, asks: 1 }
  expect(report.people).toMatchObject({ asked: 1, asks: 1, prompts: 1, freshness: 0, revoked: 0 })
  expect(report.workloads).toMatchObject({ ...once, prompts: 0 })
  expect(report.machinesPrompted).toBe(0)
  expect(report.traits.find(({ trait }) => trait === 'curl')).toEqual({
    trait: 'curl',
    sessions: 1,
    ...once,
    prompts: 1,
  })
  expect(report.traits.find(({ trait }) => trait === 'plain')).toMatchObject({ asked: 1 })
  expect(report.falseCauses).toContainEqual({
    what: 'asked',
    rule: 'require.medium.sensitive',
    reasons: ['client-switched:CLIENT_SWITCHED'],
    count: 1,
    traits: [
      ['curl', 1],
      ['flight', 1],
    ],
    example: expect.objectContaining({ subject: 'alice-08b-copy-as-curl-at-the-desk' }),
  })
})

test('what an attack does to its session is no friction, and what came before it is', async () => {
  const { report } = await backtest(
    'attacked',
    story('06a-victim-and-thief-kinds-known', ({ sessionId }, index, { length }) =>
      sessionId === 's-1' && index >= length - 4 ? { attack: 'turns' } : undefined,
    ),
  )
  expect(report.people).toMatchObject({ asked: 0, revoked: 0 })
  expect(report.attacks).toMatchObject([{ attack: 'turns', cases: 1, early: 1, harmless: 0 }])
  const { report: unlabelled } = await backtest('same', story('06a-victim-and-thief-kinds-known'))
  expect(unlabelled.labelled).toBe(false)
  expect(unlabelled.people).toMatchObject({ asked: 1, revoked: 1 })
  expect(unlabelled.falseCauses.map(({ what }) => what).sort()).toEqual(['asked', 'revoked'])
  expect(reportText(unlabelled)).toContain(
    'No event has a label: every session is taken for an honest one.',
  )
})

test('a label that is none names line, field and mend', async () => {
  const [first, ...rest] = story('03-flight')
  const file = join(folder, 'bad.ndjson')
  const lines = [first, { ...rest[0], label: { attack: 7 } }]
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'))
  await expect(run(file)).rejects.toThrow(/bad\.ndjson:2 label\.attack: .*traits, attack, case/)
  expect((await run(file, true)).bad).toBe(1)
})
