import { Buffer } from 'node:buffer'
import { topics } from '@holdpoint/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { badInput } from '../test/bad-input.ts'
import { type Kit, now, startKit, wireEvent } from '../test/kit.ts'

let kit: Kit
afterEach(() => kit.stop())

const pointer = (path: string): string => (path === '' ? '#' : `#/${path.replaceAll('.', '/')}`)

describe('POST /v1/events', () => {
  it.each(badInput)('answers 400 to $name, with the place and the mend', async (bad) => {
    kit = await startKit()
    const { status, body } = await kit.post(bad.text)
    expect(status).toBe(400)
    expect(body).toMatchObject({ type: 'urn:holdpoint:problem:invalid-events', status: 400 })
    expect(body.errors).toContainEqual({
      pointer: pointer(bad.path),
      code: bad.code,
      detail: bad.message,
    })
    expect(await kit.events(0)).toEqual([])
  })

  it('takes nothing of a list with one bad event, and names the item and its field', async () => {
    kit = await startKit()
    const { status, body } = await kit.post([
      wireEvent({ id: 'a', type: 'login' }),
      wireEvent({ id: 'b' }),
      wireEvent({ id: 'c', client: { ip: '999.1.1.1' } }),
    ])
    expect(status).toBe(400)
    expect(body.errors).toEqual([
      { pointer: '#/2/client/ip', code: 'bad_address', detail: expect.any(String) },
    ])
    expect(await kit.events(0)).toEqual([])
    expect(await kit.index.get('default', 's-1')).toBeNull()
    const late = [
      wireEvent({ id: 'a', type: 'login' }),
      wireEvent({ occurredAt: '1970-01-01T00:00:00Z' }),
    ]
    expect((await kit.post(late)).body.errors).toMatchObject([
      { pointer: '#/1/occurredAt', code: 'too_old' },
    ])
    expect(await kit.index.get('default', 's-1')).toBeNull()
  })

  it('counts an event once, however many faults it has, and before it is judged', async () => {
    kit = await startKit()
    const source = { source: 'http' }
    const counted = async () => [
      await kit.metric('holdpoint_ingest_received_events_total', source),
      await kit.metric('holdpoint_ingest_accepted_events_total', source),
      await kit.metric('holdpoint_ingest_refused_events_total', source),
    ]
    await kit.post([wireEvent(), wireEvent({ id: 7, client: { ip: 7 }, occurredAt: true })])
    expect(await counted()).toEqual([2, 0, 1])
    await kit.post([wireEvent(), wireEvent({ occurredAt: '1970-01-01T00:00:00Z' })])
    expect(await counted()).toEqual([4, 0, 2])
    await kit.post('no JSON')
    expect(await counted()).toEqual([5, 0, 3])
    kit.faults.failures.push({ topic: topics.internal, how: 'lost' })
    await kit.post(wireEvent())
    expect(await counted()).toEqual([6, 0, 3])
    await kit.post([wireEvent(), wireEvent({ id: 'b' })])
    expect(await counted()).toEqual([8, 2, 3])
  })

  it('hands the trace of a request on with its events', async () => {
    kit = await startKit({ partitions: 1 })
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    await kit.post(wireEvent(), { traceparent })
    const [record] = await kit.records(topics.internal, 1)
    expect(String(record?.headers['traceparent'])).toBe(traceparent)
  })

  it('names an item that is too large in a list', async () => {
    kit = await startKit()
    const { body } = await kit.post([wireEvent(), wireEvent({ note: 'x'.repeat(65 * 1024) })])
    expect(body.errors).toEqual([
      { pointer: '#/1', code: 'too_large', detail: expect.stringMatching(/at most 65536/) },
    ])
  })

  it('answers 202 after the log has the events, in order', async () => {
    kit = await startKit()
    const list = Array.from({ length: 500 }, (_, n) => wireEvent({ id: `e-${n}` }))
    expect(await kit.post(list)).toEqual({ status: 202, body: { accepted: 500 } })
    expect((await kit.events(500)).map(({ id }) => id)).toEqual(list.map(({ id }) => id))
  })

  it('refuses an empty list and one of more than 500', async () => {
    kit = await startKit()
    for (const count of [0, 501]) {
      const { status, body } = await kit.post(Array.from({ length: count }, () => wireEvent()))
      expect(status).toBe(400)
      expect(body.errors?.[0]).toMatchObject({ code: 'bad_count', pointer: '#' })
    }
  })

  it('answers 503 when the log does not answer, and takes the repeat', async () => {
    kit = await startKit()
    kit.faults.failures.push({ topic: topics.internal, how: 'lost' })
    expect(await kit.post(wireEvent())).toMatchObject({
      status: 503,
      body: { type: 'urn:holdpoint:problem:log-unavailable' },
    })
    expect(await kit.events(0)).toEqual([])
    expect((await kit.post(wireEvent())).status).toBe(202)
    expect(await kit.events(1)).toHaveLength(1)
  })

  it('takes the tenant from the key, never from the body, and refuses other keys', async () => {
    const apiKeys = [{ key: 'a-key-of-sixteen-or-more', tenant: 'acme' }]
    kit = await startKit({ config: { apiKeys } })
    expect((await kit.post(wireEvent())).status).toBe(401)
    expect((await kit.post(wireEvent(), { authorization: 'Bearer wrong' })).status).toBe(401)
    const headers = { authorization: 'Bearer a-key-of-sixteen-or-more' }
    expect((await kit.post(wireEvent({ tenant: 'other' }), headers)).status).toBe(202)
    expect((await kit.events(1))[0]?.tenant).toBe('acme')
  })

  it('answers 429 with Retry-After past the rate of a tenant', async () => {
    kit = await startKit({ config: { tenantEventsPerSecond: 2 } })
    expect((await kit.post([1, 2, 3, 4].map((n) => wireEvent({ id: `${n}` })))).status).toBe(202)
    const response = await kit.ingest.app.inject({
      method: 'POST',
      url: '/v1/events',
      payload: wireEvent({ id: '5' }),
    })
    expect(response.statusCode).toBe(429)
    expect(response.headers['retry-after']).toBe('1')
    expect(response.json()).toMatchObject({ type: 'urn:holdpoint:problem:rate-limited' })
  })

  it('resolves at once, and refuses an event of an unknown session instead of keeping it', async () => {
    kit = await startKit()
    const orphan = wireEvent({ id: 'x', subject: undefined })
    const { status, body } = await kit.post(orphan)
    expect(status).toBe(400)
    expect(body.errors).toEqual([
      { pointer: '#/sessionId', code: 'unknown_session', detail: expect.any(String) },
    ])
    expect((await kit.post([wireEvent({ id: 'l', type: 'login' }), orphan])).status).toBe(202)
    expect((await kit.events(2)).map(({ subject }) => subject.id)).toEqual(['alice', 'alice'])
  })

  it('answers every error of the framework as problem+json', async () => {
    kit = await startKit()
    const inject = kit.ingest.app.inject.bind(kit.ingest.app)
    const answers = [
      await inject({ method: 'GET', url: '/nowhere' }),
      await inject({
        method: 'POST',
        url: '/v1/events',
        payload: 'x',
        headers: { 'content-type': 'text/csv' },
      }),
      await inject({
        method: 'POST',
        url: '/v1/events',
        payload: Buffer.alloc(9 * 1024 * 1024, '['),
        headers: { 'content-type': 'application/json' },
      }),
    ]
    expect(answers.map((answer) => answer.statusCode)).toEqual([404, 415, 413])
    for (const answer of answers) {
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    }
  })

  it('accepts a subject of any letters, cuts a long user agent and clamps a date to come', async () => {
    kit = await startKit()
    const long = `curl/8.1 ${'x'.repeat(10 * 1024)}`
    const list = [
      wireEvent({ subject: { id: 'a{b}c' } }),
      wireEvent({ id: '2', client: { userAgent: long } }),
      wireEvent({ id: '3', occurredAt: '9999-12-31T23:59:59.000Z' }),
      wireEvent({ id: '4', client: { ip: '1.1.1.1' } }),
    ]
    expect((await kit.post(list)).status).toBe(202)
    const events = new Map((await kit.events(4)).map((event) => [event.id, event]))
    expect(events.get('e-1')?.subject.id).toBe('a{b}c')
    expect(events.get('2')?.client).toMatchObject({
      kind: 'programmatic',
      browser: 'curl',
      version: 8,
    })
    expect(events.get('3')).toMatchObject({ occurredAt: now + 5_000, clockSuspect: true })
    expect(events.get('4')).toMatchObject({ place: null, network: { family: 4, country: '' } })
  })
})
