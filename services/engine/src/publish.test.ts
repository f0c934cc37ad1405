import { LogWriteError, type NewRecord } from '@holdpoint/log'
import { createLogger, createRegistry } from '@holdpoint/runtime'
import { describe, expect, it } from 'vitest'
import { createEngineMetrics } from './metrics.ts'
import type { Sendable } from './outbound.ts'
import { Publisher } from './publish.ts'

interface Send {
  readonly topic: string
  readonly ids: readonly string[]
  answer(error?: Error): void
}

/** A publisher over a writer whose sends the test answers one by one. */
function bench() {
  const sends: Send[] = []
  const writer = {
    append: (topic: string, records: readonly NewRecord[]) =>
      new Promise<void>((resolve, reject) => {
        const ids = records.map(({ value }) => value!.toString())
        sends.push({ topic, ids, answer: (error) => (error ? reject(error) : resolve()) })
      }),
    close: async () => {},
  }
  const publisher = new Publisher({
    writer,
    metrics: createEngineMetrics(createRegistry()),
    logger: createLogger({ service: 'engine', level: 'silent' }),
    clock: () => 0,
  })
  return { sends, publisher }
}

const entry = (offset: number, topic = 'session.revoked', partition = 0): Sendable => ({
  entry: {
    offset,
    index: 0,
    topic,
    partition,
    key: Buffer.from('k'),
    value: Buffer.from(String(offset)),
    headers: {},
  },
  receivedAt: 0,
})

const turn = () => new Promise((resolve) => setTimeout(resolve, 1))
const away = new LogWriteError('unreachable', 'away', true)

describe('publisher', () => {
  it('has one send in flight a lane; what arrives meanwhile goes with the next', async () => {
    const { sends, publisher } = bench()
    const outbound = publisher.outbound(() => {})
    outbound.send([entry(1), entry(2)])
    await turn()
    outbound.send([entry(3)])
    outbound.send([entry(4)])
    await turn()
    expect(sends.map(({ ids }) => ids)).toEqual([['1', '2']])
    sends[0]!.answer()
    await turn()
    expect(sends.map(({ ids }) => ids)).toEqual([
      ['1', '2'],
      ['3', '4'],
    ])
  })

  it('acknowledges a prefix only: a stuck lane holds what is behind it, and no other lane', async () => {
    const { sends, publisher } = bench()
    const outbound = publisher.outbound(() => {})
    outbound.send([entry(1), entry(2, 'session.risk.changed'), entry(3, 'session.revoked', 1)])
    await turn()
    expect(sends).toHaveLength(3)
    sends[1]!.answer()
    sends[2]!.answer()
    await turn()
    expect(outbound.acknowledged).toBeNull()
    sends[0]!.answer()
    await turn()
    expect(outbound.acknowledged).toEqual({ offset: 3, index: 0 })
    expect(publisher.waiting).toBe(0)
  })

  it('sends again what failed, before anything that came after it', async () => {
    const { sends, publisher } = bench()
    const outbound = publisher.outbound(() => {})
    outbound.send([entry(1), entry(2)])
    await turn()
    outbound.send([entry(3)])
    sends[0]!.answer(away)
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(sends[1]!.ids).toEqual(['1', '2', '3'])
    expect(publisher.waiting).toBe(3)
  })

  it('I11: says that it is full past 10,000, and opens again', async () => {
    const { sends, publisher } = bench()
    const outbound = publisher.outbound(() => {})
    outbound.send(Array.from({ length: 10_001 }, (_, i) => entry(i)))
    expect(publisher.full).toBe(true)
    await turn()
    const room = publisher.room.wait()
    sends[0]!.answer()
    await room
    expect(publisher.full).toBe(false)
  })

  it('I11: is full also where one stuck lane holds back what others have sent', async () => {
    const { sends, publisher } = bench()
    const outbound = publisher.outbound(() => {})
    outbound.send([entry(0, 'session.shadow')])
    await turn()
    let answered = 1
    for (let from = 1; from <= 10_001; from += 500) {
      outbound.send(Array.from({ length: 500 }, (_, i) => entry(from + i)))
      await turn()
      while (answered < sends.length) sends[answered++]!.answer()
      await turn()
    }
    expect(publisher.full).toBe(true)
    sends[0]!.answer()
    await turn()
    expect(publisher.waiting).toBe(0)
  })

  it('sends nothing more of a partition that is given up, and waits for what is under way', async () => {
    const { sends, publisher } = bench()
    const outbound = publisher.outbound(() => {})
    outbound.send([entry(1)])
    await turn()
    outbound.send([entry(2)])
    let halted = false
    const halting = outbound.halt(AbortSignal.timeout(1_000)).then(() => {
      halted = true
    })
    await turn()
    expect(halted).toBe(false)
    sends[0]!.answer()
    await halting
    await turn()
    expect(sends).toHaveLength(1)
    expect(publisher.waiting).toBe(0)
    expect(outbound.acknowledged).toEqual({ offset: 1, index: 0 })
  })

  it('does not send again what it knows to be acknowledged when it reads the outbox anew', async () => {
    const { sends, publisher } = bench()
    const outbound = publisher.outbound(() => {})
    outbound.send([entry(1), entry(2)])
    await turn()
    sends[0]!.answer()
    await turn()
    await outbound.halt(AbortSignal.timeout(100))
    outbound.resume([entry(1), entry(2), entry(3)].map((sendable) => sendable.entry))
    await turn()
    expect(sends[1]!.ids).toEqual(['3'])
    expect(outbound.acknowledged).toEqual({ offset: 2, index: 0 })
  })
})
