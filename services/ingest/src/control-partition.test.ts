/** Orders of operators: to every partition of the internal log, or to the dead letters. */
import { type ControlOrder, encodeControl, topics } from '@holdpoint/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { type Kit, logRecord, now, startKit } from '../test/kit.ts'

let kit: Kit
afterEach(() => kit.stop())

const observe: ControlOrder = {
  specversion: '1.0',
  id: 'o-1',
  kind: 'observe-only',
  issuedAt: now - 5_000,
  operator: 'zoë',
  reason: 'ticket-4711',
  tenant: 'acme',
  on: true,
}

const controls = async (count: number) =>
  (await kit.records(topics.internal, count))
    .map(({ value }) => logRecord(value))
    .flatMap((record) => (record.kind === 'control' ? [record.control] : []))

describe('an order', () => {
  it('goes to every partition, with the time at which it was received', async () => {
    kit = await startKit()
    await kit.produce(topics.control, encodeControl(observe))
    const given = await controls(4)
    expect(given).toHaveLength(4)
    expect(new Set(given.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(given[0]).toEqual({
      id: 'o-1',
      kind: 'observe-only',
      t: now,
      tenant: 'acme',
      on: true,
      decisionId: '',
      keys: { subject: '', session: '' },
      operator: 'zoë',
      reason: 'ticket-4711',
    })
    expect(await kit.metric('holdpoint_ingest_orders_total', { kind: 'observe-only' })).toBe(1)
  })

  it('on a held decision names its states as events of that session do', async () => {
    kit = await startKit()
    const { tenant: _, on: __, ...head } = observe
    const release: ControlOrder = {
      ...head,
      kind: 'release',
      decisionId: '1.7.4711.1',
      tenant: 'default',
      subject: { id: 'alice' },
      sessionId: 's-1',
    }
    await kit.post([
      {
        id: 'e-1',
        type: 'action',
        source: 'app/web',
        occurredAt: new Date(now).toISOString(),
        subject: { id: 'alice' },
        sessionId: 's-1',
        action: { name: 'page.view' },
      },
    ])
    const [event] = await kit.events(1)
    await kit.produce(topics.control, encodeControl(release))
    const [given] = await controls(5)
    expect(given?.keys).toEqual({ subject: event?.keys.subject, session: event?.keys.session })
  })

  it.each(['lost', 'unheard'] as const)(
    'is given again to all where the log does not answer (%s), and the next after it',
    async (how) => {
      kit = await startKit()
      kit.faults.failures.push({ topic: topics.internal, how })
      await kit.produce(
        topics.control,
        encodeControl(observe),
        encodeControl({ ...observe, id: 'o-2' }),
      )
      const given = await controls(how === 'lost' ? 8 : 12)
      expect(given.filter(({ id }) => id === 'o-2')).toHaveLength(4)
      expect(given.filter(({ id }) => id === 'o-1')).toHaveLength(how === 'lost' ? 4 : 8)
    },
  )
})

describe('what is no order', () => {
  const json = (over: object) =>
    JSON.stringify({ ...observe, issuedAt: '2026-11-22T10:00:00Z', ...over })

  it.each([
    ['not JSON', '{', 'not_json', ''],
    [
      'of an unknown kind',
      json({ kind: 'pause' }),
      'unknown_kind',
      'kind: expected one of observe-only',
    ],
    ['without a reason', json({ reason: undefined }), 'missing', 'reason: is required'],
    [
      'with an id too long to keep',
      json({ id: 'x'.repeat(65) }),
      'too_long',
      'id: expected at most 64',
    ],
    ['a release of nothing', json({ kind: 'release' }), 'missing', 'decisionId: is required'],
    ['for a tenant that can be none', json({ tenant: 'a|b' }), 'bad_tenant', 'tenant: expected'],
    ['of another major version', json({ specversion: '2.0' }), 'schema_unsupported', 'specversion'],
    ['without a value', null, 'null_value', 'expected one JSON object'],
  ])(
    '%s is a dead letter byte for byte, and the next is given',
    async (_, value, code, message) => {
      kit = await startKit()
      await kit.produce(topics.control, value, encodeControl(observe))
      const [letter] = await kit.records('holdpoint.control.dlq', 1)
      expect(letter?.value?.toString() ?? null).toBe(value)
      expect(String(letter?.headers['holdpoint.error.code'])).toBe(code)
      expect(String(letter?.headers['holdpoint.error.message'])).toContain(message)
      expect(await controls(4)).toHaveLength(4)
    },
  )
})
