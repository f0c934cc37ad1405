import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { describe, expect, it, vi } from 'vitest'
import { createKafkaWriter } from './kafka-writer.ts'
import type { LogWriter, NewRecord } from './ports.ts'
import { notLeader, type ScriptedCluster, scriptedCluster } from './testing/scripted-cluster.ts'

const record = (partition: number, value: string, key: string | null = null): NewRecord => ({
  partition,
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from(value),
})

/** The writer on kafkajs's producer; `leaders` is what the writer itself believes. */
const writerOn = (
  cluster: ScriptedCluster,
  { leaders = [...cluster.leaders], sendMs = 5_000 } = {},
): Promise<LogWriter> =>
  createKafkaWriter({
    client: cluster.client,
    leaders: () => Promise.resolve(leaders),
    sendMs,
    onLog: () => undefined,
  })

const outcome = (work: Promise<void>): Promise<string> =>
  work.then(
    () => 'written',
    (error: { readonly code: string }) => error.code,
  )

/** Partition 1 moves to broker 1 as soon as broker 2 is asked for it: broker 1 has answered by then. */
const movedWhenAsked = (): ScriptedCluster =>
  scriptedCluster([1, 2], ({ broker }, leaders) => {
    if (broker !== 2) return undefined
    leaders[1] = 1
    return { before: notLeader() }
  })

describe('hazard: a send over two brokers resolves with a message unwritten after a leader moved', () => {
  it('is real in kafkajs: resolved, and one of two messages is nowhere', async () => {
    const cluster = movedWhenAsked()
    const producer = cluster.client().producer({
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
      retry: { initialRetryTime: 1 },
    })
    await producer.connect()
    const messages = [0, 1].map((partition) => ({ partition, value: `to ${partition}` }))
    await producer.send({ topic: 't', messages })
    expect([...cluster.written]).toEqual([[0, ['to 0']]])
  })

  it('one partition leader per send: both are written', async () => {
    const cluster = movedWhenAsked()
    const writer = await writerOn(cluster)
    expect(await outcome(writer.append('t', [record(0, 'a'), record(1, 'b')]))).toBe('written')
    expect([...cluster.written]).toEqual([
      [0, ['a']],
      [1, ['b']],
    ])
    await writer.close()
  })

  it('a reply that lacks a partition is no success, where the writer knew an older leader', async () => {
    const cluster = movedWhenAsked()
    const writer = await writerOn(cluster, { leaders: [1, 1] })
    const appended = writer.append('t', [record(0, 'a'), record(1, 'b')])
    expect(await outcome(appended)).toBe('log_incomplete')
    await writer.close()
  })
})

it('hazard: a retry places a message without a key anew', async () => {
  const cluster = scriptedCluster([1, 2], ({ count }) =>
    count <= 3 ? { before: notLeader() } : undefined,
  )
  const writer = await writerOn(cluster)
  await writer.append('t', [record(0, 'a'), record(1, 'b'), record(1, 'c', 'a key')])
  expect(cluster.written.get(0)).toEqual(['a'])
  expect(cluster.written.get(1)).toEqual(['b', 'c'])
  await writer.close()
})

describe('hazard: a rejected send leaves its sequence number to the next message', () => {
  const lostAnswer = () =>
    scriptedCluster([1, 2], ({ count }) =>
      count === 1
        ? { after: new kafkajs.KafkaJSNonRetriableError('appended, and the answer lost') }
        : undefined,
    )

  it('is real in kafkajs: the next message is taken for a repeat and is nowhere', async () => {
    const cluster = lostAnswer()
    const producer = cluster.client().producer({ idempotent: true })
    await producer.connect()
    const send = (value: string) =>
      producer.send({ topic: 't', messages: [{ partition: 0, value }] })
    await expect(send('first')).rejects.toThrow('answer lost')
    await send('second')
    expect(cluster.written.get(0)).toEqual(['first'])
  })

  it('the producer is discarded: the next message is written', async () => {
    const cluster = lostAnswer()
    const writer = await writerOn(cluster)
    expect(await outcome(writer.append('t', [record(0, 'first')]))).toBe('log_unavailable')
    expect(await outcome(writer.append('t', [record(0, 'second')]))).toBe('written')
    expect(cluster.written.get(0)).toEqual(['first', 'second'])
    expect(cluster.producers()).toBe(2)
    await writer.close()
  })
})

it('hazard: a discarded producer reconnects and goes on repeating', async () => {
  let away = true
  const asked = vi.fn()
  const cluster = scriptedCluster([1, 2], ({ producerId }) => {
    asked(producerId)
    return away ? { before: notLeader() } : undefined
  })
  const writer = await writerOn(cluster, { sendMs: 50 })
  expect(await outcome(writer.append('t', [record(0, 'a')]))).toBe('log_timeout')
  away = false
  expect(await outcome(writer.append('t', [record(0, 'a')]))).toBe('written')
  // kafkajs's own repeats are at most 120, 240 and 480 ms apart here.
  await sleep(1_000)
  expect(cluster.written.get(0)).toEqual(['a'])
  expect(asked.mock.calls.at(-1)).toEqual([2])
  await writer.close()
})
