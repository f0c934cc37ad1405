/** The log's ports for one process, over data that all share: groups rebalance, readers jump, appends get lost. */

import { topics } from '@holdpoint/contracts'
import {
  type Assignment,
  createAssignment,
  type Log,
  type LogAdmin,
  LogError,
  type LogReader,
  LogWriteError,
  type LogWriter,
  type NewRecord,
  type Owned,
  partitionKey,
  type TopicPartition,
  type TopicState,
} from '@holdpoint/log'
import type { LogData } from './log-data.ts'
import type { Process, World } from './world.ts'

/** How long a group waits for a member that gives no sign of life, ms. */
export const sessionMs = 10_000

/** One reader in its group. */
export interface Member {
  readonly process: Process
  readonly topics: readonly string[]
  readonly assignment: Assignment
  wake(at: TopicPartition): void
  /** Its client gives up for good. */
  die(): void
}

/** The cluster: its data, and who reads what of it. */
export class Cluster {
  readonly data: LogData
  readonly world: World
  readonly groups = new Map<string, Member[]>()
  /** How likely a fetch of the internal log begins elsewhere than it was asked to. */
  jumps = 0
  /** How likely an append reaches only some of its partitions. */
  partials = 0

  constructor(world: World, data: LogData) {
    this.world = world
    this.data = data
  }

  members(group: string): Member[] {
    const found = this.groups.get(group) ?? []
    this.groups.set(group, found)
    return found
  }

  join(group: string, member: Member): void {
    this.members(group).push(member)
    // What joins and is dead by then is given up like any member that falls silent.
    if (!member.process.alive) setTimeout(() => this.leave(group, member, false), sessionMs)
    this.rebalance(group)
  }

  /** `aware` false: its partitions go to others, and it goes on as if they were its own. */
  leave(group: string, member: Member, aware = true): void {
    const members = this.members(group)
    const at = members.indexOf(member)
    if (at < 0) return
    members.splice(at, 1)
    if (aware) member.assignment.revoke()
    this.rebalance(group)
  }

  /** Everything is revoked and dealt anew, whatever handlers are doing. */
  rebalance(group: string): void {
    const members = this.members(group)
    for (const member of members) if (member.process.alive) member.assignment.revoke()
    for (const [at, member] of members.entries()) {
      if (member.process.alive) member.assignment.replace(this.#share(member, at, members.length))
    }
  }

  append(topic: string, records: readonly NewRecord[]): void {
    this.data.append(topic, records, this.world.time.now())
    for (const members of this.groups.values()) {
      for (const member of members) {
        for (const { partition } of records) member.wake({ topic, partition })
      }
    }
  }

  #share(member: Member, at: number, of: number): TopicPartition[] {
    return member.topics.flatMap((topic) =>
      Array.from({ length: this.data.spec(topic)?.partitions ?? 0 }, (_, partition) => ({
        topic,
        partition,
      })).filter(({ partition }) => partition % of === at),
    )
  }
}

const away = () => new LogError('unreachable', 'the log is away', true)

/** The log as `process` reaches it. */
export function simLog(cluster: Cluster, process: Process): Log {
  const { world, data } = cluster
  const ask = <T>(what: string, effect: () => T): Promise<T> =>
    world.call({
      by: process,
      lane: `${process.name}:admin`,
      part: `log ${what}`,
      effect,
      unknown: away,
      refused: away,
    })
  const admin: LogAdmin = {
    describe: (names) =>
      ask('describe', () => new Map(names.map((name) => [name, stateOf(data, name)] as const))),
    create: async () => undefined,
    configure: async () => undefined,
    bounds: (topic) =>
      ask('bounds', () =>
        Array.from({ length: data.spec(topic)?.partitions ?? 0 }, (_, partition) =>
          data.bounds({ topic, partition }),
        ),
      ),
    brokers: async () => 1,
    members: async (group) => cluster.members(group).length,
    close: async () => undefined,
  }
  return {
    writer: async () => simWriter(cluster, process),
    reader: ({ groupId, topics: names }) => simReader(cluster, process, groupId, names),
    admin: async () => admin,
    close: async () => undefined,
  }
}

function stateOf(data: LogData, name: string): TopicState | null {
  const spec = data.spec(name)
  return spec === null ? null : { name, partitions: spec.partitions, config: spec.config }
}

let writers = 0

/** One send of a topic in flight; where it fails, what was queued behind it is refused with it. */
function simWriter(cluster: Cluster, process: Process): LogWriter {
  const { world } = cluster
  const tails = new Map<string, Promise<void>>()
  writers += 1
  const lane = `${process.name}:writer-${writers}`
  const unknown = () => new LogWriteError('timeout', 'no answer', true)
  const refused = () => new LogWriteError('not_leader', 'the leader has moved', true)

  const send = (topic: string, records: readonly NewRecord[]): Promise<void> =>
    world.call({
      by: process,
      lane: `${lane}:${topic}`,
      part: 'append',
      unknown,
      refused,
      effect: () => {
        const some = new Set(records.map(({ partition }) => partition))
        if (some.size > 1 && world.random.chance(cluster.partials)) {
          world.count('append: only some partitions written')
          const left = world.random.pick([...some])
          cluster.append(
            topic,
            records.filter(({ partition }) => partition !== left),
          )
          throw unknown()
        }
        cluster.append(topic, records)
      },
    })

  return {
    append(topic, records) {
      const before = tails.get(topic)
      const turn =
        before === undefined
          ? send(topic, records)
          : before.then(
              () => send(topic, records),
              () => Promise.reject(refused()),
            )
      tails.set(topic, turn)
      const over = () => {
        if (tails.get(topic) === turn) tails.delete(topic)
      }
      turn.then(over, over)
      return turn
    },
    close: async () => undefined,
  }
}

/** How many records a fetch brings at most, drawn anew each time. */
const fetchMax = 12

function simReader(
  cluster: Cluster,
  process: Process,
  group: string,
  names: readonly string[],
): LogReader {
  const { world, data } = cluster
  const delivering = new Set<Owned>()
  let member: Member | null = null
  let stopped = false
  let dead = false
  let crash: (error: Error) => void = () => undefined

  const fetch = (owned: Owned) =>
    world.call({
      by: process,
      lane: `${process.name}:fetch:${group}:${partitionKey(owned)}`,
      part: 'fetch',
      unknown: away,
      refused: away,
      effect: () => {
        const bounds = data.bounds(owned)
        return { bounds, records: data.read(owned, from(owned), 1 + world.random.below(fetchMax)) }
      },
    })

  /** Where a fetch really begins: the client may have lost its place. */
  function from(owned: Owned): number {
    if (!world.random.chance(cluster.jumps)) return owned.position
    const back = world.random.chance(0.5) || owned.topic !== topics.internal
    world.count(back ? 'fetch: began too early' : 'fetch: records left out')
    const by = 1 + world.random.below(5)
    return Math.max(0, owned.position + (back ? -by : by))
  }

  async function deliver(assignment: Assignment, owned: Owned): Promise<void> {
    if (delivering.has(owned) || !owned.ready) return
    delivering.add(owned)
    try {
      while (process.alive && !dead && assignment.current(owned)) {
        const { position } = owned
        const { records, bounds } = await fetch(owned).catch(() => ({ records: [], bounds: null }))
        if (bounds === null) {
          await new Promise((resolve) => setTimeout(resolve, 100))
          continue
        }
        if (position > bounds.high && bounds.high > bounds.low) {
          crash(new LogError('log_truncated', `the log ends at ${bounds.high}`, false))
          return
        }
        const first = records[0]
        if (first === undefined) {
          if (data.bounds(owned).high <= owned.position || owned.position > bounds.high) return
          continue
        }
        await assignment.handOver(owned, records, first.offset + records.length, bounds.high)
      }
    } finally {
      delivering.delete(owned)
    }
  }

  const standingOf = async (partitions: readonly TopicPartition[]) =>
    new Map(
      partitions.map((at) => {
        const key = partitionKey(at)
        return [key, { committed: data.committed(group, key) ?? -1, ...data.bounds(at) }] as const
      }),
    )

  return {
    async start(handlers) {
      crash = handlers.onCrash
      const assignment: Assignment = createAssignment({
        handlers,
        standingOf,
        onReady: (owned) => void deliver(assignment, owned),
        onLog: () => undefined,
      })
      const joining: Member = {
        process,
        topics: names,
        assignment,
        // It reads no more and keeps its seat until the group has missed it for a session.
        die() {
          dead = true
          assignment.revoke()
          setTimeout(() => cluster.leave(group, joining, false), sessionMs)
          crash(new LogError('reader_dead', 'the consumer has crashed', false))
        },
        wake(at) {
          const owned = assignment.owned(at)
          if (owned !== undefined) void deliver(assignment, owned)
        },
      }
      member = joining
      await world.call({
        by: process,
        lane: `${process.name}:group`,
        part: 'join',
        unknown: away,
        refused: away,
        effect: () => {
          if (!stopped) cluster.join(group, joining)
        },
      })
    },
    seek(at, offset) {
      const owned = member?.assignment.seek(at, offset)
      if (owned !== undefined && member !== null) void deliver(member.assignment, owned)
    },
    // As brokers do: taken also where the partition is somebody else's by now.
    commit: (at, offset) =>
      world.call({
        by: process,
        lane: `${process.name}:group`,
        part: 'offset commit',
        unknown: away,
        refused: away,
        effect: () => data.commit(group, partitionKey(at), offset),
      }),
    async stop() {
      stopped = true
      if (member === null) return
      await Promise.race([
        member.assignment.idle(),
        new Promise((resolve) => setTimeout(resolve, 2_000)),
      ])
      cluster.leave(group, member)
      await member.assignment.idle()
    },
  }
}
