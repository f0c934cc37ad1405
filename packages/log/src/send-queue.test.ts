import { describe, expect, it } from 'vitest'
import { LogWriteError, type NewRecord } from './ports.ts'
import { createSendQueue, type Piece } from './send-queue.ts'

const records = (length: number, partition: number, bytes = 10): NewRecord[] =>
  Array.from({ length }, (_, i) => ({
    partition,
    key: Buffer.from(`${i}`),
    value: Buffer.alloc(bytes),
  }))
const outcome = (work: Promise<void>): Promise<string> =>
  work.then(
    () => 'written',
    (error: unknown) => (error instanceof LogWriteError ? error.code : String(error)),
  )

function rounds(fail: (round: number, pieces: readonly Piece[]) => readonly string[] = () => []) {
  const sent: (readonly Piece[])[] = []
  let inFlight = 0
  const queue = createSendQueue(async (pieces) => {
    inFlight += 1
    expect(inFlight).toBe(1)
    sent.push(pieces)
    await new Promise((resolve) => setTimeout(resolve, 1))
    inFlight -= 1
    const error = new LogWriteError('log_unavailable', 'away', true)
    return new Map(fail(sent.length, pieces).map((key) => [key, error]))
  })
  const sizes = () =>
    sent.map((pieces) => pieces.reduce((sum, piece) => sum + piece.records.length, 0))
  return { queue, sent, sizes }
}

describe('the send queue', () => {
  it('hazard: concurrent and large sends get out of order and take quadratic time', async () => {
    const { queue, sent, sizes } = rounds()
    await Promise.all([queue.add('t', records(700, 0)), queue.add('t', records(400, 0))])
    expect(sizes()).toEqual([500, 500, 100])
    const keys = sent.flat().flatMap((piece) => piece.records.map((r) => String(r.key)))
    expect(keys).toEqual([...records(700, 0), ...records(400, 0)].map((r) => String(r.key)))
  })

  it('sends what waits together, by partition and topic', async () => {
    const { queue, sent } = rounds()
    await Promise.all([
      queue.add('a', records(2, 0)),
      queue.add('b', records(3, 0)),
      queue.add('a', records(1, 1)),
    ])
    expect(sent[0]?.map((p) => [p.topic, p.partition, p.records.length])).toEqual([
      ['a', 0, 2],
      ['b', 0, 3],
      ['a', 1, 1],
    ])
    expect(sent).toHaveLength(1)
  })

  it('keeps a part for one partition below what a broker takes as one batch', async () => {
    const { queue, sent } = rounds()
    await queue.add('t', records(40, 0, 60_000))
    for (const [piece] of sent) {
      expect(piece?.records.reduce((sum, r) => sum + (r.value?.length ?? 0), 0)).toBeLessThan(
        1_000_000,
      )
    }
    expect(sent.length).toBe(3)
  })

  it('sends a record that is larger than a batch should be alone', async () => {
    const { queue, sizes } = rounds()
    await Promise.all([
      queue.add('t', [...records(2, 0), ...records(1, 0, 1_500_000)]),
      queue.add('t', [...records(1, 1), ...records(2, 0)]),
    ])
    expect(sizes()).toEqual([2, 1, 3])
  })

  it('rejects the failed append and those behind it on its partitions, and writes the others', async () => {
    const { queue, sent } = rounds((round) => (round === 1 ? ['t:0'] : []))
    const first = outcome(queue.add('t', records(500, 0)))
    const shares = outcome(queue.add('t', [...records(1, 0), ...records(1, 1)]))
    const sharesWithThat = outcome(queue.add('t', records(1, 1)))
    const other = outcome(queue.add('t', records(1, 2)))
    expect(await Promise.all([first, shares, sharesWithThat, other])).toEqual([
      'log_unavailable',
      'log_blocked',
      'log_blocked',
      'written',
    ])
    expect(sent).toHaveLength(2)
    expect(await outcome(queue.add('t', records(1, 0)))).toBe('written')
  })

  it('sends nothing more of an append whose first part failed', async () => {
    const { queue, sizes } = rounds((round) => (round === 1 ? ['t:0'] : []))
    expect(await outcome(queue.add('t', records(2_000, 0)))).toBe('log_unavailable')
    await queue.idle()
    expect(sizes()).toEqual([500])
  })

  it('refuses what is beyond its bound instead of growing', async () => {
    const { queue } = rounds()
    const taken = Array.from({ length: 10 }, () => outcome(queue.add('t', records(5_000, 0))))
    expect(await outcome(queue.add('t', records(1, 0)))).toBe('writer_full')
    expect(new Set(await Promise.all(taken))).toEqual(new Set(['written']))
    expect(await outcome(queue.add('t', records(1, 0)))).toBe('written')
  })

  it('misses no append that comes just as it falls idle', async () => {
    const { queue } = rounds()
    for (let i = 0; i < 20; i++) {
      const one = queue.add('t', records(1, 0))
      await one
      await Promise.resolve()
      await Promise.all([queue.add('t', records(1, 0)), queue.idle()])
    }
  })
})
