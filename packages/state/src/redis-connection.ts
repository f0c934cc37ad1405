/**
 * One connection to Redis, with every bound that ioredis leaves open by default: nothing is queued
 * while it is away, nothing is sent twice, and each call ends by a deadline of its own.
 */
import { Cluster, Redis } from 'ioredis'
import { toStateError } from './errors.ts'
import { StateError } from './ports.ts'

export interface RedisConnectionOptions {
  /**
   * `redis://` or `rediss://host:port/db`; `redis+cluster://host:port,host:port`;
   * `redis+sentinel://host:port,host:port/name`. User and password may stand before the `@`.
   */
  readonly url: string
  /** Beyond this a call is given up, ms. */
  readonly deadlineMs?: number
  /** Hears of faults that no call waits for, as a lost connection. */
  readonly onFault?: (error: Error) => void
}

export interface RedisConnection {
  readonly client: Redis | Cluster
  /**
   * Runs one call by the deadline. Calls are sent in the order in which they are made. Rejects with
   * `StateError`; `unknown` is what a failure is marked with.
   */
  run<T>(doing: string, unknown: boolean, call: () => Promise<T>): Promise<T>
  /** The nodes that hold data: itself, or the masters of a cluster. */
  masters(): readonly Redis[]
  close(): Promise<void>
}

const commandTimeoutMs = 1_000
const socketTimeoutMs = 1_500
const retryDelayMinMs = 50
const retryDelayMaxMs = 2_000

const retryDelay = (attempt = 1): number =>
  Math.min(retryDelayMinMs * 2 ** Math.min(attempt - 1, 10), retryDelayMaxMs)

const nodeOptions = {
  // A command that nobody answered may have been executed: its caller decides, never the client.
  autoResendUnfulfilledCommands: false,
  // Fails what is unanswered as soon as the connection is lost.
  maxRetriesPerRequest: 0,
  commandTimeout: commandTimeoutMs,
  // A half-open connection answers nothing and looks alive.
  socketTimeout: socketTimeoutMs,
  connectTimeout: 2_000,
  keepAlive: 5_000,
  enableAutoPipelining: false,
  // After a failover the old master may come back as a replica: 1 connects anew without sending again.
  reconnectOnError: (error: Error): 1 | false => (error.message.startsWith('READONLY') ? 1 : false),
}

/** Longer than any connection takes to end, ms. */
const endsWithinMs = 2_000

/** Connects anew. Of a cluster each node is left, which makes it look for the others. */
function renew(client: Redis | Cluster): void {
  if (client instanceof Redis) client.disconnect(true)
  else for (const node of client.nodes('all')) node.disconnect()
}

/** Longer than finding the slots takes, with every node asked in turn, ms. */
const connectsWithinMs = 10_000

/**
 * Looks whether a cluster can be called, and helps one that hangs. While ioredis disconnects it waits for
 * every node to end, and one that a redirect has added meanwhile never does: then it is told to connect. One
 * that neither connects nor fails is told to disconnect.
 */
function readiness(): (cluster: Cluster) => boolean {
  let status = ''
  let since = 0
  return (cluster) => {
    const now = performance.now()
    if (cluster.status !== status) {
      status = cluster.status
      since = now
    } else if (status === 'disconnecting' && now - since > endsWithinMs) {
      since = now
      cluster.connect().catch(() => undefined)
    } else if (/^connect/.test(status) && now - since > connectsWithinMs) {
      since = now
      cluster.disconnect(true)
    }
    return cluster.status === 'ready'
  }
}

export function redisConnection(options: RedisConnectionOptions): RedisConnection {
  const deadlineMs = options.deadlineMs ?? socketTimeoutMs
  const client = connect(options.url)
  let fault = ''
  let wasReady = false
  let closed = false
  const isReady = readiness()
  client.on('error', (error: Error) => {
    fault = error.message
    options.onFault?.(error)
  })
  const ready = new Promise<void>((resolve) => {
    client.once('ready', () => {
      wasReady = true
      resolve()
    })
  })

  async function run<T>(doing: string, unknown: boolean, call: () => Promise<T>): Promise<T> {
    if (closed) throw new StateError('closed', `${doing}: this connection was closed`)
    try {
      if (!wasReady) await byDeadline(ready, deadlineMs)
      // ioredis would keep it for a cluster that comes back, long after its caller has given it up.
      if (client instanceof Cluster && !isReady(client)) throw new Error("the Cluster isn't ready")
      return await byDeadline(call(), deadlineMs)
    } catch (error) {
      // Answers of a connection that has missed one are no longer matched to their calls with certainty.
      if (isTimeout(error) && wasReady && !closed) renew(client)
      const because = isTimeout(error) && fault !== '' ? `, last fault: ${fault}` : ''
      throw toStateError(error, `${doing}${because}`, unknown)
    }
  }

  return {
    client,
    run,
    masters: () => (client instanceof Cluster ? client.nodes('master') : [client]),
    async close() {
      if (closed) return
      closed = true
      try {
        await byDeadline(client.quit(), deadlineMs)
      } catch {
        // It is away already; what it still owed has failed by its own deadline.
      } finally {
        client.disconnect()
      }
    },
  }
}

class Late extends Error {
  override readonly name = 'Late'
}

const isTimeout = (error: unknown): boolean =>
  error instanceof Late || (error instanceof Error && error.message === 'Command timed out')

function byDeadline<T>(promise: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late(`timed out after ${deadlineMs} ms`)), deadlineMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

const urlForm =
  /^(?<scheme>rediss?)(?:\+(?<kind>cluster|sentinel))?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/?]+)(?:\/(?<name>[^?]*))?$/

function connect(url: string): Redis | Cluster {
  const parts = urlForm.exec(url)?.groups
  if (parts === undefined)
    throw new StateError(
      'bad_url',
      'the Redis address must look like redis://host:port, redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/name',
    )
  const { scheme, kind, user, password, name } = parts
  const options = {
    ...nodeOptions,
    ...(user ? { username: decodeURIComponent(user) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(scheme === 'rediss' ? { tls: {} } : {}),
  }
  const nodes = nodesOf(parts['hosts']!)
  if (kind === 'cluster')
    return new Cluster(nodes, {
      redisOptions: options,
      // Finding the slots needs its queue; the deadline of each call bounds what may wait in it.
      enableOfflineQueue: true,
      clusterRetryStrategy: retryDelay,
      maxRedirections: 8,
      slotsRefreshTimeout: 1_000,
      // A command that a lost connection left unanswered is not sent again: its outcome is unknown.
      retryDelayOnFailover: 0,
    })
  const single = { ...options, enableOfflineQueue: false, retryStrategy: retryDelay }
  if (kind === 'sentinel')
    return new Redis({
      ...single,
      sentinels: nodes,
      name: name || 'mymaster',
      failoverDetector: true,
      sentinelRetryStrategy: retryDelay,
    })
  return new Redis({ ...single, ...nodes[0], db: Number(name || 0) })
}

const nodesOf = (hosts: string): { host: string; port: number }[] =>
  hosts.split(',').map((each) => {
    const [, host, port] = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(each) ?? []
    if (host === undefined)
      throw new StateError('bad_url', 'each Redis address must look like host or host:port')
    return { host: host.replace(/[[\]]/g, ''), port: Number(port ?? 6379) }
  })
