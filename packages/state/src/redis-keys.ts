/** Redis as a whole collection of keys, for work that goes through all of them and may take minutes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { type OurKey, parseKey } from './partition-keys.ts'
import { StateError } from './ports.ts'
import type { RedisConnection } from './redis-connection.ts'

/** Keys looked at, copied or removed at once: at most about 1 MiB in flight. */
const pageKeys = 500
/** A step that Redis did not answer, or not now, is tried again so often before all is given up. */
const tries = 5
const pauseMs = 1_000

export interface RedisKeys {
  /** One call, which must be fit to be repeated: a short absence of Redis must not undo the work of minutes. */
  ask<T>(doing: string, call: () => Promise<T>): Promise<T>
  /** Calls `handle` with the keys that match, page by page; a key may come twice, as SCAN has it. */
  eachPage(
    pattern: string,
    handle: (keys: readonly string[]) => Promise<void>,
    onProgress: (share: number) => void,
  ): Promise<void>
  /** Removes those of our keys that match and are unwanted. Answers how many. */
  remove(
    pattern: string,
    unwanted: (key: OurKey) => boolean,
    onProgress?: (share: number) => void,
  ): Promise<number>
}

export function redisKeys({ client, run, masters }: RedisConnection): RedisKeys {
  async function ask<T>(doing: string, call: () => Promise<T>): Promise<T> {
    for (let left = tries; ; left--) {
      try {
        return await run(doing, false, call)
      } catch (error) {
        const passes = error instanceof StateError && error.transient && error.code !== 'redis_oom'
        if (!passes || left === 1) throw error
        await sleep(pauseMs)
      }
    }
  }

  async function eachPage(
    pattern: string,
    handle: (keys: readonly string[]) => Promise<void>,
    onProgress: (share: number) => void,
  ): Promise<void> {
    const sizes = await ask('count the keys', () =>
      Promise.all(masters().map((node) => node.dbsize())),
    )
    const total = sizes.reduce((sum, size) => sum + size, 1)
    let looked = 0
    for (const node of masters()) {
      let cursor = '0'
      do {
        const [next, keys] = await ask('list the keys', () => scan(node, cursor, pattern))
        await handle(keys)
        cursor = next
        looked += pageKeys
        onProgress(Math.min(1, looked / total))
      } while (cursor !== '0')
    }
  }

  async function remove(
    pattern: string,
    unwanted: (key: OurKey) => boolean,
    onProgress: (share: number) => void = () => undefined,
  ): Promise<number> {
    let removed = 0
    const removePage = async (keys: readonly string[]): Promise<void> => {
      const gone = keys.filter((key) => {
        const ours = parseKey(key)
        return ours !== null && unwanted(ours)
      })
      const counts = await Promise.all(
        gone.map((key) => ask('remove a key', () => client.unlink(key))),
      )
      for (const count of counts) removed += count
    }
    await eachPage(pattern, removePage, onProgress)
    return removed
  }

  return { ask, eachPage, remove }
}

const scan = (node: Redis, cursor: string, pattern: string): Promise<[string, string[]]> =>
  node.scan(cursor, 'MATCH', pattern, 'COUNT', pageKeys)
