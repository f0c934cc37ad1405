import { setTimeout as sleep } from 'node:timers/promises'
import { partitionOf, rawTopics } from '@holdpoint/contracts'
import { chance as seededChance } from './chance.mjs'
import { newPerson, nextEvent } from './people.mjs'

// A steady stream of events from clients that share no code with Holdpoint but its partitioning: plain
// kafkajs, and HTTP. Both repeat what was not surely taken, under the same ids, until it is.

/** @typedef {import('./people.mjs').Sent} Sent */

/**
 * @typedef {object} Load
 * @property {ReadonlySet<string>} ids of all events that were taken by Kafka, or by ingest over HTTP
 * @property {ReadonlySet<string>} poison ids of the events that nobody can read
 * @property {{ sends: number, repeatedSends: number, posts: number, repeatedPosts: number }} counts
 * @property {readonly string[]} refusals answers of ingest over HTTP that no repeat mends
 * @property {() => Promise<void>} stop begins nothing more, and resolves when all that was begun is taken
 */

const everyMs = 500
const postTimeoutMs = 5_000
const httpShare = 0.05

/**
 * @param {object} of
 * @param {import('kafkajs').Kafka} of.kafka
 * @param {readonly string[]} of.httpUrls of the ingests
 * @param {string} of.mark names this run's people and events
 * @param {number} of.seed
 * @param {number} of.perSecond events
 * @param {number} of.people
 * @returns {Promise<Load>}
 */
export async function startLoad({ kafka, httpUrls, mark, seed, perSecond, people }) {
  const taken = new Set()
  const poison = new Set()
  /** @type {string[]} */
  const refusals = []
  const counts = { sends: 0, repeatedSends: 0, posts: 0, repeatedPosts: 0 }
  let number = 0
  let stopping = false

  /** @param {{ first: number, last: number, share: number, careless: boolean, deliver: Deliver }} of */
  async function stream({ first, last, share, careless, deliver }) {
    const mine = Array.from({ length: last - first }, (_, n) =>
      newPerson(mark, first + n, careless),
    )
    const chance = seededChance(seed + first)
    const begun = performance.now()
    let made = 0
    while (!stopping) {
      const due = Math.floor(((performance.now() - begun) / 1000) * perSecond * share) - made
      // After an outage the backlog comes in portions: a session's repeats are known among its latest events.
      const count = Math.min(due, Math.ceil(mine.length / 4), 500)
      made += count
      const events = chance
        .shuffled(mine)
        .slice(0, count)
        .map((person) => nextEvent(person, `${mark}-${number++}`, chance))
      for (const event of events) if (event.poison) poison.add(event.id)
      if (events.length > 0) await deliver(events)
      for (const { id } of events) taken.add(id)
      if (due <= count) await sleep(everyMs)
    }
  }

  const producers = await Promise.all([kafkaDelivery(kafka, counts), kafkaDelivery(kafka, counts)])
  const split = Math.floor((people * (1 - httpShare)) / 2)
  const kafkaPart = (1 - httpShare) / 2
  const streams = [
    ...producers.map(({ deliver }, n) =>
      stream({
        first: n * split,
        last: (n + 1) * split,
        share: kafkaPart,
        careless: true,
        deliver,
      }),
    ),
    // What cannot be read is refused at once by this way in, and kept by the other alone.
    stream({
      first: 2 * split,
      last: people,
      share: httpShare,
      careless: false,
      deliver: httpDelivery(httpUrls, counts, refusals),
    }),
  ]
  const ended = Promise.all(streams)
  // A failure is the runner's to see when it stops the load; until then nobody waits for it.
  ended.catch(() => undefined)
  return {
    ids: taken,
    poison,
    counts,
    refusals,
    async stop() {
      stopping = true
      await ended
      await Promise.all(producers.map(({ close }) => close()))
    },
  }
}

/** @typedef {(events: readonly Sent[]) => Promise<void>} Deliver resolves when all are taken */

/**
 * Sends until every partition is acknowledged by name: after a leader has moved, kafkajs can resolve a
 * send of which one partition was never written.
 *
 * @param {import('kafkajs').Kafka} kafka
 * @param {Load['counts']} counts
 * @returns {Promise<{ deliver: Deliver, close: () => Promise<void> }>}
 */
async function kafkaDelivery(kafka, counts) {
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  const partitions = await partitionCounts(kafka)
  const close = () => producer.disconnect()
  /** @type {Deliver} */
  async function deliver(events) {
    const left = new Map()
    for (const event of events) {
      const partition = partitionOf(event.key, partitions.get(event.topic) ?? 1)
      const place = `${event.topic}:${partition}`
      left.set(place, [...(left.get(place) ?? []), { ...event, partition }])
    }
    for (let attempt = 0; left.size > 0; attempt += 1) {
      counts.sends += 1
      if (attempt > 0) {
        counts.repeatedSends += 1
        await sleep(200)
      }
      try {
        const acknowledged = await producer.sendBatch({
          acks: -1,
          timeout: 5_000,
          topicMessages: byTopic([...left.values()].flat()),
        })
        for (const { topicName, partition, errorCode } of acknowledged)
          if (errorCode === 0) left.delete(`${topicName}:${partition}`)
      } catch {
        // Nobody knows what was written: all that is left goes again.
      }
    }
  }
  return { deliver, close }
}

/** @param {readonly (Sent & { partition: number })[]} events */
function byTopic(events) {
  /** @type {Map<string, import('kafkajs').Message[]>} */
  const messages = new Map()
  for (const { topic, key, value, partition } of events) {
    const list = messages.get(topic) ?? []
    messages.set(topic, list)
    list.push({ key, value, partition })
  }
  return [...messages].map(([topic, list]) => ({ topic, messages: list }))
}

/** @param {import('kafkajs').Kafka} kafka */
async function partitionCounts(kafka) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [...rawTopics] })
    return new Map(topics.map(({ name, partitions }) => [name, partitions.length]))
  } finally {
    await admin.disconnect()
  }
}

/**
 * Posts a batch, to one ingest and to the next, until one answers 202.
 *
 * @param {readonly string[]} urls
 * @param {Load['counts']} counts
 * @param {string[]} refusals
 * @returns {Deliver}
 */
function httpDelivery(urls, counts, refusals) {
  let turn = 0
  return async (events) => {
    const body = `[${events.map(({ value }) => value).join(',')}]`
    for (let attempt = 0; ; attempt += 1) {
      counts.posts += 1
      if (attempt > 0) {
        counts.repeatedPosts += 1
        await sleep(300)
      }
      const answer = await post(`${urls[turn++ % urls.length]}/v1/events`, body)
      if (answer?.status === 202) return
      if (answer?.status === 400) {
        refusals.push(answer.text.slice(0, 500))
        return
      }
    }
  }
}

/**
 * @param {string} url
 * @param {string} body
 */
async function post(url, body) {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(postTimeoutMs),
    })
    return { status: answer.status, text: await answer.text() }
  } catch {
    return undefined
  }
}
