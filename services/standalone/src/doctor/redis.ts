import { Redis } from 'ioredis'
import { type Finding, fail, messageOf, ok, warn, within } from './check.ts'

const answerMs = 3_000
/** The scripts of the commit protocol need it. */
const versionMin = [6, 2] as const
const memoryWarnShare = 0.75
/** Decisions are timed by ingest's clock and expire by Redis's. */
const skewWarnMs = 1_000

/** Redis, whether it may forget, how full it is, and how far its clock is from ours. */
export async function checkRedis(
  url: string,
  now: () => number = Date.now,
): Promise<readonly Finding[]> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: answerMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  let refusal = ''
  redis.on('error', (error: Error) => {
    refusal = messageOf(error)
  })
  try {
    return await within(answerMs, ask(redis, now))
  } catch (error) {
    const why = refusal === '' ? messageOf(error) : refusal
    return [
      fail('redis', `no answer (${why})`, 'Start it, or set HOLDPOINT_REDIS_URL'),
      warn('clock', 'not checked, since Redis gives no answer', 'Mend Redis first'),
    ]
  } finally {
    redis.disconnect()
  }
}

async function ask(redis: Redis, now: () => number): Promise<readonly Finding[]> {
  await redis.connect()
  const info = fieldsOf(await redis.info())
  const before = now()
  const [seconds = 0, micros = 0] = (await redis.time()).map(Number)
  const after = now()
  const skewMs = Math.round(seconds * 1000 + micros / 1000 - (before + after) / 2)
  return [redisFinding(info), clockFinding(skewMs)]
}

function redisFinding(info: ReadonlyMap<string, string>): Finding {
  const version = info.get('redis_version') ?? 'unknown'
  const policy = info.get('maxmemory_policy') ?? 'unknown'
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < versionMin[0] || (major === versionMin[0] && minor < versionMin[1])) {
    return fail('redis', `version ${version}`, `Use ${versionMin.join('.')} or newer`)
  }
  if (policy !== 'noeviction') {
    const mend =
      'Set it to noeviction, else risk state is lost in silence and engines refuse to run'
    return fail('redis', `version ${version}, maxmemory-policy ${policy}`, mend)
  }
  const used = Number(info.get('used_memory') ?? 0)
  const max = Number(info.get('maxmemory') ?? 0)
  const memory =
    max === 0 ? `${mebibytes(used)}, no limit` : `${mebibytes(used)} of ${mebibytes(max)}`
  const found = `version ${version}, noeviction, ${memory}`
  return max > 0 && used / max >= memoryWarnShare
    ? warn('redis', found, 'Raise maxmemory: when it is full, no event is folded any more')
    : ok('redis', found)
}

function clockFinding(skewMs: number): Finding {
  const found = `${Math.abs(skewMs)} ms ${skewMs < 0 ? 'ahead of' : 'behind'} Redis`
  return Math.abs(skewMs) < skewWarnMs
    ? ok('clock', found)
    : warn('clock', found, 'Set both clocks by NTP: events are judged by the time of their receipt')
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`

/** `name:value` a line, as INFO answers. */
function fieldsOf(info: string): ReadonlyMap<string, string> {
  return new Map(
    info.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':')
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : []
    }),
  )
}
