import type { Admin, Kafka, Producer } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createKafkaAdmin } from './kafka-admin.ts'
import { createKafkaReader } from './kafka-reader.ts'
import { createKafkaWriter } from './kafka-writer.ts'
import { fakeConsumer } from './testing/fake-consumer.ts'

/**
 * A severed connection can leave any call of kafkajs without an end (its issues 907, 919, 979). Which call
 * hangs is for the test to say, and its clock makes a deadline of a minute short.
 */
const never = (): Promise<never> => new Promise(() => undefined)
const nothing = (): void => undefined

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** How the work ends within this time: its error's code, `done`, or `hangs`. */
async function endOf(work: Promise<unknown>, withinMs: number): Promise<string> {
  let end = 'hangs'
  work.then(
    () => {
      end = 'done'
    },
    (error: { readonly code?: string }) => {
      end = String(error.code)
    },
  )
  await vi.advanceTimersByTimeAsync(withinMs)
  return end
}

describe('hazard: connect, join, commit and disconnect hang for ever', () => {
  const readerOn = (
    fake: ReturnType<typeof fakeConsumer>,
    bounds = () => Promise.resolve([{ low: 0, high: 0 }]),
  ) =>
    createKafkaReader({
      client: fake.client,
      admin: {
        bounds,
        standingOf: () => Promise.resolve(new Map()),
      },
      groupId: 'g',
      topics: ['t'],
      drainMs: 50,
      stallMs: 30_000,
      onLog: nothing,
    })
  const handlers = {
    onAssigned: () => Promise.resolve(new Map()),
    onRevoked: nothing,
    onBatch: () => Promise.resolve(),
    onCrash: nothing,
  }

  it.each([
    ['connect', 15_000],
    ['subscribe', 15_000],
    ['run', 60_000],
  ] as const)('a reader whose %s hangs does not start, and says so', async (call, deadlineMs) => {
    const fake = fakeConsumer()
    fake.consumer[call].mockImplementation(never)
    expect(await endOf(readerOn(fake).start(handlers), deadlineMs)).toBe('timeout')
  })

  it('a reader that is stopped while it still asks for the log joins no group afterwards', async () => {
    const fake = fakeConsumer()
    let answer: (bounds: { low: number; high: number }[]) => void = nothing
    const reader = readerOn(fake, () => new Promise((resolve) => (answer = resolve)))
    const starting = reader.start(handlers)
    await reader.stop()
    answer([{ low: 0, high: 0 }])
    await starting
    expect(fake.consumer.connect).not.toHaveBeenCalled()
  })

  it('a commit that hangs is refused, and a disconnect that hangs does not keep the reader', async () => {
    const fake = fakeConsumer()
    fake.consumer.commitOffsets.mockImplementation(never)
    fake.consumer.disconnect.mockImplementation(never)
    const reader = readerOn(fake)
    await reader.start(handlers)
    fake.emit('join', { memberAssignment: { t: [0] } })
    expect(await endOf(reader.commit({ topic: 't', partition: 0 }, 1), 15_000)).toBe('timeout')
    expect(await endOf(reader.stop(), 15_050)).toBe('done')
  })

  const writerOn = (producer: object) =>
    createKafkaWriter({
      client: (): Pick<Kafka, 'producer'> => ({ producer: () => producer as Producer }),
      leaders: () => Promise.resolve([1]),
      sendMs: 20_000,
      onLog: nothing,
    })

  it('a producer that hangs does not keep the writer', async () => {
    const disconnect = vi.fn(never)
    expect(await endOf(writerOn({ connect: never, disconnect }), 15_000)).toBe('timeout')
    const connect = () => Promise.resolve()
    const writer = await writerOn({ connect, disconnect, sendBatch: never })
    const record = { partition: 0, key: null, value: Buffer.from('v') }
    expect(await endOf(writer.append('t', [record]), 20_000)).toBe('log_timeout')
    expect(await endOf(writer.close(), 15_000)).toBe('done')
  })

  it('a writer whose disconnect hangs closes', async () => {
    const writer = await writerOn({ connect: () => Promise.resolve(), disconnect: never })
    expect(await endOf(writer.close(), 15_000)).toBe('done')
  })

  const kafkaWith = (admin: Partial<Admin>): Kafka => ({ admin: () => admin }) as unknown as Kafka

  it('an admin call that hangs is given up, and the next has a connection of its own', async () => {
    const connect = vi.fn(() => Promise.resolve())
    const admin = createKafkaAdmin(() =>
      kafkaWith({ connect, disconnect: never, describeCluster: never }),
    )
    expect(await endOf(admin.brokers(), 15_000)).toBe('timeout')
    expect(await endOf(admin.brokers(), 15_000)).toBe('timeout')
    expect(connect).toHaveBeenCalledTimes(2)
    expect(await endOf(admin.close(), 15_000)).toBe('done')
    const describeCluster: Admin['describeCluster'] = () =>
      Promise.resolve({ brokers: [], controller: null, clusterId: '' })
    const open = createKafkaAdmin(() => kafkaWith({ connect, disconnect: never, describeCluster }))
    expect(await endOf(open.brokers(), 1)).toBe('done')
    expect(await endOf(open.close(), 15_000)).toBe('done')
    const away = createKafkaAdmin(() => kafkaWith({ connect: never }))
    expect(await endOf(away.brokers(), 15_000)).toBe('timeout')
  })
})
