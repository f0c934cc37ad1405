import { setTimeout as sleep } from 'node:timers/promises'
import { rawTopics, topics } from '@holdpoint/contracts'

// Whether everything moves: each partition has folded a record that was appended after a moment and
// published all that came before it, and ingest has taken all that stood in the raw topics at that moment.

/**
 * @typedef {object} Progress each answers null, or what is missing when the time is over, whatever hangs
 * @property {(withinMs: number) => Promise<string | null>} moves resolves when all that is in Kafka now is
 *   taken, folded and published, and something later is folded
 * @property {(withinMs: number) => Promise<string | null>} folded resolves when the log is folded to its end
 *
 * @typedef {<T>(question: (admin: import('kafkajs').Admin) => Promise<T>) => Promise<T>} Ask
 */

const pollMs = 250
const answerMs = 8_000
const ingestGroup = 'holdpoint-ingest'

/** Nobody answered until the deadline. */
class Unanswered extends Error {}

/**
 * @param {Pick<import('kafkajs').Kafka, 'admin'>} kafka
 * @param {Pick<import('@holdpoint/state').StateStore, 'open'>} store
 * @returns {Progress}
 */
export function watchProgress(kafka, store) {
  /** @param {number} partition */
  async function position(partition) {
    try {
      const { meta, outbox } = await store.open(partition)
      const unpublished = outbox[0]?.offset ?? Number.POSITIVE_INFINITY
      return { applied: meta?.appliedOffset ?? -1, unpublished }
    } catch {
      // The store is away, or being written by two: asked again.
      return { applied: -1, unpublished: 0 }
    }
  }

  /** @type {(ask: Ask, until: number) => Promise<string | null>} */
  async function moves(ask, until) {
    const unfolded = new Map(
      (await endsOf(ask, topics.internal)).map(({ partition, high }) => [partition, high]),
    )
    let untaken = new Map()
    for (const topic of rawTopics)
      for (const { partition, high } of await endsOf(ask, topic))
        if (high > 0) untaken.set(`${topic}:${partition}`, high)
    for (;;) {
      await Promise.all(
        [...unfolded].map(async ([partition, high]) => {
          const { applied, unpublished } = await position(partition)
          if (applied >= high && unpublished >= high) unfolded.delete(partition)
        }),
      )
      if (untaken.size > 0) untaken = await leftOf(ask, untaken)
      if (unfolded.size === 0 && untaken.size === 0) return null
      if (performance.now() + pollMs > until)
        return `not folded and published: partitions ${[...unfolded.keys()].join(', ') || 'none'}; not taken: ${[...untaken.keys()].join(', ') || 'nothing'}`
      await sleep(pollMs)
    }
  }

  /** @type {(ask: Ask, until: number) => Promise<string | null>} */
  async function folded(ask, until) {
    for (;;) {
      const behind = []
      for (const { partition, high } of await endsOf(ask, topics.internal))
        if ((await position(partition)).applied < high - 1) behind.push(partition)
      if (behind.length === 0) return null
      if (performance.now() + pollMs > until)
        return `not folded to the end: partitions ${behind.join(', ')}`
      await sleep(pollMs)
    }
  }

  /** @param {(ask: Ask, until: number) => Promise<string | null>} work */
  const within = (work) => async (/** @type {number} */ withinMs) => {
    const until = performance.now() + withinMs
    const { ask, close } = asker(kafka, until)
    try {
      return await work(ask, until)
    } catch (error) {
      if (error instanceof Unanswered) return error.message
      throw error
    } finally {
      close()
    }
  }

  return { moves: within(moves), folded: within(folded) }
}

/**
 * Asks until it is answered or the time is over. A connection that has missed an answer is not asked again.
 *
 * @param {Pick<import('kafkajs').Kafka, 'admin'>} kafka
 * @param {number} until ms of the monotonic clock
 * @returns {{ ask: Ask, close: () => void }}
 */
function asker(kafka, until) {
  /** @type {import('kafkajs').Admin | undefined} */
  let admin
  async function connected() {
    if (admin !== undefined) return admin
    admin = kafka.admin()
    await admin.connect()
    return admin
  }
  function close() {
    admin?.disconnect().catch(() => undefined)
    admin = undefined
  }
  return {
    close,
    async ask(question) {
      for (;;) {
        const leftMs = until - performance.now()
        if (leftMs <= 0) throw new Unanswered('Kafka did not answer')
        try {
          return await byDeadline(connected().then(question), Math.min(answerMs, leftMs))
        } catch {
          close()
          await sleep(pollMs)
        }
      }
    },
  }
}

/**
 * @param {Ask} ask
 * @param {string} topic
 */
const endsOf = async (ask, topic) =>
  (await ask((admin) => admin.fetchTopicOffsets(topic))).map(({ partition, high }) => ({
    partition,
    high: Number(high),
  }))

/**
 * What ingest has not taken.
 *
 * @param {Ask} ask
 * @param {ReadonlyMap<string, number>} wanted the next offset of each `topic:partition`
 */
async function leftOf(ask, wanted) {
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

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} ms
 * @returns {Promise<T>}
 */
async function byDeadline(promise, ms) {
  const given = new AbortController()
  const late = sleep(ms, undefined, { signal: given.signal }).then(() => {
    throw new Error(`no answer within ${Math.round(ms)} ms`)
  })
  late.catch(() => undefined)
  try {
    return await Promise.race([promise, late])
  } finally {
    given.abort()
  }
}
