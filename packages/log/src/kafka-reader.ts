import type { EachBatchPayload, Kafka } from 'kafkajs'
import { type Assignment, createAssignment, type Owned } from './assignment.ts'
import { pause, within } from './deadline.ts'
import type { KafkaAdmin } from './kafka-admin.ts'
import {
  type Heartbeat,
  holdTickMs,
  holdWith,
  isKafkaError,
  newConsumer,
} from './kafka-consumer.ts'
import { rangeOf, recordsOf } from './kafka-records.ts'
import { createWatchdog } from './kafka-watchdog.ts'
import { LogError, type LogReader, type OnLog, partitionKey, type ReaderHandlers } from './ports.ts'
import { truncated } from './truncated.ts'
import { placeUnreadable, unreadableIn } from './unreadable-batch.ts'

const connectMs = 15_000
const joinMs = 60_000
/** As many handlers at once as one reader may own partitions; kafkajs starts this many loops for each fetch. */
const partitionsAtOnce = 64
const sliceRecordsMax = 1_000

export interface KafkaReaderOptions {
  readonly client: () => Pick<Kafka, 'consumer'>
  readonly admin: Pick<KafkaAdmin, 'bounds' | 'standingOf'>
  readonly groupId: string
  readonly topics: readonly string[]
  readonly drainMs: number
  /** No progress for so long with something to read, though the handler is free: the reader is dead. */
  readonly stallMs: number
  readonly onLog: OnLog
}

/**
 * Reads through a kafkajs consumer that decides nothing: positions come from the handler, commits are the
 * handler's, and only a batch fetched at the awaited offset is handed over. Back-pressure holds kafkajs's
 * own handler and heartbeats meanwhile; nothing is ever paused.
 */
export function createKafkaReader(options: KafkaReaderOptions): LogReader {
  const { groupId, topics, admin, onLog } = options
  const consumer = newConsumer(options.client(), groupId)
  const hold = holdWith(() => drained)
  /** The position from which a batch further on was seen and fetched anew. */
  const steppedOver = new WeakMap<Owned, number>()
  let assignment: Assignment | undefined
  let crashed = false
  let stopping = false
  let drained = false
  let started = false
  let joiningSince: number | undefined = Date.now()
  let fetchedAt = Date.now()
  let crash: (error: Error) => void = () => undefined

  const watchdog = createWatchdog({
    stallMs: options.stallMs,
    owned: () => (stopping || assignment === undefined ? [] : [...assignment.all()]),
    bounds: (topic) => admin.bounds(topic),
    topics,
    fetchedAt: () => fetchedAt,
    joiningSince: () => (stopping ? undefined : joiningSince),
    onStall: (error) => crash(error),
  })

  function begin(handlers: ReaderHandlers): Assignment {
    crash = (error) => {
      if (crashed || stopping) return
      crashed = true
      watchdog.stop()
      assignment?.revoke()
      handlers.onCrash(error)
    }
    return createAssignment({
      handlers,
      onLog,
      standingOf: (partitions) => admin.standingOf(groupId, partitions),
      onReady: seekPosition,
    })
  }

  function seekPosition({ topic, partition, position }: Owned): void {
    consumer.seek({ topic, partition, offset: String(position) })
  }

  function listen(mine: Assignment): void {
    // kafkajs calls these in the same turn, before it fetches again.
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      joiningSince = undefined
      fetchedAt = Date.now()
      if (stopping) return
      mine.replace(
        Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
          partitions.map((partition) => ({ topic, partition })),
        ),
      )
    })
    consumer.on(consumer.events.REBALANCING, () => {
      joiningSince ??= Date.now()
      mine.revoke()
    })
    consumer.on(consumer.events.FETCH, () => {
      fetchedAt = Date.now()
    })
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      joiningSince ??= Date.now()
      const owned = [...mine.all()]
      mine.revoke()
      if (payload.restart) {
        onLog('warn', 'the reader lost its group; kafkajs starts it again', {
          groupId,
          error: payload.error,
        })
      } else {
        const unreadable = unreadableIn(payload.error)
        if (unreadable === undefined) crash(payload.error)
        else void placeUnreadable(unreadable, owned, groupId, admin.bounds).then(crash)
      }
    })
  }

  async function eachBatch(mine: Assignment, payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat } = payload
    const owned = mine.owned(batch)
    if (owned === undefined) return hold(pause(holdTickMs).over, heartbeat)
    if (stopping) return hold(new Promise(() => undefined), heartbeat)
    if (!owned.ready) {
      await hold(owned.prepared, heartbeat)
      return
    }
    // A seek waits in kafkajs: what was fetched before it is not wanted.
    if (payload.isStale()) return
    const range = rangeOf(batch)
    if (
      range.fetched !== owned.position &&
      !(await accepts(mine, owned, range.fetched, heartbeat))
    ) {
      return
    }
    for (let at = 0; at < batch.messages.length; at += sliceRecordsMax) {
      const records = recordsOf(batch.messages.slice(at, at + sliceRecordsMax))
      const whole = at + sliceRecordsMax >= batch.messages.length
      const next = whole ? range.next : (records[records.length - 1]?.offset ?? 0) + 1
      await hold(mine.handOver(owned, records, next, range.high), heartbeat)
      if (!mine.current(owned) || stopping) return
      if (owned.position !== next || payload.isStale()) {
        seekPosition(owned)
        return
      }
      payload.resolveOffset(String(next - 1))
      await heartbeat()
    }
  }

  /**
   * True where a batch that was not fetched at the awaited offset is nevertheless the next one: retention
   * took what was before it, or, seen twice from the same position, nothing before it was for a reader
   * (markers and aborted records of transactions, compaction), which kafkajs steps over by itself.
   */
  async function accepts(
    mine: Assignment,
    owned: Owned,
    fetched: number,
    heartbeat: Heartbeat,
  ): Promise<boolean> {
    const { topic, partition, position } = owned
    const { low, high } = (await admin.bounds(topic))[partition] ?? { low: 0, high: 0 }
    if (!mine.current(owned) || owned.position !== position) return false
    // kafkajs begins again at the lowest offset when the awaited one is out of range, without asking.
    if (high < position) throw truncated(owned, high)
    if (fetched > position && (low > position || steppedOver.get(owned) === position)) {
      if (low > position) {
        onLog('error', 'records are no longer in the log', { topic, partition, position, low })
      }
      owned.position = fetched
      return true
    }
    if (fetched > position) steppedOver.set(owned, position)
    seekPosition(owned)
    await hold(pause(holdTickMs).over, heartbeat)
    return false
  }

  async function run(mine: Assignment): Promise<void> {
    await within(connectMs, 'connecting the reader to Kafka', consumer.connect())
    await within(
      connectMs,
      'subscribing',
      consumer.subscribe({ topics: [...topics], fromBeginning: true }),
    )
    await within(
      joinMs,
      `joining group '${groupId}'`,
      consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: partitionsAtOnce,
        eachBatch: (payload) => guarded(eachBatch(mine, payload)),
      }),
    )
  }

  /** Only kafkajs's own errors may leave the handler: any other stops the consumer for good, silently. */
  async function guarded(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      if (isKafkaError(error)) throw error
      if (error instanceof LogError && !error.retriable) return crash(error)
      onLog('error', 'reading a batch failed; it comes again', { groupId, error })
      await pause(holdTickMs).over
    }
  }

  return {
    async start(handlers) {
      for (const topic of topics) await admin.bounds(topic)
      // Stopped meanwhile: joining now would leave a member behind that reads nothing.
      if (stopping) return
      started = true
      assignment = begin(handlers)
      listen(assignment)
      try {
        await run(assignment)
      } catch (error) {
        crashed = true
        assignment.revoke()
        disconnect().catch(() => undefined)
        throw error
      }
      if (!crashed) watchdog.start()
    },
    seek(partition, offset) {
      const owned = assignment?.seek(partition, offset)
      if (owned?.ready === true) seekPosition(owned)
    },
    async commit(partition, offset) {
      if (assignment?.owned(partition) === undefined) return
      const what = `committing ${partitionKey(partition)} at ${offset}`
      try {
        const { topic, partition: number } = partition
        const commits = [{ topic, partition: number, offset: String(offset) }]
        await within(connectMs, what, consumer.commitOffsets(commits))
      } catch (error) {
        if (error instanceof LogError) throw error
        const reason = error instanceof Error ? error.message : String(error)
        throw new LogError('commit_refused', `${what}: ${reason}`, true, error)
      }
    },
    async stop() {
      if (stopping) return
      stopping = true
      if (!started) return
      watchdog.stop()
      const drain = pause(options.drainMs)
      await Promise.race([assignment?.idle(), drain.over])
      drain.wake()
      drained = true
      assignment?.revoke()
      await disconnect().catch((error: unknown) =>
        onLog('warn', 'leaving the group failed', { groupId, error }),
      )
      await assignment?.idle()
    },
  }

  function disconnect(): Promise<void> {
    return within(connectMs, 'disconnecting the reader', consumer.disconnect())
  }
}
