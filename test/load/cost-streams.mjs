import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseRawJson } from '@holdpoint/contracts'
import { coreFold } from '@holdpoint/engine'
import { createEnrichment } from '@holdpoint/ingest'
import { Replay } from '@holdpoint/standalone'
import { eventOf, outEvery } from './records.mjs'

// What the core's cost is measured on: records as ingest appends them to one partition, ticks left out.

/**
 * @typedef {object} Stream
 * @property {string} name
 * @property {readonly import('@holdpoint/risk').LogRecord[]} before folded first, and not measured
 * @property {readonly import('@holdpoint/risk').LogRecord[]} records
 */

const start = Date.UTC(2026, 10, 2, 9)
const hourMs = 3_600_000
const peopleAtWork = 2_000

/**
 * The stream of the engine's own benchmark: people at work at home who logged in an hour ago and act every
 * thirty seconds, and for each hundred events a payment by somebody whose freshness is spent.
 *
 * @param {number} count events
 * @returns {Stream}
 */
export function peopleAtTheirDesks(count) {
  let number = 0
  const of = (
    /** @type {number} */ person,
    /** @type {number} */ t,
    /** @type {'login' | 'read' | 'pay'} */ does,
  ) => {
    number += 1
    const event = eventOf({ run: 'cost', number, person, t, does })
    return /** @type {const} */ ({ kind: 'event', event, origin: null })
  }
  const payers = Math.ceil(count / outEvery)
  const before = Array.from({ length: peopleAtWork + payers }, (_, person) =>
    of(person, start - hourMs + person, 'login'),
  )
  const records = Array.from({ length: count }, (_, n) => {
    const t = start + n * (30_000 / peopleAtWork)
    if (n % outEvery === 0) return of(peopleAtWork + n / outEvery, t, 'pay')
    return of((n * 7919) % peopleAtWork, t, 'read')
  })
  return { name: 'people at their desks', before, records }
}

/**
 * People, workloads and agents over days, from a file of events: all of it measured, logins too.
 *
 * @param {string} file
 * @returns {Promise<Stream>}
 */
export async function lifeIn(file) {
  /** @type {import('@holdpoint/risk').LogRecord[]} */
  const records = []
  const replay = new Replay({
    enrichment: createEnrichment({ geoDataDir: undefined }),
    partitions: 1,
    fold: {
      ...coreFold,
      foldPartition(meta, placed, states, policy) {
        if (placed.record.kind === 'event') records.push(placed.record)
        return coreFold.foldPartition(meta, placed, states, policy)
      },
    },
  })
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const parsed = parseRawJson(Buffer.from(line))
    const taken = parsed.ok ? await replay.take(parsed.event) : parsed
    if (!taken.ok) throw new Error(`${file}: ${JSON.stringify(taken)}: ${line}`)
  }
  return { name: 'people, workloads and agents', before: [], records }
}
