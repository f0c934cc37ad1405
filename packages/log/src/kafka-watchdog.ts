import type { Owned } from './assignment.ts'
import { type Bounds, LogError, partitionKey } from './ports.ts'

/** Kafka's `transaction.max.timeout.ms` by default: so long may an open transaction hold records back. */
const transactionMsMax = 15 * 60_000

export interface WatchdogOptions {
  readonly stallMs: number
  readonly topics: readonly string[]
  readonly owned: () => readonly Owned[]
  readonly bounds: (topic: string) => Promise<readonly Bounds[]>
  /** ms, when a fetch last came back. */
  readonly fetchedAt: () => number
  /** ms, since when the group is being joined; undefined when joined. */
  readonly joiningSince: () => number | undefined
  readonly onStall: (error: LogError) => void
  /** Default `Date.now`. */
  readonly now?: () => number
}

export interface Watchdog {
  start(): void
  stop(): void
  /** One look. */
  check(): Promise<void>
}

/**
 * Finds a consumer that lives but reads no more (kafkajs issues 1183, 1527, 1593, 1616, 1720). It asks the
 * broker before it judges: while Kafka is away nothing is a stall, and the time begins anew afterwards.
 */
export function createWatchdog(options: WatchdogOptions): Watchdog {
  const { stallMs, now = Date.now } = options
  const suspects = new Map<
    string,
    { readonly owned: Owned; readonly position: number; readonly since: number }
  >()
  let joinSuspectSince: number | undefined
  let timer: NodeJS.Timeout | undefined

  async function check(): Promise<void> {
    const quiet = options
      .owned()
      .filter((p) => p.ready && !p.busy && now() - p.progressAt >= stallMs)
    const joining = options.joiningSince()
    const joinsLong = joining !== undefined && now() - joining >= stallMs * 2
    if (quiet.length === 0 && !joinsLong) {
      suspects.clear()
      joinSuspectSince = undefined
      return
    }
    const topics = joinsLong
      ? options.topics.slice(0, 1)
      : [...new Set(quiet.map(({ topic }) => topic))]
    const limits = new Map<string, readonly Bounds[]>()
    try {
      for (const topic of topics) limits.set(topic, await options.bounds(topic))
    } catch {
      suspects.clear()
      joinSuspectSince = undefined
      return
    }
    if (joinsLong) judgeJoin()
    for (const one of quiet) judge(one, limits.get(one.topic)?.[one.partition]?.high ?? 0)
  }

  function judgeJoin(): void {
    joinSuspectSince ??= now()
    if (now() - joinSuspectSince < stallMs) return
    options.onStall(
      new LogError('reader_stalled', 'the group was not joined although Kafka answers', true),
    )
  }

  function judge(one: Owned, high: number): void {
    const key = partitionKey(one)
    const before = suspects.get(key)
    if (high <= one.position) {
      suspects.delete(key)
      one.progressAt = now()
    } else if (before === undefined || before.owned !== one || before.position !== one.position) {
      suspects.set(key, { owned: one, position: one.position, since: now() })
    } else {
      // While fetches come back, records may wait behind an open transaction of their producer.
      const fetching = now() - options.fetchedAt() < stallMs
      if (now() - before.since < (fetching ? transactionMsMax : stallMs)) return
      const message = `${key} stands at ${one.position} of ${high} although the handler is free and Kafka answers`
      options.onStall(new LogError('reader_stalled', message, true))
    }
  }

  return {
    check,
    start() {
      timer ??= setInterval(() => void check(), Math.ceil(stallMs / 6))
      timer.unref()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
  }
}
