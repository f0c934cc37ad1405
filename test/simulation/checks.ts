/** Holds what engines did against the oracle: at each commit, and when all is quiet. */
import { deadLetterOf, decisionTopics, parseControl, rawTopics, topics } from '@holdpoint/contracts'
import type { PartitionMeta } from '@holdpoint/risk'
import type { Commit, Opened, OutboxEntry, StateStore } from '@holdpoint/state'
import type { LogData } from './log-data.ts'
import {
  decisionsOf,
  encodeProfile,
  encodeSession,
  eventIdOf,
  Oracle,
  withoutRepeats,
} from './oracle.ts'
import type { Deed } from './people.ts'
import { Published, type Right, recordsOf } from './published.ts'
import type { Find, Finding } from './verdict.ts'

const findingsMax = 20

export class Checks {
  readonly findings: Finding[] = []
  readonly #data: LogData
  readonly #oracles: readonly Oracle[]

  constructor(data: LogData, partitions: number) {
    this.#data = data
    this.#oracles = Array.from({ length: partitions }, (_, p) => new Oracle(p))
  }

  readonly find: Find = (promise, kind, what) => {
    if (this.findings.length < findingsMax) this.findings.push({ promise, kind, what })
  }

  /** Brings a partition's oracle to the end of its log, before records of it are taken away. */
  foldOn(partition: number): Oracle {
    const oracle = this.#oracles[partition]!
    const at = { topic: topics.internal, partition }
    const { high } = this.#data.bounds(at)
    oracle.fold(this.#data.read(at, oracle.length, Math.max(0, high - oracle.length)))
    return oracle
  }

  /** A commit must hold just what its records did, over just what was there. */
  committed(partition: number, before: Opened, commit: Commit, read: ReadonlySet<string>): void {
    for (const id of read) {
      if (id === before.commitId) continue
      this.find('I7', 'wrong', `partition ${partition}: committed over states of another commit`)
    }
    const oracle = this.foldOn(partition)
    const first = (before.meta?.appliedOffset ?? -1) + 1
    const last = commit.meta.appliedOffset
    const where = `partition ${partition}, offsets ${first} to ${last}`
    if (last >= oracle.length) {
      this.find('I5', 'wrong', `${where}: applied what the log does not hold`)
      return
    }
    if (last < first) {
      const idle = commit.profiles.length + commit.sessions.length + commit.outbox.length === 0
      if (!idle) this.find('I5', 'doubled', `${where}: folded again`)
      return
    }
    const right = oracle.between(first, last)
    const profiles = commit.profiles.map(([key, state]) => [key, encodeProfile(state)] as const)
    const sessions = commit.sessions.map(([key, state]) => [key, encodeSession(state)] as const)
    if (!isSame(right.profiles, profiles) || !isSame(right.sessions, sessions)) {
      this.find('I1', 'wrong', `${where}: another state than the oracle's`)
    }
    const outbox = commit.outbox.map((entry) => `${entry.offset}.${entry.index}:${bytes(entry)}`)
    const sent = new Set(outbox)
    const rebuildUntil = before.meta === null ? oracle.length : before.rebuildUntil
    const outputs = right.outputs.flatMap((output) => {
      const value = output.kind === 'dead-letter' ? output.entry.stored.value : output.value
      const line = `${output.offset}.${output.index}:${bytes({ value })}`
      // A rebuild does not tell old alerts again; what is missing otherwise, `Published` finds.
      const old = output.kind === 'alert' && output.offset < rebuildUntil
      return old && !sent.has(line) ? [] : [line]
    })
    const told = JSON.stringify([...right.stories]) === JSON.stringify(commit.stories)
    if (!told || outbox.join() !== outputs.join() || textOf(commit.meta) !== textOf(right.meta)) {
      this.find('I6', 'wrong', `${where}: state, story, outbox and position are not of one prefix`)
    }
  }

  /** When all is quiet: nothing lost, nothing doubled, nothing wrong. */
  async atRest(store: StateStore, of: { rebuilt: boolean; now: number }): Promise<void> {
    const right: Right[] = []
    for (const [partition] of this.#oracles.entries()) {
      const oracle = this.foldOn(partition)
      right.push({ partition, outputs: oracle.all().outputs })
      await this.#states(partition, oracle, store)
      this.#onceEach(partition, oracle)
    }
    new Published(this.#data, this.find, of).hold(right)
  }

  async #states(partition: number, oracle: Oracle, store: StateStore): Promise<void> {
    const { profiles, sessions } = oracle.all()
    const wanted = { profiles: [...profiles.keys()], sessions: [...sessions.keys()] }
    const loaded = await store.load(partition, wanted)
    const found = [...loaded.profiles].map(([key, s]) => [key, encodeProfile(s)] as const)
    const others = [...loaded.sessions].map(([key, s]) => [key, encodeSession(s)] as const)
    if (!isSame(profiles, found) || !isSame(sessions, others)) {
      this.find('I1', 'wrong', `partition ${partition}: the states at rest are not the oracle's`)
    }
    const max = Number.MAX_SAFE_INTEGER
    const { subjects } = await store.due(partition, max, max)
    if (subjects.join() !== oracle.due().join()) {
      this.find('I6', 'wrong', `partition ${partition}: the timers at rest are not the oracle's`)
    }
  }

  /** Folding the log as if nothing had come twice must make no difference. */
  #onceEach(partition: number, oracle: Oracle): void {
    const records = this.#data.all({ topic: topics.internal, partition })
    const first = withoutRepeats(records)
    if (first.every((record, at) => record === records[at])) return
    const once = new Oracle(partition)
    once.fold(first)
    const found = decisionsOf(oracle.all().outputs)
    const right = decisionsOf(once.all().outputs)
    for (const [id, value] of found) {
      if (right.get(id) !== value) this.find('I1', 'doubled', `${id} follows from a repeat`)
    }
    for (const id of right.keys()) {
      if (!found.has(id)) this.find('I1', 'lost', `${id} is kept back by a repeat`)
    }
    const same =
      isSame(once.all().profiles, [...oracle.all().profiles]) &&
      isSame(once.all().sessions, [...oracle.all().sessions])
    if (!same) this.find('I1', 'doubled', `partition ${partition}: a repeat has changed a state`)
    const orders = [once, oracle].map((of) => JSON.stringify(of.all().meta.control))
    if (orders[0] !== orders[1]) {
      this.find('I1', 'doubled', `partition ${partition}: an order was taken twice`)
    }
  }

  /** Deeds that are neither in the internal log nor a dead letter, and orders that not each partition of it has. */
  missing(deeds: Iterable<Deed>): readonly string[] {
    const kept = this.#oracles.map((_, partition) => {
      const records = this.#data.all({ topic: topics.internal, partition })
      return new Set(records.map((record) => eventIdOf(record) ?? ''))
    })
    const letters = this.letters()
    const orders = recordsOf(this.#data, topics.control).flatMap(({ record }) => {
      const parsed = parseControl(record.value)
      return parsed.ok ? [`control:${parsed.order.id}`] : []
    })
    return [
      ...[...deeds]
        .map(({ event }) => event.id)
        .filter((id) => !letters.has(id) && kept.every((ids) => !ids.has(id))),
      ...orders.filter((id) => kept.some((ids) => !ids.has(id))),
    ]
  }

  /** Raw dead letters: event id to bytes. */
  letters(): ReadonlyMap<string, string> {
    const found = rawTopics.flatMap((topic) => recordsOf(this.#data, deadLetterOf(topic)))
    return new Map(
      found.map(({ record }) => [String(record.headers['simulation.id']), bytes(record)] as const),
    )
  }

  /** Poison is a dead letter as it came; a good event is none, but where its session was not known in time. */
  judgeLetters(deeds: Iterable<Deed>): void {
    const letters = this.letters()
    for (const { event, poison, nameless } of deeds) {
      const letter = letters.get(event.id)
      if (poison !== null && letter !== bytes({ value: poison })) {
        this.find('I5', 'wrong', `${event.id} is no event, and no dead letter as it came`)
      }
      if (poison === null && !nameless && letter !== undefined) {
        this.find('I5', 'lost', `${event.id} is an event, and a dead letter`)
      }
    }
  }

  /** How many records of decisions were published again. */
  repeats(): number {
    const ids = [...decisionTopics, topics.shadow].flatMap((topic) =>
      recordsOf(this.#data, topic).map(({ record }) => String(record.headers['ce_id'])),
    )
    return ids.length - new Set(ids).size
  }
}

const bytes = ({ value }: Pick<OutboxEntry, 'value'>): string => value?.toString('latin1') ?? 'null'

const textOf = ({ origins, ...meta }: PartitionMeta): string =>
  JSON.stringify([meta, Object.entries(origins).sort(([a], [b]) => (a < b ? -1 : 1))])

function isSame(
  right: ReadonlyMap<string, Buffer>,
  found: readonly (readonly [string, Buffer])[],
): boolean {
  return (
    right.size === found.length &&
    found.every(([key, state]) => right.get(key)?.equals(state) === true)
  )
}
