import { fork } from 'node:child_process'
import { join } from 'node:path'
import { encodeLogRecord, registryCatalogue } from '@holdpoint/contracts'
import kafkajs from 'kafkajs'
import { runOrExplain } from '../../infra/bin/lib/command.mjs'
import { nodeFlags } from '../../infra/bin/lib/service.mjs'
import { holdpointCommand } from '../../infra/bin/lib/workspace.mjs'
import { benchOptions } from './bench-options.mjs'
import { machine, spread } from './figures.mjs'
import { eventOf, outEvery, partitionOfPerson, partitions, people } from './records.mjs'

// The engine against bare kafkajs that reads the same records and writes one out per hundred in: side by
// side on the real stack, in turns, so that the ratio holds when the machine's speed drifts.
//   npm run bench -- --only stack [--rounds 5] [--events 200000] [--seconds 30]

const { Kafka, logLevel } = kafkajs
const topic = 'holdpoint.events'
const { rounds, events: backlog, seconds } = benchOptions(process.argv.slice(2))
const warmUpSeconds = 5
const perSecond = 1_000
const run = `${Date.now()}`
const contenders = /** @type {const} */ (['pass-through', 'engine'])

const brokers = (process.env['HOLDPOINT_KAFKA_BROKERS'] ?? '').split(',')
const kafka = new Kafka({ clientId: 'bench', brokers, logLevel: logLevel.ERROR })
const producer = kafka.producer({
  createPartitioner:
    () =>
    ({ message }) =>
      message.partition ?? 0,
})
const admin = kafka.admin()
const say = (/** @type {string} */ line) => console.log(line)
let number = 0

await runOrExplain(process.execPath, [holdpointCommand, 'topics', 'apply'], { env: process.env })
const catalogue = await registryCatalogue({
  url: process.env['HOLDPOINT_REGISTRY_URL'] ?? '',
  writes: [topic],
})
await Promise.all([producer.connect(), admin.connect()])

/**
 * @param {readonly { person: number, does: 'login' | 'read' | 'pay' }[]} acts
 * @param {number} t ms
 */
async function append(acts, t) {
  /** @type {Map<number, import('kafkajs').Message[]>} */
  const byPartition = new Map()
  for (const { person, does } of acts) {
    number += 1
    const event = eventOf({ run, number, person, t, does })
    const partition = partitionOfPerson(run, person)
    const messages = byPartition.get(partition) ?? []
    byPartition.set(partition, messages)
    const headers = does === 'pay' ? { out: event.sessionId } : undefined
    const value = encodeLogRecord({ kind: 'event', event, origin: null }, catalogue)
    messages.push({ partition, key: null, value, ...(headers && { headers }) })
  }
  for (const messages of byPartition.values())
    for (let at = 0; at < messages.length; at += 500)
      await producer.send({ topic, acks: -1, messages: messages.slice(at, at + 500) })
}

/** A slice of work: one payment in `outEvery`, each by a person who has not paid before. */
let payers = 0
const payersMax =
  rounds * Math.ceil(backlog / outEvery) + 4 * (seconds + warmUpSeconds) * (perSecond / outEvery)
function slice(/** @type {number} */ count) {
  return Array.from({ length: count }, (_, n) => {
    if (n % outEvery !== 0)
      return { person: (n * 7919) % people, does: /** @type {const} */ ('read') }
    payers += 1
    return { person: people + payers, does: /** @type {const} */ ('pay') }
  })
}

const highs = async () =>
  Object.fromEntries(
    (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, high]),
  )

/** @returns {Promise<{ taken: number, ms: number, cpuMs: number }>} */
function take(
  /** @type {string} */ kind,
  /** @type {number} */ records,
  /** @type {object} */ from,
) {
  return new Promise((resolve, reject) => {
    const child = contender(kind, records, from)
    child.once('message', (/** @type {any} */ told) => child.once('exit', () => resolve(told)))
    child.once('exit', (code) => code && reject(new Error(`${kind} ended with code ${code}`)))
  })
}

const contender = (
  /** @type {string} */ kind,
  /** @type {number} */ records,
  /** @type {object} */ from,
) =>
  fork(join(import.meta.dirname, 'contender.mjs'), [kind, String(records), JSON.stringify(from)], {
    // The engine as docker-compose.yml runs it; the flags do bare kafkajs no good.
    execArgv: kind === 'engine' ? [...(nodeFlags['engine'] ?? [])] : [],
    env: { ...process.env, BENCH_RUN: `${run}-${kind}-${number}` },
  })

async function throughput() {
  /** @type {Record<string, number[]>} */
  const rates = { 'pass-through': [], engine: [] }
  /** @type {Record<string, number[]>} */
  const cpu = { 'pass-through': [], engine: [] }
  for (let round = 0; round < rounds; round += 1) {
    const from = await highs()
    await append(slice(backlog), Date.now())
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    for (const kind of order) {
      const { taken, ms, cpuMs } = await take(kind, backlog, from)
      rates[kind]?.push((taken / ms) * 1000)
      cpu[kind]?.push((cpuMs * 1000) / taken)
    }
    const [p = 0, e = 0] = contenders.map((kind) => rates[kind]?.at(-1) ?? 0)
    say(
      `  round ${round + 1}: pass-through ${p.toFixed(0)}/s, engine ${e.toFixed(0)}/s, ratio ${(e / p).toFixed(3)}`,
    )
  }
  const ratios = (rates['engine'] ?? []).map(
    (rate, at) => rate / (rates['pass-through']?.[at] ?? 1),
  )
  return { rates, cpu, ratios }
}

/** Append to seen by a subscriber, ms, at a steady rate. */
async function latency(/** @type {typeof contenders[number]} */ kind) {
  const child = contender(kind, 0, await highs())
  await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', reject)
  })
  const out = kind === 'engine' ? 'session.stepup.required' : 'session.shadow'
  const sent = new Map()
  /** @type {number[]} */
  const waits = []
  const consumer = kafka.consumer({
    groupId: `watch-${run}-${kind}-${number}`,
    maxWaitTimeInMs: 100,
  })
  await consumer.connect()
  await consumer.subscribe({ topic: out, fromBeginning: false })
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message }) => {
      const session = String(message.headers?.['out'] ?? message.headers?.['ce_subject'])
      const at = sent.get(session)
      if (at !== undefined) waits.push(performance.now() - at)
      sent.delete(session)
    },
  })
  await joined
  const began = performance.now()
  const warmUntil = began + warmUpSeconds * 1000
  for (let tick = 0; performance.now() < warmUntil + seconds * 1000; tick += 1) {
    const acts = slice(outEvery)
    if (performance.now() > warmUntil)
      sent.set(`session-${run}-${acts[0]?.person}`, performance.now())
    await append(acts, Date.now())
    const next = began + (tick + 1) * ((1000 * outEvery) / perSecond)
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())))
  }
  await new Promise((resolve) => setTimeout(resolve, 2000))
  const lost = sent.size
  await consumer.disconnect()
  child.send({ stop: true })
  await new Promise((resolve) => child.once('exit', resolve))
  waits.sort((a, b) => a - b)
  const at = (/** @type {number} */ share) =>
    waits[Math.floor((waits.length - 1) * share)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), samples: waits.length, lost }
}

const { rates, cpu, ratios } = await (async () => {
  say(`${people + payersMax} people log in`)
  const all = Array.from({ length: people + payersMax + 1 }, (_, person) => ({
    person,
    does: /** @type {const} */ ('login'),
  }))
  await append(all, Date.now() - 3_600_000)
  // The engine folds whatever the log held before the rounds, so that all of them are alike.
  const child = contender('engine', 0, {})
  await new Promise((resolve) => child.once('message', resolve))
  child.send({ stop: true })
  await new Promise((resolve) => child.once('exit', resolve))
  say(
    `throughput: ${rounds} rounds of ${backlog} records in ${partitions} partitions, ${people} people, one out per ${outEvery} in`,
  )
  return throughput()
})()

say(`latency: append to seen by a subscriber at ${perSecond} events/s, in turns of ${seconds} s`)
/** @type {Record<string, { p50: number, p99: number, samples: number, lost: number }[]>} */
const waits = { 'pass-through': [], engine: [] }
for (const kind of [...contenders, ...contenders.toReversed()]) {
  const seen = await latency(kind)
  waits[kind]?.push(seen)
  say(
    `  ${kind}: p50 ${seen.p50.toFixed(1)} ms, p99 ${seen.p99.toFixed(1)} ms (${seen.samples} samples, ${seen.lost} not seen)`,
  )
}

say('')
say(`machine: ${machine}; broker, registry and Redis on the same machine`)
say('                           min / median / max')
for (const kind of contenders) {
  say(`${kind.padEnd(14)} events/s  ${spread(rates[kind] ?? [])}`)
  say(`${kind.padEnd(14)} us CPU/event  ${spread(cpu[kind] ?? [], 2)}`)
}
say(`ratio of events/s, engine to pass-through: ${spread(ratios, 3)}`)
const p99 = (waits['engine'] ?? []).map(
  ({ p99 }, at) => p99 / (waits['pass-through']?.[at]?.p99 ?? 1),
)
say(`ratio of p99 latency, engine to pass-through: ${spread(p99, 2)}`)
await Promise.all([producer.disconnect(), admin.disconnect()])
process.exit((waits['engine'] ?? []).some(({ lost }) => lost > 0) ? 1 : 0)
