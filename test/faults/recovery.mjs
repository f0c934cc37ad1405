import { setTimeout as sleep } from 'node:timers/promises'
import { rawTopics, topics } from '@holdpoint/contracts'

// Whether everything moves again: each partition has folded a record that was appended after a moment, and
// ingest has taken all that stood in the raw topics at that moment.

/**
 * @typedef {object} Ends
 * @property {ReadonlyMap<number, number>} log the next offset of each partition of `holdpoint.events`
 * @property {ReadonlyMap<string, number>} raw the next offset of each raw `topic:partition`
 *
 * @typedef {object} Progress
 * @property {() => Promise<Ends>} ends where the log ends now; asks until Kafka tells
 * @property {(ends: Ends, withinMs: number) => Promise<string | null>} passed resolves when all of it is
 *   taken and something later is folded: null, or what is not after that time
 * @property {() => Promise<number>} lag records of the log that are not folded
 * @property {() => Promise<void>} close
 */

const pollMs = 250
const answerMs = 8_000
const ingestGroup = 'holdpoint-ingest'

/**
 * @param {import('kafkajs').Kafka} kafka
 * @param {import('@holdpoint/state').StateStore} store
 * @returns {Promise<Progress>}
 */
export async function watchProgress(kafka, store) {
  let admin = kafka.admin()
  await admin.connect()

  /**
   * Asks by a deadline of its own: a connection that has missed an answer is not asked again.
   *
   * @template T
   * @param {(admin: import('kafkajs').Admin) => Promise<T>} question
   * @returns {Promise<T>}
   */
  async function ask(question) {
    for (;;) {
      try {
        return await byDeadline(question(admin))
      } catch {
        await admin.disconnect().catch(() => undefined)
        await sleep(pollMs)
        admin = kafka.admin()
        await byDeadline(admin.connect()).catch(() => undefined)
      }
    }
  }

  /** @param {string} topic */
  const endsOf = async (topic) =>
    (await ask((admin) => admin.fetchTopicOffsets(topic))).map(({ partition, high }) => ({
      place: `${topic}:${partition}`,
      partition,
      high: Number(high),
    }))

  async function ends() {
    const log = await endsOf(topics.internal)
    const raw = (await Promise.all(rawTopics.map(endsOf))).flat()
    return {
      log: new Map(log.map(({ partition, high }) => [partition, high])),
      raw: new Map(raw.map(({ place, high }) => [place, high])),
    }
  }

  /** @param {number} partition */
  async function applied(partition) {
    try {
      const { meta } = await store.open(partition)
      return meta?.appliedOffset ?? -1
    } catch {
      // The store is away, or being written by two: asked again.
      return -1
    }
  }

  /** @param {ReadonlyMap<string, number>} wanted */
  async function untaken(wanted) {
    const groups = await ask((admin) =>
      admin.fetchOffsets({ groupId: ingestGroup, topics: [...rawTopics] }),
    )
    const left = new Map(wanted)
    for (const { topic, partitions } of groups)
      for (const { partition, offset } of partitions)
        if (Number(offset) >= (wanted.get(`${topic}:${partition}`) ?? 0))
          left.delete(`${topic}:${partition}`)
    return left
  }

  /** @type {Progress['passed']} */
  async function passed({ log, raw }, withinMs) {
    const until = performance.now() + withinMs
    const unfolded = new Map(log)
    let left = new Map([...raw].filter(([, high]) => high > 0))
    for (;;) {
      await Promise.all(
        [...unfolded].map(async ([partition, high]) => {
          if ((await applied(partition)) >= high) unfolded.delete(partition)
        }),
      )
      if (left.size > 0) left = await untaken(left)
      if (unfolded.size === 0 && left.size === 0) return null
      if (performance.now() > until)
        return `not folded: partitions ${[...unfolded.keys()].join(', ') || 'none'}; not taken: ${[...left.keys()].join(', ') || 'nothing'}`
      await sleep(pollMs)
    }
  }

  return {
    ends,
    passed,
    async lag() {
      const log = await endsOf(topics.internal)
      const behind = await Promise.all(
        log.map(async ({ partition, high }) => Math.max(0, high - 1 - (await applied(partition)))),
      )
      return behind.reduce((sum, n) => sum + n, 0)
    },
    close: async () => admin.disconnect().catch(() => undefined),
  }
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
async function byDeadline(promise) {
  const given = new AbortController()
  const late = sleep(answerMs, undefined, { signal: given.signal }).then(() => {
    throw new Error(`no answer within ${answerMs} ms`)
  })
  late.catch(() => undefined)
  try {
    return await Promise.race([promise, late])
  } finally {
    given.abort()
  }
}
