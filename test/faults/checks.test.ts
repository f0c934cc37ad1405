/** The checks of a rotation find each way in which a promise can be broken. */
import {
  decisionHeaders,
  decisionTopicOf,
  decisionTopics,
  encodeLogRecord,
  localCatalogue,
} from '@holdpoint/contracts'
import { embeddedStore, type StateStore } from '@holdpoint/state'
import { beforeAll, describe, expect, it } from 'vitest'
import { eventOf } from '../load/records.mjs'
import { judge, type Verdict } from './checks.mjs'
import type { Evidence, Found } from './evidence.mjs'
import { fold } from './oracle.mjs'
import { type Kept, timersOf } from './states.mjs'

const catalogue = localCatalogue()
const minute = 60_000
const people = 4

/** People log in, and approve a payment every quarter of an hour: each asks for a step-up. */
function logOf(partition: number): Found[] {
  return Array.from({ length: people * 4 }, (_, offset) => {
    const person = offset % people
    const does = offset < people ? 'login' : 'pay'
    const t = 1_763_000_000_000 + Math.floor(offset / people) * 15 * minute
    const event = eventOf({ run: 'run', number: partition * 100 + offset, person, t, does })
    return record(partition, offset, t, encodeLogRecord({ kind: 'event', event, origin: null }))
  })
}

const record = (partition: number, offset: number, timestamp: number, value: Buffer): Found => ({
  topic: 'holdpoint.events',
  partition,
  offset,
  timestamp,
  key: null,
  value,
  headers: {},
})

const log = new Map([[0, logOf(0)]])
const ids = new Set(Array.from({ length: people * 4 }, (_, n) => `run-${n}`))

/** What an engine without a fault leaves. */
function published(of: ReadonlyMap<number, readonly Found[]> = log): Found[] {
  const ends = new Map<string, number>()
  return [...fold(of, catalogue).decisions.values()].map(({ decision, value }) => {
    const topic = decisionTopicOf(decision.type)
    const offset = ends.get(topic) ?? 0
    ends.set(topic, offset + 1)
    const key = Buffer.from(`${decision.tenant}|${decision.subject.id}`)
    const timestamp = decision.decidedAt
    return {
      topic,
      partition: 0,
      offset,
      timestamp,
      key,
      value,
      headers: decisionHeaders(decision),
    }
  })
}

async function storeOf(of: ReadonlyMap<number, readonly Found[]>): Promise<StateStore> {
  const store = embeddedStore({ generation: 1 })
  for (const [partition, { meta, profiles, sessions }] of fold(of, catalogue).partitions)
    await store.commit(partition, {
      expected: '',
      next: 'only',
      meta,
      rebuildUntil: 0,
      profiles: [...profiles],
      sessions: [...sessions],
      stories: [],
      timers: [],
      outbox: [],
      acknowledged: null,
    })
  return store
}

/** What Redis lists of them. */
const keptOf = (of: ReadonlyMap<number, readonly Found[]>): Kept =>
  new Map(
    [...fold(of, catalogue).partitions].map(([partition, { profiles, sessions }]) => [
      partition,
      {
        profiles: new Set(profiles.keys()),
        sessions: new Set(sessions.keys()),
        stories: [],
        timers: timersOf(profiles),
      },
    ]),
  )

type Changed = Partial<
  Evidence & {
    produced: Set<string>
    poison: Set<string>
    store: StateStore
    kept: Kept
    partitions: Map<string, number>
  }
>

const onePartition = new Map([...decisionTopics, 'session.shadow'].map((topic) => [topic, 1]))

const judged = (changed: Changed) => {
  const { produced = ids, poison = new Set<string>(), store = sound, ...others } = changed
  const { partitions = onePartition, kept = keptOf(others.log ?? log), ...evidence } = others
  const whole = { log, published: published(), shadow: [], deadLetters: [], unfolded: [] }
  return judge({
    produced,
    poison,
    evidence: { ...whole, ...evidence },
    store,
    kept,
    catalogue,
    partitions,
    rebuilt: false,
  })
}

/** The same, but for the first, which is otherwise. */
const withFirst = (change: (first: Found) => Partial<Found>): Found[] =>
  published().map((found, at) => (at === 0 ? { ...found, ...change(found) } : found))

const nowhere = 'every valid event is in the log, every other a dead letter'
const letterOf = (id: string): Found => ({
  ...record(0, 0, 0, Buffer.from(`{"id":"${id}"}`)),
  topic: 'session.events.dlq',
})

const broken = ({ broken }: Verdict) => broken.map(({ promise }) => promise)

let sound: StateStore
beforeAll(async () => {
  sound = await storeOf(log)
})

describe('the checks', () => {
  it('find nothing where nothing is', async () => {
    const verdict = await judged({})
    expect(broken(verdict)).toEqual([])
    expect(verdict).toMatchObject({ lost: 0, wrong: 0, doubled: 0, repeatsPublished: 0 })
    expect(verdict.decisions['session.stepup.required']).toBeGreaterThan(people)
  })

  it('count repeats with the same bytes, and find nothing wrong in them', async () => {
    const all = published()
    const again = all.slice(0, 3).map((found, n) => ({ ...found, offset: 100 + n }))
    const verdict = await judged({ published: [...all, ...again] })
    expect(broken(verdict)).toEqual([])
    expect(verdict.repeatsPublished).toBe(3)
  })

  it('find an event that is nowhere', async () => {
    const verdict = await judged({ produced: new Set([...ids, 'run-lost']) })
    expect(broken(verdict)).toEqual([nowhere])
    expect(verdict.lost).toBe(1)
  })

  it('take the dead letter of an event that nobody can read for kept', async () => {
    const poison = new Set(['run-dead'])
    const produced = new Set([...ids, ...poison])
    const deadLetters = [letterOf('run-dead')]
    expect(broken(await judged({ produced, poison, deadLetters }))).toEqual([])
    expect(broken(await judged({ produced, poison }))).toEqual([nowhere])
  })

  it('find a valid event that is only a dead letter', async () => {
    const produced = new Set([...ids, 'run-refused'])
    const verdict = await judged({ produced, deadLetters: [letterOf('run-refused')] })
    expect(broken(verdict)).toEqual([nowhere, 'no valid event is a dead letter'])
    expect(verdict).toMatchObject({ lost: 1, wrong: 1 })
  })

  it('find an event in the log that nobody can read', async () => {
    const verdict = await judged({ poison: new Set(['run-0']), deadLetters: [letterOf('run-0')] })
    expect(broken(verdict)).toEqual(['no event that nobody can read is in the log'])
  })

  it('find an event that nobody produced', async () => {
    const produced = new Set([...ids].slice(1))
    expect(broken(await judged({ produced }))).toEqual(['the log holds produced events alone'])
  })

  it('find a decision that was never published', async () => {
    const verdict = await judged({ published: published().slice(0, -1) })
    expect(broken(verdict)).toEqual(['every decision of the fold is published'])
    expect(verdict.lost).toBe(1)
  })

  it('find a decision that the fold did not make', async () => {
    const [first, ...others] = published()
    const stranger = { ...first!, headers: { ...first!.headers, ce_id: '1.0.999.0' } }
    expect(broken(await judged({ published: [first!, stranger, ...others] }))).toEqual([
      'nothing is published that the fold did not decide',
    ])
  })

  it('find a repeat with other bytes', async () => {
    const all = published()
    const value = Buffer.concat([all[0]!.value!, Buffer.from([0])])
    expect(broken(await judged({ published: [...all, { ...all[0]!, value }] }))).toEqual([
      'the same id has the same bytes',
    ])
  })

  it('find a later decision that was published before an earlier one', async () => {
    expect(broken(await judged({ published: published().toReversed() }))).toEqual([
      'first publications are in sequence order',
    ])
  })

  it('find a decision on the topic of another type', async () => {
    const [first, ...others] = published()
    const astray = { ...first!, topic: 'session.revoked' }
    expect(broken(await judged({ published: [astray, ...others] }))).toEqual([
      'each decision is on the topic of its type',
    ])
  })

  it('find decisions in reverse under keys of their own', async () => {
    const reversed = published()
      .toReversed()
      .map((found, n) => ({ ...found, key: Buffer.from(`key-${n}`) }))
    expect(broken(await judged({ published: reversed }))).toEqual([
      "each decision has its subject's key, and stands in that key's partition",
      'first publications are in sequence order',
    ])
  })

  it.each([
    ['key', (): Partial<Found> => ({ key: Buffer.from('t|somebody') })],
    ['partition', (): Partial<Found> => ({ partition: 1 })],
  ])('find a decision with another %s', async (_, change) => {
    expect(broken(await judged({ published: withFirst(change) }))).toEqual([
      "each decision has its subject's key, and stands in that key's partition",
    ])
  })

  it.each(['ce_type', 'ce_partitionkey', 'content-type'])(
    'find a decision without its header %s',
    async (name) => {
      const without = withFirst(({ headers }) => {
        const { [name]: _, ...others } = headers
        return { headers: others }
      })
      expect(broken(await judged({ published: without }))).toEqual([
        'each decision has its headers',
      ])
    },
  )

  it('find a decision held back without a rebuild', async () => {
    const shadow = { ...published()[0]!, topic: 'session.shadow' }
    expect(broken(await judged({ shadow: [shadow] }))).toEqual([
      'a decision is held back only by a rebuild, a cap or observe-only',
    ])
  })

  it('find an event that was applied twice', async () => {
    // So late that its session has forgotten it: each payment is one more decision.
    const twice = [...logOf(0)]
    for (let again = 0; again < 20; again += 1) {
      const t = 1_763_000_000_000 + (100 + again) * 15 * minute
      const number = again < 19 ? 1_000 + again : people
      const event = eventOf({ run: 'run', number, person: 0, t, does: 'pay' })
      const value = encodeLogRecord({ kind: 'event', event, origin: null })
      twice.push(record(0, twice.length, t, value))
    }
    const doubled = new Map([[0, twice]])
    const produced = new Set([...ids, ...Array.from({ length: 19 }, (_, n) => `run-${1_000 + n}`)])
    const verdict = await judged({
      log: doubled,
      published: published(doubled),
      produced,
      store: await storeOf(doubled),
    })
    expect(broken(verdict)).toEqual(['each event is applied once'])
    expect(verdict.repeatsLogged).toBe(1)
    expect(verdict.doubled).toBeGreaterThan(0)
  })

  it('find states that are not those of the fold', async () => {
    const shorter = new Map([[0, logOf(0).slice(0, -1)]])
    const verdict = await judged({ store: await storeOf(shorter) })
    expect(broken(verdict)).toEqual(['the states in Redis are those of the fold'])
    expect(verdict.wrong).toBeGreaterThanOrEqual(2)
  })

  it.each([
    ['a profile', (kept: Kept) => kept.get(0)!.profiles.add('nobody')],
    ['a session', (kept: Kept) => kept.get(0)!.sessions.add('none')],
    ['a timer', (kept: Kept) => kept.get(0)!.timers.set('nobody', 1)],
  ])('find %s in Redis that the fold does not know', async (_, add) => {
    const kept = keptOf(log)
    add(kept)
    const verdict = await judged({ kept })
    expect(broken(verdict)).toEqual(['the states in Redis are those of the fold'])
    expect(verdict.wrong).toBe(1)
  })

  it('find timers that are late, or gone', async () => {
    const kept = keptOf(log)
    const { timers } = kept.get(0)!
    const [late, gone] = [...timers.keys()]
    timers.set(late!, timers.get(late!)! + 1)
    timers.delete(gone!)
    expect((await judged({ kept })).wrong).toBe(2)
  })

  it('find a hole in the log', async () => {
    const holed = new Map([[0, logOf(0).map((one) => ({ ...one, offset: one.offset + 1 }))]])
    const verdict = await judged({
      log: holed,
      published: published(holed),
      store: await storeOf(holed),
    })
    expect(broken(verdict)).toEqual(['the log of a partition has no hole'])
  })

  it('find a load that led to nothing', async () => {
    const quiet = new Map([[0, logOf(0).slice(0, people)]])
    const produced = new Set([...ids].slice(0, people))
    const verdict = await judged({
      log: quiet,
      published: [],
      produced,
      store: await storeOf(quiet),
    })
    expect(broken(verdict)).toEqual(['the load led to decisions'])
  })
})
