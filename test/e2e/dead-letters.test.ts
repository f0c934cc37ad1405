/** A refused record on the real stack, from its refusal to its second try, by the `holdpoint` command alone. */
import { decodeLogRecord, registryCatalogue, topics } from '@holdpoint/contracts'
import type { Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startService } from '../../infra/bin/lib/service.mjs'
import { holdpoint, plainKafka, plainProducer, readUntil, unique } from './platform.ts'

const dlq = 'session.action.dlq'
const stops: (() => Promise<void>)[] = []
let producer: Producer

beforeAll(async () => {
  await holdpoint('topics', 'apply')
  const ingest = await startService('ingest', {
    HOLDPOINT_HASH_KEY: 'end-to-end-tests-hash-key-of-32-chars',
    HOLDPOINT_LOG_LEVEL: 'warn',
    HOLDPOINT_HTTP_PORT: '25484',
    HOLDPOINT_ADMIN_PORT: '25464',
  })
  stops.push(ingest.stop)
  producer = await plainProducer()
  stops.push(() => producer.disconnect())
}, 120_000)

afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

const send = (topic: string, key: string, value: object | string, headers = {}) =>
  producer.send({
    topic,
    messages: [{ key, headers, value: typeof value === 'string' ? value : JSON.stringify(value) }],
  })

/** Where the letters with these keys stand, by key, once all are there. */
async function placesOf(keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const consumer = plainKafka().consumer({ groupId: unique('letters'), maxWaitTimeInMs: 100 })
  const places = new Map<string, string>()
  await consumer.connect()
  await consumer.subscribe({ topic: dlq, fromBeginning: true })
  try {
    await new Promise<void>((resolve, reject) => {
      const late = () => reject(new Error(`${places.size} of ${keys.length} letters in 120 s`))
      const timer = setTimeout(late, 120_000)
      void consumer.run({
        autoCommit: false,
        eachMessage: async ({ partition, message }) => {
          const key = String(message.key)
          if (keys.includes(key)) places.set(key, `${partition}:${message.offset}`)
          if (places.size < keys.length) return
          clearTimeout(timer)
          resolve()
        },
      })
    })
    return places
  } finally {
    await consumer.disconnect()
  }
}

/** The ids of the subject's events in the internal log, once the last of them is this one. */
async function idsOf(subject: string, last: string): Promise<readonly string[]> {
  const url = process.env['HOLDPOINT_REGISTRY_URL'] ?? ''
  const catalogue = await registryCatalogue({ url, writes: [topics.internal] })
  const idOf = ({ value }: { readonly value: Buffer }): string => {
    const record = decodeLogRecord(value, catalogue)
    return record.kind === 'event' ? record.event.id : ''
  }
  const mine = (seen: Awaited<ReturnType<typeof readUntil>>) =>
    seen.filter(({ key }) => key === `default|${subject}`).map(idOf)
  const seen = await readUntil([topics.internal], (all) => mine(all).includes(last), 120_000)
  return mine(seen)
}

const json = async (...args: string[]) => JSON.parse(await holdpoint('dlq', ...args, '--json'))

it('a refused event is counted, explained, and after the mend sent back once', async () => {
  const [subject, sessionId, early] = [unique('dlq-alice'), unique('dlq-s'), unique('dlq-early')]
  const poison = unique('dlq-poison')
  const since = new Date(Date.now() - 1_000).toISOString()
  const event = (id: string, type: string, more: object) => ({
    id,
    type,
    source: 'somebody',
    occurredAt: new Date().toISOString(),
    sessionId,
    ...more,
  })
  await send(topics.action, early, event(early, 'action', { action: { name: 'page.view' } }))
  await send(topics.action, poison, '{"id": "\u001b[2J', { mark: poison })
  const places = await placesOf([early, poison])

  const groups: { stage: string; code: string; count: number; sentBack: number }[] = await json(
    'ls',
    '--topic',
    dlq,
    '--since',
    since,
  )
  expect(groups.map(({ stage, code }) => `${stage} ${code}`)).toEqual(
    expect.arrayContaining(['resolve unknown_session', 'decode not_json']),
  )
  expect(await holdpoint('dlq', 'ls', '--since', since)).toMatch(
    /^TOPIC .*\n(.*\n)*session\.action\.dlq +resolve +unknown_session /,
  )

  const shown = await holdpoint('dlq', 'show', dlq, places.get(poison) ?? '')
  expect(shown).toContain('not_json: The bytes are no JSON.')
  expect(shown).toContain('{"id": "\\u{1b}[2J')
  const letter = await json('show', dlq, places.get(early) ?? '')
  expect(letter).toMatchObject({
    from: { topic: topics.action },
    code: 'unknown_session',
    key: early,
    value: { form: 'json', content: { id: early, sessionId } },
    faults: [],
  })

  const login = { subject: { id: subject }, assurance: { amr: ['pwd'] } }
  await send(topics.login, subject, event('login', 'login', login))
  expect(await idsOf(subject, 'login')).toEqual(['login'])

  const choice = ['--topic', dlq, '--code', 'unknown_session', '--since', since]
  const count = groups.find(({ code }) => code === 'unknown_session')?.count
  const kind = { topic: dlq, stage: 'resolve', code: 'unknown_session', count }
  expect(await json('redrive', ...choice, '--dry-run')).toEqual({
    dryRun: true,
    outcomes: [{ ...kind, left: null }],
  })
  expect(await json('redrive', ...choice)).toEqual({
    dryRun: false,
    outcomes: [{ ...kind, left: null }],
  })
  expect(await idsOf(subject, early)).toEqual(['login', early])

  expect((await json('redrive', ...choice)).outcomes).toContainEqual({
    ...kind,
    left: 'sent_back_before',
  })
  const end = event('end', 'action', { subject: { id: subject } })
  await send(topics.action, early, end)
  expect(await idsOf(subject, 'end')).toEqual(['login', early, 'end'])
  const after = (await json('ls', '--topic', dlq, '--since', since)) as typeof groups
  expect(after.find(({ code }) => code === 'unknown_session')?.sentBack).toBe(count)
}, 300_000)
