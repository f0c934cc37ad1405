import { registryCatalogue } from '@holdpoint/contracts'
import { createEngine } from '@holdpoint/engine'
import { kafkaLog } from '@holdpoint/log'
import { defaultPolicy } from '@holdpoint/risk'
import { createRegistry } from '@holdpoint/runtime'
import { redisStore } from '@holdpoint/state'
import kafkajs from 'kafkajs'

// One contender in a process of its own: `node contender.mjs engine|pass-through RECORDS FROM`, forked.
// It takes RECORDS records from the offsets FROM (JSON, by partition; the engine knows its own), tells its
// parent how long that took, and ends. A record is taken when what comes of it is acknowledged; the clock starts
// with the first that are, which are left out of the rate. With 0 RECORDS it tells when it has caught up with the
// log, and runs until it is told to stop.

const { Kafka, logLevel } = kafkajs
const topic = 'holdpoint.events'
const [, , kind, wanted = '0', from = '[]'] = process.argv
const records = Number(wanted)
const brokers = (process.env['HOLDPOINT_KAFKA_BROKERS'] ?? '').split(',')
const run = process.env['BENCH_RUN'] ?? 'bench'

const progress = { taken: 0, before: 0, first: 0, last: 0, cpu: process.cpuUsage() }

function took(/** @type {number} */ count) {
  const now = performance.now()
  if (progress.taken === 0)
    Object.assign(progress, { before: count, first: now, cpu: process.cpuUsage() })
  progress.taken += count
  progress.last = now
}

/**
 * @typedef {object} Contender
 * @property {() => Promise<boolean>} settled whether all that was read so far is done and acknowledged
 * @property {() => Promise<void>} stop
 */

/**
 * Bare kafkajs: every record read, one in a hundred (marked by the generator) produced again.
 *
 * @returns {Promise<Contender>}
 */
async function passThrough() {
  const kafka = new Kafka({ clientId: 'pass-through', brokers, logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  const consumer = kafka.consumer({ groupId: `pass-through-${run}`, maxWaitTimeInMs: 100 })
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topic, fromBeginning: false })
  /** @type {Promise<void>} */
  const joined = new Promise((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, () => resolve())
  })
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: 24,
    eachBatch: async ({ batch }) => {
      const messages = []
      for (const message of batch.messages) {
        if (message.headers?.['out'] !== undefined)
          messages.push({ key: message.key, value: message.value, headers: message.headers })
      }
      if (messages.length > 0) await producer.send({ topic: 'session.shadow', messages })
      took(batch.messages.length)
    },
  })
  for (const [partition, offset] of Object.entries(JSON.parse(from)))
    consumer.seek({ topic, partition: Number(partition), offset: String(offset) })
  await joined
  return {
    settled: async () => true,
    async stop() {
      await consumer.disconnect()
      await producer.disconnect()
    },
  }
}

/**
 * The engine as its service composes it.
 *
 * @returns {Promise<Contender>}
 */
async function engine() {
  const log = kafkaLog({ brokers, clientId: 'bench-engine' })
  const store = redisStore({ url: process.env['HOLDPOINT_REDIS_URL'] ?? '', generation: 1 })
  const catalogue = await registryCatalogue({ url: process.env['HOLDPOINT_REGISTRY_URL'] ?? '' })
  const registry = createRegistry()
  const quiet = () => undefined
  const logger = /** @type {import('@holdpoint/runtime').Logger} */ (
    /** @type {unknown} */ ({
      ...Object.fromEntries(['trace', 'debug', 'info'].map((level) => [level, quiet])),
      ...Object.fromEntries(['warn', 'error', 'fatal'].map((level) => [level, console.error])),
      child: () => logger,
    })
  )
  const service = createEngine({
    log,
    store,
    catalogue,
    policy: defaultPolicy,
    config: { generation: 1, groupId: `engine-${run}` },
    registry,
    logger,
  })
  const total = async (/** @type {string} */ name) => {
    const metric = /** @type {any} */ (
      registry.registry.getSingleMetric(`holdpoint_engine_${name}`)
    )
    const { values } = await metric.get()
    return values.reduce(
      (/** @type {number} */ sum, /** @type {any} */ { value }) => sum + value,
      0,
    )
  }
  let before = 0
  const sampler = setInterval(async () => {
    const now = await total('events_total')
    if (now > before) took(now - before)
    before = now
  }, 10)
  await service.start()
  return {
    async settled() {
      const committed = (await total('decisions_total')) + (await total('dead_letters_total'))
      return (await total('lag_records')) === 0 && (await total('published_total')) >= committed
    },
    async stop() {
      clearInterval(sampler)
      await service.stop()
      await Promise.all([log.close(), store.close()])
    },
  }
}

// Whoever started this is gone.
process.once('disconnect', () => process.exit(1))

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))
const { settled, stop } = await (kind === 'engine' ? engine() : passThrough())
if (records === 0) {
  const told = new Promise((resolve) => process.once('message', resolve))
  // The gauges know the end of the log as of the last fetch: they must say so for a while.
  for (let quiet = 0; quiet < 10; quiet = (await settled()) ? quiet + 1 : 0) await sleep(100)
  process.send?.({ ready: true })
  await told
} else {
  while (progress.taken < records) await sleep(5)
  if (!(await settled())) {
    while (!(await settled())) await sleep(1)
    progress.last = performance.now()
  }
  const { user, system } = process.cpuUsage(progress.cpu)
  const cpuMs = (user + system) / 1000
  const taken = progress.taken - progress.before
  process.send?.({ taken, ms: progress.last - progress.first, cpuMs })
}
await stop()
process.exit(0)
