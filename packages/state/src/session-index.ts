/** Where a session's login is remembered: on Redis, spread over its slots, and embedded. */
import { createHmac } from 'node:crypto'
import { sessionKeptMs } from './lifetimes.ts'
import { type IndexedSubject, type SessionIndex, StateError } from './ports.ts'
import { type RedisConnectionOptions, redisConnection } from './redis-connection.ts'

export interface RedisSessionIndexOptions extends RedisConnectionOptions {
  readonly generation: number
  /** Keys the hash of tenant and session id: whoever lists keys learns neither. */
  readonly hashKey: string | Buffer
}

/** Each use keeps an entry for another life of a session, so that a session in use is never forgotten. */
export function redisSessionIndex(
  options: RedisSessionIndexOptions,
): SessionIndex & { close(): Promise<void> } {
  const { client, run, close } = redisConnection(options)
  const keptSeconds = Math.ceil(sessionKeptMs / 1_000)
  const keyOf = (tenant: string, sessionId: string): string => {
    const hash = createHmac('sha256', options.hashKey)
      .update(indexKey(tenant, sessionId))
      .digest()
      .subarray(0, 16)
    return `hp:${options.generation}:ix:${hash.toString('base64url')}`
  }
  return {
    async put(tenant, sessionId, { id, kind, iss }) {
      const value = JSON.stringify([id, kind, iss])
      await run('remember a session', false, () =>
        client.set(keyOf(tenant, sessionId), value, 'EX', keptSeconds),
      )
    },
    async get(tenant, sessionId) {
      const value = await run('look a session up', false, () =>
        client.getex(keyOf(tenant, sessionId), 'EX', keptSeconds),
      )
      return value === null ? null : subjectFrom(value)
    },
    close,
  }
}

function subjectFrom(value: string): IndexedSubject {
  try {
    const [id, kind, iss] = JSON.parse(value) as [string, IndexedSubject['kind'], string]
    return { id, kind, iss }
  } catch (error) {
    throw new StateError('state_corrupt', 'an entry of the session index is unreadable', {}, error)
  }
}

export interface EmbeddedSessionIndex extends SessionIndex {
  /** How many sessions were forgotten to make room. */
  readonly evicted: number
}

/** Holds the sessions used last, at most `entriesMax`. */
export function embeddedSessionIndex(
  options: { readonly entriesMax?: number } = {},
): EmbeddedSessionIndex {
  const { entriesMax = 100_000 } = options
  const subjects = new Map<string, IndexedSubject>()
  let evicted = 0
  const use = (key: string, subject: IndexedSubject): void => {
    subjects.delete(key)
    subjects.set(key, subject)
  }
  return {
    async put(tenant, sessionId, subject) {
      use(indexKey(tenant, sessionId), subject)
      if (subjects.size <= entriesMax) return
      for (const oldest of subjects.keys()) {
        subjects.delete(oldest)
        break
      }
      evicted++
    },
    async get(tenant, sessionId) {
      const key = indexKey(tenant, sessionId)
      const subject = subjects.get(key) ?? null
      if (subject !== null) use(key, subject)
      return subject
    },
    get evicted() {
      return evicted
    },
  }
}

/** The length keeps ('a|b', 'c') and ('a', 'b|c') apart. */
const indexKey = (tenant: string, sessionId: string): string =>
  `${tenant.length}|${tenant}|${sessionId}`
