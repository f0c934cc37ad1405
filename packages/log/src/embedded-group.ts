import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Assignment, createAssignment, type Owned, type Standing } from './assignment.ts'
import { pause } from './deadline.ts'
import type { Change, EmbeddedStore } from './embedded-store.ts'
import { topicUnknown } from './embedded-store.ts'
import { type LogReader, type OnLog, partitionKey, type TopicPartition } from './ports.ts'
import { truncated } from './truncated.ts'

interface Member {
  readonly topics: readonly string[]
  readonly assignment: Assignment
  wake(topic: string, partition: number): void
}

/** The readers of one group in this process. */
export interface EmbeddedGroup {
  /** How many readers are in it now. */
  size(): number
  reader(topics: readonly string[]): LogReader
  /** Something was appended here. */
  wake(topic: string, partition: number): void
}

export interface EmbeddedGroupOptions {
  readonly groupId: string
  readonly store: EmbeddedStore
  readonly change: (change: Change) => Promise<void>
  readonly drainMs: number
  readonly onLog: OnLog
}

/**
 * Deals the partitions out as the Kafka reader's assigner does (partition modulo members, so partitions of
 * the same number meet on one member) and rebalances eagerly: everything is revoked, then assigned anew.
 */
export function createEmbeddedGroup(options: EmbeddedGroupOptions): EmbeddedGroup {
  const members: Member[] = []

  function rebalance(): void {
    for (const member of members) member.assignment.revoke()
    for (const member of [...members]) member.assignment.replace(shareOf(member))
  }

  function shareOf(member: Member): TopicPartition[] {
    return member.topics.flatMap((topic) => {
      const subscribed = members.filter((m) => m.topics.includes(topic))
      const mine = subscribed.indexOf(member)
      return Array.from({ length: options.store.topic(topic).partitions }, (_, partition) => ({
        topic,
        partition,
      })).filter(({ partition }) => partition % subscribed.length === mine)
    })
  }

  return {
    size: () => members.length,
    wake(topic, partition) {
      for (const member of members) member.wake(topic, partition)
    },
    reader(topics) {
      return createReader(topics, options, {
        join(member) {
          members.push(member)
          rebalance()
        },
        leave(member) {
          const at = members.indexOf(member)
          if (at < 0) return
          members.splice(at, 1)
          rebalance()
        },
      })
    },
  }
}

interface Seat {
  join(member: Member): void
  leave(member: Member): void
}

function createReader(
  topics: readonly string[],
  options: EmbeddedGroupOptions,
  seat: Seat,
): LogReader {
  const { groupId, store, onLog } = options
  let member: Member | undefined
  let crash: (error: Error) => void = () => undefined
  let stopping = false
  const delivering = new Set<Owned>()

  async function standingOf(
    partitions: readonly TopicPartition[],
  ): Promise<ReadonlyMap<string, Standing>> {
    return new Map(
      partitions.map((partition) => {
        const key = partitionKey(partition)
        const committed = store.committed(groupId, key) ?? -1
        return [key, { committed, ...store.bounds(partition) }]
      }),
    )
  }

  /** One loop a partition; it ends when there is nothing left and is begun again by `wake` or `seek`. */
  async function deliver(assignment: Assignment, owned: Owned): Promise<void> {
    if (delivering.has(owned) || !owned.ready) return
    delivering.add(owned)
    try {
      // A turn of the event loop between batches: handlers that settle at once must not starve the process.
      for (await nextTurn(); !stopping && assignment.current(owned); await nextTurn()) {
        const { records, bounds } = store.read(owned, owned.position)
        const first = records[0]
        if (owned.position > bounds.high && bounds.high > bounds.low) {
          crash(truncated(owned, bounds.high))
          return
        }
        if (first === undefined) return
        if (first.offset > owned.position) {
          const { topic, partition, position } = owned
          onLog('error', 'records are no longer in the log', {
            topic,
            partition,
            position,
            low: first.offset,
          })
          owned.position = first.offset
        }
        await assignment.handOver(owned, records, first.offset + records.length, bounds.high)
      }
    } finally {
      delivering.delete(owned)
    }
  }

  return {
    start(handlers) {
      const missing = topics.find((topic) => !store.has(topic))
      if (missing !== undefined) return Promise.reject(topicUnknown(missing))
      crash = handlers.onCrash
      const onReady = (owned: Owned): void => void deliver(assignment, owned)
      const assignment = createAssignment({ handlers, standingOf, onReady, onLog })
      member = {
        topics,
        assignment,
        wake(topic, partition) {
          const owned = assignment.owned({ topic, partition })
          if (owned !== undefined) void deliver(assignment, owned)
        },
      }
      seat.join(member)
      return Promise.resolve()
    },
    seek(partition, offset) {
      const owned = member?.assignment.seek(partition, offset)
      if (member !== undefined && owned !== undefined) void deliver(member.assignment, owned)
    },
    async commit(partition, offset) {
      if (member?.assignment.owned(partition) === undefined) return
      await options.change({ kind: 'commit', group: groupId, key: partitionKey(partition), offset })
    },
    async stop() {
      if (member === undefined || stopping) return
      stopping = true
      const { assignment } = member
      const drain = pause(options.drainMs)
      await Promise.race([assignment.idle(), drain.over])
      drain.wake()
      assignment.revoke()
      seat.leave(member)
      await assignment.idle()
    },
  }
}
