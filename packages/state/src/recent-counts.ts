/** How much was seen under a key of late: on Redis, where several ingests see the same numbers, and embedded. */
import { factMax } from '@holdpoint/risk'
import { Cluster } from 'ioredis'
import { assertHashed } from './partition-keys.ts'
import type { RecentCounts, Seen } from './ports.ts'
import { type RedisConnectionOptions, redisConnection } from './redis-connection.ts'

/** Members kept under a key: the count stops there. */
export const countedMax: number = factMax

export interface RedisRecentCountsOptions extends RedisConnectionOptions {
  readonly generation: number
}

/**
 * KEYS: sorted sets of members by when they were seen, one for each that is seen. ARGV: how many to keep;
 * then for each when, after when to count, how long to keep the set (ms), the member ('' for none). Answers
 * the counts. `GT` (Redis 6.2) leaves a member that was seen later meanwhile where it stands.
 */
const countScript = `
local counts = {}
for i, key in ipairs(KEYS) do
  local at, from, ttl, member = unpack(ARGV, 4 * i - 2, 4 * i + 1)
  if member ~= '' then
    redis.call('ZADD', key, 'GT', at, member)
    redis.call('ZREMRANGEBYSCORE', key, '-inf', from)
    redis.call('ZREMRANGEBYRANK', key, 0, -1 - ARGV[1])
    redis.call('PEXPIRE', key, ttl)
  end
  counts[i] = redis.call('ZCOUNT', key, '(' .. from, at)
end
return counts
`

interface Scripts {
  hpCount(keys: number, ...args: readonly string[]): Promise<readonly number[]>
}

/** Whoever counts goes on without the count: it is worth a shorter wait than what must be known. */
const deadlineMs = 500

/** Scripts hold up everybody else: a call takes no more than this. */
const perCallMax = 250

/**
 * One sorted set a key, gone when nothing was added to it for two windows. What is seen at once goes in
 * one call; in a cluster, where the keys lie apart, in one call a key, all under way at the same time.
 */
export function redisRecentCounts(
  options: RedisRecentCountsOptions,
): RecentCounts & { close(): Promise<void> } {
  const { client, run, close } = redisConnection({ deadlineMs, ...options })
  client.defineCommand('hpCount', { lua: countScript })
  const scripts = client as unknown as Scripts
  const keyOf = ({ key }: Seen): string => `hp:${options.generation}:rc:${key}`
  const call = (some: readonly Seen[]): Promise<readonly number[]> => {
    const args = some.flatMap(({ at, windowMs, member }) => [
      String(at),
      String(at - windowMs),
      String(2 * windowMs),
      member,
    ])
    return scripts.hpCount(some.length, ...some.map(keyOf), String(countedMax), ...args)
  }
  return {
    async count(seen) {
      if (seen.length === 0) return []
      assertHashed(seen.map(({ key }) => key))
      const places = client instanceof Cluster ? byKey(seen) : inChunks(seen)
      const answers = await run('count what was seen of late', false, () =>
        Promise.all(places.map((some) => call(some.map((at) => seen[at] as Seen)))),
      )
      const counts = new Array<number>(seen.length).fill(0)
      for (const [i, some] of places.entries()) {
        for (const [j, at] of some.entries()) counts[at] = answers[i]?.[j] ?? 0
      }
      return counts
    },
    close,
  }
}

/** Places in the list, those of a key together and in order. */
function byKey(seen: readonly Seen[]): readonly (readonly number[])[] {
  const places = new Map<string, number[]>()
  for (const [at, { key }] of seen.entries()) {
    const known = places.get(key)
    if (known === undefined) places.set(key, [at])
    else known.push(at)
  }
  return [...places.values()]
}

function inChunks(seen: readonly Seen[]): readonly (readonly number[])[] {
  const chunks: number[][] = []
  for (let from = 0; from < seen.length; from += perCallMax) {
    const length = Math.min(perCallMax, seen.length - from)
    chunks.push(Array.from({ length }, (_, i) => from + i))
  }
  return chunks
}

/** Holds the keys used last, at most `keysMax`. */
export function embeddedRecentCounts(options: { readonly keysMax?: number } = {}): RecentCounts {
  const { keysMax = 20_000 } = options
  const sets = new Map<string, Map<string, number>>()

  const use = (key: string): Map<string, number> => {
    const members = sets.get(key) ?? new Map<string, number>()
    sets.delete(key)
    sets.set(key, members)
    if (sets.size > keysMax) {
      for (const oldest of sets.keys()) {
        sets.delete(oldest)
        break
      }
    }
    return members
  }

  return {
    async count(seen) {
      assertHashed(seen.map(({ key }) => key))
      return seen.map(({ key, member, at, windowMs }) => {
        const members = member === '' ? sets.get(key) : use(key)
        if (members === undefined) return 0
        if (member !== '') add(members, member, at, at - windowMs)
        let counted = 0
        for (const time of members.values()) if (time > at - windowMs && time <= at) counted++
        return counted
      })
    },
  }
}

/** As the script does it: whatever is before the window goes, and past the cap what was seen longest ago. */
function add(members: Map<string, number>, member: string, at: number, from: number): void {
  members.set(member, Math.max(at, members.get(member) ?? 0))
  for (const [known, time] of members) if (time <= from) members.delete(known)
  if (members.size <= countedMax) return
  const [first] = [...members].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
  if (first !== undefined) members.delete(first[0])
}
