import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { topics } from '@holdpoint/contracts'
import kafkajs from 'kafkajs'
import { runOrExplain, say } from '../../infra/bin/lib/command.mjs'
import { startService } from '../../infra/bin/lib/service.mjs'
import { holdpointCommand } from '../../infra/bin/lib/workspace.mjs'
import { acts, logins, people } from './soak-load.mjs'
import { soakOptions } from './soak-options.mjs'
import { report, verdict } from './soak-report.mjs'
import { processSample, redisSample, scrape, sum } from './soak-samples.mjs'

// One ingest and one engine under a steady load, looked at every 10 s: does anything grow?
//   npm run soak -- [--minutes 10] [--rate 1000] [--json FILE]
// Exit code 1 where something grows that should not, the event loop is held up, less than 95 % of the rate
// was sent, nothing was decided, or the lag does not clear at the end.

const { minutes, rate, json } = soakOptions(process.argv.slice(2))
const sampleMs = 10_000
const sendMs = 50
const clearMs = 30_000
const adminPorts = { ingest: '26864', engine: '26865' }
const run = `${Date.now()}`
const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

const kafka = new kafkajs.Kafka({
  clientId: 'soak',
  brokers: (process.env['HOLDPOINT_KAFKA_BROKERS'] ?? '').split(','),
  logLevel: kafkajs.logLevel.ERROR,
})
const producer = kafka.producer({ allowAutoTopicCreation: false })
let sent = 0

/** @param {readonly { subject: { id: string } }[]} events */
async function send(events) {
  const messages = events.map((event) => ({ key: event.subject.id, value: JSON.stringify(event) }))
  await producer.send({ topic: topics.any, messages })
  sent += events.length
}

const adminUrl = (/** @type {keyof typeof adminPorts} */ name) =>
  `http://127.0.0.1:${adminPorts[name]}`

/**
 * @param {number} begun
 * @returns {Promise<import('./soak-samples.mjs').Sample>}
 */
async function look(begun) {
  const [ingest, engine, redis] = await Promise.all([
    scrape(adminUrl('ingest')),
    scrape(adminUrl('engine')),
    redisSample(process.env['HOLDPOINT_REDIS_URL'] ?? ''),
  ])
  return {
    atS: Math.round((performance.now() - begun) / 1000),
    ingest: processSample(ingest),
    engine: processSample(engine),
    rawLag: Math.max(0, sent - sum(ingest, 'holdpoint_ingest_accepted_events_total')),
    lag: sum(engine, 'holdpoint_engine_lag_records'),
    decisions: sum(engine, 'holdpoint_engine_decisions_total'),
    sent,
    ...redis,
  }
}

/** @param {number} begun */
async function loadUntilEnd(begun) {
  const stream = acts(run)
  const endsAt = begun + minutes * 60_000
  const each = Math.max(1, Math.round((rate * sendMs) / 1000))
  for (let turn = 1; performance.now() < endsAt; turn += 1) {
    await send(Array.from({ length: each }, () => stream.next().value ?? []).flat())
    await sleep(Math.max(0, begun + turn * ((each * 1000) / rate) - performance.now()))
  }
}

/** @param {number} begun */
async function sampleUntil(begun, /** @type {Promise<void>} */ ended) {
  /** @type {import('./soak-samples.mjs').Sample[]} */
  const samples = []
  let over = false
  const end = ended.finally(() => {
    over = true
  })
  while (!over) {
    const sample = await look(begun)
    samples.push(sample)
    const { ingest, engine, lag, rawLag, decisions } = sample
    say(
      `${(sample.atS / 60).toFixed(1)} of ${minutes} min: ${sent} events, ${decisions} decisions, lag ${rawLag} + ${lag}, ` +
        `RSS ${ingest.rssMiB.toFixed(0)} + ${engine.rssMiB.toFixed(0)} MiB`,
    )
    const next = begun + samples.length * sampleMs
    await Promise.race([end, sleep(Math.max(0, next - performance.now()))])
  }
  await end
  return samples
}

/** True when all that was sent is folded; ticks go on, so a few records may always be under way. */
async function lagClears() {
  const deadline = performance.now() + clearMs
  while (performance.now() < deadline) {
    const { rawLag, lag } = await look(performance.now())
    if (rawLag === 0 && lag <= 24) return true
    await sleep(500)
  }
  return false
}

const common = {
  HOLDPOINT_LOG_LEVEL: 'warn',
  HOLDPOINT_HASH_KEY: 'soak-hash-key-of-32-characters-or-more',
}
await runOrExplain(process.execPath, [holdpointCommand, 'topics', 'apply'], { env: process.env })
await producer.connect()
/** @type {import('../../infra/bin/lib/service.mjs').RunningService[]} */
const services = []
try {
  services.push(
    await startService('engine', { ...common, HOLDPOINT_ADMIN_PORT: adminPorts.engine }),
  )
  const ingest = {
    ...common,
    HOLDPOINT_HTTP_PORT: '26884',
    HOLDPOINT_ADMIN_PORT: adminPorts.ingest,
  }
  services.push(await startService('ingest', ingest))
  const everybody = [...logins(run)]
  for (let at = 0; at < people; at += 500) await send(everybody.slice(at, at + 500))
  const begun = performance.now()
  const samples = await sampleUntil(begun, loadUntilEnd(begun))
  const found = verdict(samples, { lagCleared: await lagClears(), rate })
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}; broker, registry, Redis and load on the same machine`
  console.log(`${minutes} min, ${rate} events/s asked for, ${people} people`)
  console.log(`machine: ${machine}\n\n${report(samples, found)}`)
  if (json !== undefined)
    writeFileSync(json, JSON.stringify({ minutes, rate, people, machine, found, samples }))
  process.exitCode = found.faults.length > 0 ? 1 : 0
} finally {
  await producer.disconnect()
  for (const service of services.reverse()) await service.stop()
}
