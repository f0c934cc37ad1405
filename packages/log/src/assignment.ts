import { pause } from './deadline.ts'
import {
  type OnLog,
  partitionKey,
  type ReaderHandlers,
  type StoredRecord,
  type TopicPartition,
} from './ports.ts'

/** A partition while it is this reader's, from one rebalance to the next. */
export interface Owned extends TopicPartition {
  /** The next offset to hand over. Meaningless until `ready`. */
  position: number
  ready: boolean
  /** Settles when `ready`, or when the partition is lost before. */
  readonly prepared: Promise<void>
  /** Counts seeks, so that the end of an older batch does not move the position. */
  seeks: number
  /** A handler holds a batch of it. */
  busy: boolean
  /** Handlers that threw, in a row. */
  failures: number
  /** ms, when something last went on. */
  progressAt: number
}

export interface Assignment {
  /** Revokes what is owned, then owns these (perhaps none) and asks the handler for their positions. */
  replace(partitions: readonly TopicPartition[]): void
  revoke(): void
  owned(partition: TopicPartition): Owned | undefined
  all(): Iterable<Owned>
  /** False once a rebalance has passed. */
  current(owned: Owned): boolean
  seek(partition: TopicPartition, offset: number): Owned | undefined
  /**
   * Gives the records to the handler when the batch before has left it, and moves the position to `next`.
   * Answers false where they were not taken: lost meanwhile, or the handler threw.
   */
  handOver(
    owned: Owned,
    records: readonly StoredRecord[],
    next: number,
    high: number,
  ): Promise<boolean>
  /** Resolves when no handler runs. */
  idle(): Promise<void>
}

/** How far a group has come with a partition, and what the log still holds of it. */
export interface Standing {
  /** -1 where the group has committed nothing. */
  readonly committed: number
  readonly low: number
  readonly high: number
}

export interface AssignmentOptions {
  readonly handlers: ReaderHandlers
  /** How what `onAssigned` gave no offset for stands, by `topic:partition`. */
  readonly standingOf: (
    partitions: readonly TopicPartition[],
  ) => Promise<ReadonlyMap<string, Standing>>
  /** Called when a partition's position is known, before any batch of it is handed over. */
  readonly onReady: (owned: Owned) => void
  readonly onLog: OnLog
}

const none: ReadonlyMap<string, Standing> = new Map()

/** The committed offset, or the lowest where it is no longer in the log: brokers and clients say nothing of that, so this does. */
function startOf(
  { topic, partition }: TopicPartition,
  standing: Standing | undefined,
  onLog: OnLog,
): number {
  const { committed, low, high } = standing ?? { committed: -1, low: 0, high: 0 }
  if (committed >= low && committed <= high) return committed
  const where = { topic, partition, committed, low, high }
  if (committed > high)
    onLog('error', 'the log ends before the committed offset: it was cut or made anew', where)
  else if (committed >= 0) onLog('error', 'records left the log before they were read', where)
  return low
}

const failureBackOffMs = (failures: number): number =>
  Math.min(5_000, 50 * 2 ** Math.min(failures, 7))

/**
 * What a reader owns and how a batch reaches its handler. Both logs deliver through it, so the promises
 * of `LogReader` are kept in one place.
 */
export function createAssignment(options: AssignmentOptions): Assignment {
  const { handlers, onLog } = options
  let owned = new Map<string, Owned>()
  const running = new Map<string, Promise<unknown>>()

  const current = (one: Owned): boolean => owned.get(partitionKey(one)) === one

  function revoke(): void {
    const lost = [...owned.values()].map(({ topic, partition }) => ({ topic, partition }))
    // Another map also where it was empty: it tells a `prepare` under way that its time is over.
    owned = new Map()
    if (lost.length === 0) return
    try {
      handlers.onRevoked(lost)
    } catch (error) {
      onLog('error', 'the handler of revoked partitions threw', { error })
    }
  }

  function replace(partitions: readonly TopicPartition[]): void {
    revoke()
    let settle = (): void => undefined
    const prepared = new Promise<void>((resolve) => {
      settle = resolve
    })
    const next = new Map<string, Owned>()
    for (const { topic, partition } of partitions) {
      next.set(partitionKey({ topic, partition }), {
        topic,
        partition,
        position: 0,
        ready: false,
        prepared,
        seeks: 0,
        busy: false,
        failures: 0,
        progressAt: Date.now(),
      })
    }
    owned = next
    void prepare(next, partitions).then(settle)
  }

  async function prepare(
    mine: Map<string, Owned>,
    partitions: readonly TopicPartition[],
  ): Promise<void> {
    for (let failures = 0; owned === mine; failures++) {
      try {
        const given = await handlers.onAssigned(partitions)
        const missing = partitions.filter((p) => !given.has(partitionKey(p)))
        const stands = missing.length === 0 ? none : await options.standingOf(missing)
        if (owned !== mine) return
        for (const [key, one] of mine) {
          if (one.seeks === 0) one.position = given.get(key) ?? startOf(one, stands.get(key), onLog)
          one.ready = true
          one.progressAt = Date.now()
          options.onReady(one)
        }
        return
      } catch (error) {
        onLog('error', 'could not prepare assigned partitions; trying again', { error, partitions })
        await pause(failureBackOffMs(failures)).over
      }
    }
  }

  function seek(partition: TopicPartition, offset: number): Owned | undefined {
    const one = owned.get(partitionKey(partition))
    if (one === undefined) return undefined
    one.position = offset
    one.seeks += 1
    one.progressAt = Date.now()
    return one
  }

  async function call(
    one: Owned,
    records: readonly StoredRecord[],
    high: number,
  ): Promise<boolean> {
    const { topic, partition } = one
    one.busy = true
    try {
      await handlers.onBatch({ topic, partition, records, high })
      one.failures = 0
      return true
    } catch (error) {
      onLog('error', 'the batch handler threw; the batch comes again', { error, topic, partition })
      one.failures += 1
      return false
    } finally {
      one.busy = false
      one.progressAt = Date.now()
    }
  }

  async function handOver(
    one: Owned,
    records: readonly StoredRecord[],
    next: number,
    high: number,
  ): Promise<boolean> {
    const key = partitionKey(one)
    while (running.has(key)) await running.get(key)
    if (!current(one)) return false
    const seeks = one.seeks
    const run = call(one, records, high)
    running.set(key, run)
    const taken = await run
    running.delete(key)
    if (!taken) await pause(failureBackOffMs(one.failures)).over
    if (taken && one.seeks === seeks) one.position = next
    return taken
  }

  return {
    replace,
    revoke,
    owned: (partition) => owned.get(partitionKey(partition)),
    all: () => owned.values(),
    current,
    seek,
    handOver,
    async idle() {
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}
