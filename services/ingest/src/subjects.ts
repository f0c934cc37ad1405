/**
 * Whose event it is. A session belongs to the subject that its login named: the index remembers it, so
 * that events without a subject find theirs, and an event that claims another one is seen.
 */
import type { RawEvent } from '@holdpoint/contracts'
import type { IndexedSubject, SessionIndex } from '@holdpoint/state'
import { LRUCache } from 'lru-cache'

export interface Resolved {
  readonly subject: IndexedSubject
  /** True where the session's login named another subject than the event does. */
  readonly claimedSubject: boolean
  /** True where the index, not the event, decided the subject: on another day it may decide otherwise. */
  readonly byIndex: boolean
}

export type Resolution = Resolved | 'unknown_session'

export interface Resolutions {
  /** One for each event, in order. */
  readonly list: readonly Resolution[]
  /** Writes the sessions that these events begin. To be awaited before any of them is appended. */
  readonly remember: () => Promise<void>
}

export interface Subjects {
  /** Looks all sessions up at once; an event finds a session that an earlier one of the list begins. */
  resolve(tenant: string, events: readonly RawEvent[]): Promise<Resolutions>
}

/** After this an entry is asked for anew, which also tells the index that the session is in use. */
const cacheTtlMs = 3_600_000

/** @param cached sessions remembered here, so that most events cost the index nothing */
export function createSubjects(index: SessionIndex, cached = 50_000): Subjects {
  const cache = new LRUCache<string, IndexedSubject>({ max: cached, ttl: cacheTtlMs })
  const cacheKey = (tenant: string, sessionId: string): string => `${tenant}|${sessionId}`

  const lookUp = async (tenant: string, events: readonly RawEvent[]) => {
    const known = new Map<string, IndexedSubject>()
    const asked = new Set(events.flatMap(({ sessionId }) => (sessionId ? [sessionId] : [])))
    await Promise.all(
      [...asked].map(async (sessionId) => {
        const key = cacheKey(tenant, sessionId)
        const found = cache.get(key) ?? (await index.get(tenant, sessionId))
        if (found === null) return
        cache.set(key, found)
        known.set(sessionId, found)
      }),
    )
    return known
  }

  return {
    async resolve(tenant, events) {
      const known = await lookUp(tenant, events)
      const begun = new Map<string, IndexedSubject>()
      const list = events.map((event): Resolution => {
        const resolution = resolveOne(event, known)
        if (typeof resolution !== 'string' && beginsSession(event) && !known.has(event.sessionId)) {
          known.set(event.sessionId, resolution.subject)
          begun.set(event.sessionId, resolution.subject)
        }
        return resolution
      })
      const remember = async (): Promise<void> => {
        await Promise.all(
          [...begun].map(async ([sessionId, subject]) => {
            await index.put(tenant, sessionId, subject)
            cache.set(cacheKey(tenant, sessionId), subject)
          }),
        )
      }
      return { list, remember }
    },
  }
}

function resolveOne(event: RawEvent, known: ReadonlyMap<string, IndexedSubject>): Resolution {
  const { subject, sessionId } = event
  const owner = sessionId ? known.get(sessionId) : undefined
  if (subject) {
    const stated = { id: subject.id, kind: subject.kind, iss: subject.iss ?? '' }
    return owner === undefined || isSame(owner, stated)
      ? { subject: stated, claimedSubject: false, byIndex: false }
      : { subject: owner, claimedSubject: true, byIndex: true }
  }
  if (owner === undefined) return 'unknown_session'
  return { subject: owner, claimedSubject: false, byIndex: true }
}

/** An issuer that one side leaves out does not tell two subjects apart. */
function isSame(a: IndexedSubject, b: IndexedSubject): boolean {
  return a.id === b.id && (a.iss === b.iss || a.iss === '' || b.iss === '')
}

/** A login that succeeded, or a re-authentication that rotates the session. A failed one proves nothing. */
function beginsSession(event: RawEvent): event is RawEvent & { readonly sessionId: string } {
  const rotates = event.type === 'reauthentication' && Boolean(event.previousSessionId)
  return (
    Boolean(event.sessionId) && event.outcome === 'success' && (event.type === 'login' || rotates)
  )
}
