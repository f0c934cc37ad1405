import { connect } from 'node:net'

/**
 * One service at one moment, from its `/metrics`.
 *
 * @typedef {object} ProcessSample
 * @property {number} rssMiB
 * @property {number} heapMiB
 * @property {number} handles sockets, servers and pipes that are open
 * @property {number} timers that keep the process alive
 * @property {number} delayP50Ms of the event loop since the last sample; about 10 ms are the measuring's own
 * @property {number} delayP99Ms
 * @property {number} delayMaxMs
 */

/**
 * @typedef {object} Sample
 * @property {number} atS since the load began
 * @property {ProcessSample} ingest
 * @property {ProcessSample} engine
 * @property {number} rawLag events that were sent and are not in the internal log
 * @property {number} lag records of the internal log that are not folded
 * @property {number} decisions
 * @property {number} sent events, the logins before the load among them
 * @property {number} redisMiB
 * @property {number} redisKeys
 */

const mebibyte = 2 ** 20

const needed = [
  'process_resident_memory_bytes',
  'nodejs_heap_size_used_bytes',
  'nodejs_active_resources',
  'nodejs_eventloop_lag_p50_seconds',
  'nodejs_eventloop_lag_p99_seconds',
  'nodejs_eventloop_lag_max_seconds',
]

/**
 * Every series of a scrape: `name{labels}` to value.
 *
 * @param {string} url of the admin port
 */
export async function scrape(url) {
  const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) })).text()
  const series = text.split('\n').flatMap((line) => {
    const at = line.lastIndexOf(' ')
    return line.startsWith('#') || at < 0
      ? []
      : [/** @type {const} */ ([line.slice(0, at), Number(line.slice(at + 1))])]
  })
  return new Map(series)
}

/** @typedef {ReadonlyMap<string, number>} Scraped */

/**
 * The sum of a metric over its series, 0 where there is none.
 *
 * @param {Scraped} scraped
 * @param {string} name
 */
export function sum(scraped, name) {
  let total = 0
  for (const [series, value] of scraped)
    if (series === name || series.startsWith(`${name}{`)) total += value
  return total
}

/**
 * @param {Scraped} scraped
 * @returns {ProcessSample}
 * @throws where a metric is not there: what stands at nothing cannot be seen to grow
 */
export function processSample(scraped) {
  const named = [...scraped.keys()].map((series) => series.replace(/\{.*/, ''))
  const missing = needed.find((name) => !named.includes(name))
  if (missing !== undefined) throw new Error(`/metrics has no ${missing}`)
  const of = (/** @type {string} */ type) =>
    scraped.get(`nodejs_active_resources{type="${type}"}`) ?? 0
  const ms = (/** @type {string} */ name) => (scraped.get(name) ?? Number.NaN) * 1000
  return {
    rssMiB: sum(scraped, 'process_resident_memory_bytes') / mebibyte,
    heapMiB: sum(scraped, 'nodejs_heap_size_used_bytes') / mebibyte,
    handles: of('TCPSocketWrap') + of('TCPServerWrap') + of('PipeWrap'),
    timers: of('Timeout'),
    delayP50Ms: ms('nodejs_eventloop_lag_p50_seconds'),
    delayP99Ms: ms('nodejs_eventloop_lag_p99_seconds'),
    delayMaxMs: ms('nodejs_eventloop_lag_max_seconds'),
  }
}

/**
 * How much a Redis holds.
 *
 * @param {string} redisUrl
 * @returns {Promise<{ redisMiB: number, redisKeys: number }>}
 */
export function redisSample(redisUrl) {
  const { hostname, port } = new URL(redisUrl)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port || 6379), hostname)
    let answer = ''
    socket.setTimeout(5_000, () => socket.destroy(new Error('Redis gave no answer within 5 s')))
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('close', () => {
      const used = /^used_memory:(\d+)/m.exec(answer)?.[1]
      const keys = /^:(\d+)/m.exec(answer)?.[1]
      if (used === undefined || keys === undefined)
        reject(new Error(`Redis answered otherwise than awaited: ${answer.slice(0, 200)}`))
      resolve({ redisMiB: Number(used) / mebibyte, redisKeys: Number(keys) })
    })
    socket.write('INFO memory\r\nDBSIZE\r\nQUIT\r\n')
  })
}
