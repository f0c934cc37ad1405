/** What tells a passing fault of Redis from a lasting one. */
import { StateError } from './ports.ts'

/** What Redis answers where it will serve again by itself, or once an operator has made room. */
const transientReplies: Readonly<Record<string, string>> = {
  LOADING: 'Redis is still loading its data',
  OOM: 'Redis has reached maxmemory: give it more, or let states expire',
  READONLY: 'this Redis is a replica: a failover is under way, or the address is wrong',
  MASTERDOWN: 'the replica has lost its master',
  NOREPLICAS: 'Redis has fewer replicas than min-replicas-to-write asks for',
  BUSY: 'a script has been running in Redis for too long',
  MISCONF: 'Redis cannot write its snapshot to disk and refuses writes',
  CLUSTERDOWN: 'the Redis cluster does not serve this slot now',
  TRYAGAIN: 'the slot is being moved between nodes',
  MOVED: 'the slot has moved to another node',
  ASK: 'the slot is being moved between nodes',
}

/** Faults of the connection itself: nothing is known of what was sent, and it will be made again. */
const connectionFaults =
  /timed out|timeout|connection is closed|isn't writeable|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|max retries|failed to refresh slots|redirections|cluster isn't ready|socket closed|none of startup nodes/i

/** `unknown` is true for commits: how far a failed one came cannot be told from here. */
export function toStateError(error: unknown, doing: string, unknown: boolean): StateError {
  if (error instanceof StateError) return error
  const message = error instanceof Error ? error.message : String(error)
  const reply = /^[A-Z]+/.exec(message)?.[0] ?? ''
  const meaning = transientReplies[reply]
  if (meaning !== undefined)
    return new StateError(
      `redis_${reply.toLowerCase()}`,
      `${doing}: ${meaning} (${message})`,
      { transient: true, unknown },
      error,
    )
  if (connectionFaults.test(message))
    return new StateError(
      'redis_unreachable',
      `${doing}: no answer from Redis (${message})`,
      { transient: true, unknown },
      error,
    )
  return new StateError('redis_refused', `${doing}: ${message}`, { unknown }, error)
}
