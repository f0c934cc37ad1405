import { encodeRaw, localCatalogue } from '@holdpoint/contracts'
import { embeddedRecentCounts, type RecentCounts, type Seen, StateError } from '@holdpoint/state'
import { afterEach, describe, expect, it } from 'vitest'
import { enrichment, hashKey, type Kit, now, rawEvent, startKit, wireEvent } from '../test/kit.ts'
import { recordedClock } from './clock.ts'
import { createFacts } from './facts.ts'
import { createHasher } from './hash.ts'

let ids = 0
/** A login from 203.0.113.7, on a device of its own. */
const login = (subject: string, over: Parameters<typeof rawEvent>[0] = {}) => {
  ids += 1
  return rawEvent({
    id: `l-${ids}`,
    type: 'login',
    occurredAt: now,
    subject: { id: subject, kind: 'human' },
    client: { ip: '203.0.113.7', ipTrust: 'socket', deviceId: 'd-1' },
    ...over,
  })
}
const failed = (subject: string, over: Parameters<typeof rawEvent>[0] = {}) =>
  login(subject, { outcome: 'failure', sessionId: undefined, ...over })

const factsOf = (recent: RecentCounts = embeddedRecentCounts()) => {
  const failures: unknown[][] = []
  const hasher = createHasher(hashKey)
  const clock = recordedClock()
  const onFailure = (...of: unknown[]) => failures.push(of)
  return { failures, ...createFacts({ recent, enrichment, hasher, clock, onFailure }) }
}

describe('facts across subjects', () => {
  it('count failures, whose they were, who got in and who shares the device, in order', async () => {
    const { stamps } = factsOf()
    const batch = [failed('alice'), failed('alice'), failed('bob'), login('carol')]
    expect(await stamps('default', batch)).toEqual([
      { networkFailures: 1, networkFailedSubjects: 1, networkLogins: 0, deviceSubjects: 0 },
      { networkFailures: 2, networkFailedSubjects: 1, networkLogins: 0, deviceSubjects: 0 },
      { networkFailures: 3, networkFailedSubjects: 2, networkLogins: 0, deviceSubjects: 0 },
      { networkFailures: 3, networkFailedSubjects: 2, networkLogins: 1, deviceSubjects: 1 },
    ])
  })

  it('a network is its /24, and forgets in 10 minutes; a device forgets in a day', async () => {
    const { stamps } = factsOf()
    await stamps('default', [failed('alice'), failed('bob'), login('dave'), login('erin')])
    const neighbour = { ip: '203.0.113.200', ipTrust: 'socket' as const, deviceId: 'd-2' }
    const stranger = { ip: '203.0.114.7', ipTrust: 'socket' as const, deviceId: 'd-1' }
    const later = (ms: number, client: typeof neighbour) =>
      stamps('default', [login('carol', { client, occurredAt: now + ms })])
    expect(await later(599_999, neighbour)).toMatchObject([
      { networkFailures: 2, deviceSubjects: 1 },
    ])
    expect(await later(1_000, stranger)).toMatchObject([{ networkFailures: 0, deviceSubjects: 3 }])
    expect(await later(600_000, neighbour)).toMatchObject([{ networkFailures: 0 }])
    expect(await later(86_399_999, stranger)).toMatchObject([{ deviceSubjects: 3 }])
    expect(await later(86_400_000, stranger)).toMatchObject([{ deviceSubjects: 1 }])
  })

  it('keep no name of those who only failed to log in on a device', async () => {
    const told: Seen[] = []
    const { stamps } = factsOf({
      async count(seen) {
        told.push(...seen)
        return seen.map(() => 0)
      },
    })
    await stamps('default', [
      failed('alice'),
      login('bob'),
      login('carol', { outcome: 'attempted' }),
    ])
    const ofDevice = told.filter(({ windowMs }) => windowMs === 86_400_000)
    expect(ofDevice.map(({ member }) => member !== '')).toEqual([false, true, false])
  })

  it('I13: no tenant counts for another', async () => {
    const { stamps } = factsOf()
    await stamps('acme', [failed('alice')])
    expect(await stamps('default', [login('bob')])).toMatchObject([
      { networkFailures: 0, deviceSubjects: 1 },
    ])
  })

  it('I13: the store is told keyed hashes, never a name or an address', async () => {
    const told: Seen[] = []
    const { stamps } = factsOf({
      async count(seen) {
        told.push(...seen)
        return seen.map(() => 0)
      },
    })
    await stamps('default', [failed('alice'), login('alice')])
    expect(told).toHaveLength(8)
    expect(JSON.stringify(told)).not.toMatch(/alice|203|d-1|default/)
  })

  it('the same batch again, as after an append that failed, counts nothing twice', async () => {
    const { stamps } = factsOf()
    const batch = [failed('alice'), failed('bob'), login('carol')]
    const first = await stamps('default', batch)
    expect((await stamps('default', batch)).at(-1)).toEqual(first.at(-1))
  })

  it('an address that the client claims, or none, counts for no network', async () => {
    const { stamps } = factsOf()
    const claimed = { ip: '203.0.113.7', ipTrust: 'client' as const }
    expect(await stamps('default', [failed('alice', { client: claimed })])).toEqual([null])
    expect(await stamps('default', [failed('alice', { client: { deviceId: 'd-1' } })])).toEqual([
      { networkFailures: 0, networkFailedSubjects: 0, networkLogins: 0, deviceSubjects: 0 },
    ])
    expect(await stamps('default', [login('bob')])).toMatchObject([{ networkFailures: 0 }])
  })

  it('what is no login, or names nobody, costs no call', async () => {
    const { stamps, failures } = factsOf({ count: () => Promise.reject(new Error('was asked')) })
    const nameless = login('alice', { subject: undefined })
    expect(await stamps('default', [rawEvent(), nameless])).toEqual([null, null])
    expect(failures).toEqual([])
  })
})

describe('ingest with facts', () => {
  let kit: Kit | undefined
  afterEach(() => kit?.stop())

  const wireLogin = (id: string, subject: string, outcome: string) =>
    wireEvent({
      id,
      type: 'login',
      subject: { id: subject },
      sessionId: outcome === 'success' ? `s-${id}` : undefined,
      outcome,
      client: { ip: '203.0.113.7', ipTrust: 'socket' },
      // What a producer says of facts is not ours.
      facts: { networkFailures: 99, networkFailedSubjects: 99 },
    })

  it('stamps logins with what it counted, whatever the producer says', async () => {
    kit = await startKit()
    await kit.post([wireLogin('1', 'alice', 'failure'), wireLogin('2', 'bob', 'failure')])
    await kit.post([wireLogin('3', 'bob', 'success'), wireEvent({ id: '4' })])
    const events = await kit.events(4)
    const facts = new Map(events.map(({ id, facts }) => [id, facts]))
    expect(facts.get('2')).toMatchObject({ networkFailures: 2, networkFailedSubjects: 2 })
    expect(facts.get('3')).toMatchObject({ networkFailures: 2, networkLogins: 1 })
    expect(facts.get('4')).toBeNull()
  })

  it('holds and loses no event where the counts do not answer', async () => {
    const away = new StateError('redis_away', 'the store does not answer', { transient: true })
    kit = await startKit({ recent: { count: () => Promise.reject(away) } })
    expect(await kit.post([wireLogin('1', 'alice', 'failure')])).toMatchObject({ status: 202 })
    await kit.produce('session.login', encodeRaw(localCatalogue(), 'session.login', failed('bob')))
    const events = await kit.events(2)
    expect(events.map(({ facts }) => facts)).toEqual([null, null])
    const { metric } = kit
    const name = 'holdpoint_ingest_transient_failures_total'
    expect(await metric(name, { what: 'facts' })).toBe(2)
  })
})
