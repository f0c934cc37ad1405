/** Alerts go the way of decisions: one outbox, one guard, the same bytes however often they are told. */
import { encodeDecision, localCatalogue, topics } from '@holdpoint/contracts'
import { LogWriteError } from '@holdpoint/log'
import { defaultPolicy, type LogRecord } from '@holdpoint/risk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { coreFold } from './fold.ts'
import { refold } from './refold.ts'
import { type Bench, createBench, until } from './testing/bench.ts'
import { login, minutes, payment, start, traffic } from './testing/events.ts'

const catalogue = localCatalogue()
const address = '203.0.113.77'
const day = 24 * 60 * minutes(1)

let bench: Bench
beforeEach(async () => {
  bench = await createBench()
})
afterEach(() => bench.close())

const from = (ip: string, record: LogRecord): LogRecord =>
  record.kind === 'event' ? { ...record, address: ip } : record
const events = (count: number, begin = 0, at = start) =>
  traffic(count, begin, at).map((record) => from(address, record))

/** Alert id to bytes, as they stand on the topic; fails where one id has two. */
async function told(of: Bench): Promise<ReadonlyMap<string, string>> {
  const alerts = new Map<string, string>()
  for (const { headers, value } of await of.read(topics.alerts)) {
    const id = String(headers['ce_id'])
    const bytes = value?.toString('hex') ?? ''
    expect(alerts.get(id) ?? bytes, id).toBe(bytes)
    alerts.set(id, bytes)
  }
  return alerts
}

/** The same of a fold of the whole log without faults. */
async function expected(of: Bench): Promise<ReadonlyMap<string, string>> {
  const encode = (decision: Parameters<typeof encodeDecision>[1]) =>
    encodeDecision(catalogue, decision)
  const context = { fold: coreFold, policy: defaultPolicy, encode }
  const records = await of.read(topics.internal)
  const { outputs } = refold(context, { generation: 1, partition: 0 }, records, catalogue)
  return new Map(
    outputs.flatMap((output) =>
      output.kind === 'alert'
        ? [[output.alert.alertId, output.value.toString('hex')] as const]
        : [],
    ),
  )
}

describe('alerts', () => {
  it('are published by the next owner, byte for byte, where the first one crashed', async () => {
    const writer = async () => ({
      append: async () => {
        throw new LogWriteError('unreachable', 'the log is away', true)
      },
      close: async () => {},
    })
    const crashing = await bench.run({ log: { ...bench.log, writer } })
    await bench.append(events(10))
    const waiting = async () => (await bench.store.open(0)).outbox
    await until(async () => (await waiting()).some(({ topic }) => topic === topics.alerts))
    await crashing.crash()
    expect((await told(bench)).size).toBe(0)
    await bench.run()
    await bench.settled()
    const alerts = await told(bench)
    expect(alerts.size).toBeGreaterThan(0)
    expect(alerts).toEqual(await expected(bench))
  })

  it('have the same ids and bytes where the store has lost its latest commits', async () => {
    await bench.run()
    for (let n = 0; n < 10; n += 1) {
      await bench.append(events(1, n))
      await bench.settled()
    }
    bench.store.rollback(0, 7)
    await bench.append(events(3, 50))
    await bench.settled()
    expect(await told(bench)).toEqual(await expected(bench))
  })

  it('that are old are not told again while lost state is rebuilt, and new ones are', async () => {
    await bench.append(events(5))
    await bench.run({ clock: () => start + day })
    await bench.settled()
    expect((await expected(bench)).size).toBeGreaterThan(0)
    expect((await told(bench)).size).toBe(0)
    await bench.append(events(2, 20, start + day))
    await bench.settled()
    expect((await told(bench)).size).toBeGreaterThan(0)
  })

  it('alone hold the address that the event came from: decisions and states do not', async () => {
    await bench.run()
    await bench.append([...events(3), from(address, login('z', 's')), payment('z', 's')])
    await bench.settled()
    const alerts = await bench.read(topics.alerts)
    expect(alerts.length).toBeGreaterThan(0)
    for (const { value } of alerts) expect(value?.toString()).toContain(address)
    const decisions = await bench.published()
    expect(decisions.length).toBeGreaterThan(0)
    for (const { record } of decisions)
      expect(record.value?.toString('latin1')).not.toContain(address)
    const records = await bench.read(topics.internal)
    const context = { fold: coreFold, policy: defaultPolicy, encode: () => Buffer.alloc(0) }
    const at = { generation: 1, partition: 0 }
    const { sessions, profiles } = refold(context, at, records, catalogue)
    const kept = JSON.stringify([[...sessions], [...profiles]])
    expect(kept).toContain('"contributions"')
    expect(kept).not.toContain(address)
  })
})
