/** Holds what engines did against the oracle: at each commit, and when all is quiet. */
import { deadLetterOf, decisionTopics, rawTopics, topics } from '@holdpoint/contracts'
import type { StoredRecord } from '@holdpoint/log'
import type { Commit, Opened, OutboxEntry, StateStore } from '@holdpoint/state'
import type { LogData } from './log-data.ts'
import {
  decisionsOf,
  encodeProfile,
  encodeSession,
  eventIdOf,
  Oracle,
  sequenceOf,
  withoutRepeats,
} from './oracle.ts'
import type { Finding, Kind, Promised } from './verdict.ts'

const findingsMax = 20

export class Checks {
  readonly findings: Finding[] = []
  readonly #data: LogData
  readonly #oracles: readonly Oracle[]

  constructor(data: LogData, partitions: number) {
    this.#data = data
    this.#oracles = Array.from({ length: partitions }, (_, p) => new Oracle(p))
  }

  find(promise: Promised, kind: Kind, what: string): void {
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
  committed(partition: number, before: Opened, commit: Commit): void {
    if (before.commitId !== commit.expected) {
      this.find('I7', 'wrong', `partition ${partition}: a commit was taken on a stale guard`)
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
    const outputs = right.outputs.map((output) => {
      const value = output.kind === 'decision' ? output.value : output.entry.stored.value
      return `${output.offset}.${output.index}:${bytes({ value })}`
    })
    const { origins, lastTick } = commit.meta
    const sameMeta =
      lastTick === right.meta.lastTick &&
      JSON.stringify(sorted(origins)) === JSON.stringify(sorted(right.meta.origins))
    if (outbox.join() !== outputs.join() || !sameMeta) {
      this.find('I6', 'wrong', `${where}: state, outbox and position are not of one prefix`)
    }
  }

  /** When all is quiet: nothing lost, nothing doubled, nothing wrong. */
  async atRest(store: StateStore): Promise<void> {
    const right = new Map<string, string>()
    for (const [partition] of this.#oracles.entries()) {
      const oracle = this.foldOn(partition)
      for (const [id, value] of decisionsOf(oracle.all().outputs)) right.set(id, value)
      await this.#states(partition, oracle, store)
      this.#onceEach(partition, oracle)
    }
    this.#published(right)
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
  }

  #published(right: ReadonlyMap<string, string>): void {
    const found = new Map<string, string>()
    for (const topic of [...decisionTopics, topics.shadow]) {
      for (const records of this.#topic(topic)) {
        const latest = new Map<string, string>()
        for (const { headers, key, value } of records) {
          const id = String(headers['ce_id'])
          const form = value?.toString('latin1') ?? ''
          const known = found.get(id)
          if (known !== undefined && known !== form) {
            this.find('I3', 'wrong', `${id} was published with other bytes`)
          }
          found.set(id, form)
          if (known !== undefined || value === null) continue
          const sequence = sequenceOf(value)
          const subject = String(key)
          if ((latest.get(subject) ?? '') > sequence) {
            this.find('I4', 'wrong', `${topic}: ${id} came after a later decision of ${subject}`)
          }
          latest.set(subject, sequence)
        }
      }
    }
    for (const [id, form] of right) {
      if (!found.has(id)) this.find('I2', 'lost', `${id} was never published`)
      else if (found.get(id) !== form) this.find('I2', 'wrong', `${id} has other bytes`)
    }
    for (const id of found.keys()) {
      if (!right.has(id)) this.find('I2', 'wrong', `${id} was published and never decided`)
    }
  }

  /** Events that are neither in the internal log nor a dead letter. */
  missing(ids: Iterable<string>, idOfLetter: (record: StoredRecord) => string): readonly string[] {
    const kept = new Set<string>()
    for (const records of this.#topic(topics.internal)) {
      for (const record of records) kept.add(eventIdOf(record) ?? '')
    }
    for (const topic of rawTopics.map(deadLetterOf)) {
      for (const records of this.#topic(topic)) {
        for (const record of records) kept.add(idOfLetter(record))
      }
    }
    return [...ids].filter((id) => !kept.has(id))
  }

  /** How many records of decisions were published again. */
  repeats(): number {
    const ids = [...decisionTopics, topics.shadow].flatMap((topic) =>
      this.#topic(topic).flatMap((records) =>
        records.map(({ headers }) => String(headers['ce_id'])),
      ),
    )
    return ids.length - new Set(ids).size
  }

  #topic(topic: string): readonly (readonly StoredRecord[])[] {
    const partitions = this.#data.spec(topic)?.partitions ?? 0
    return Array.from({ length: partitions }, (_, partition) =>
      this.#data.all({ topic, partition }),
    )
  }
}

const bytes = ({ value }: Pick<OutboxEntry, 'value'>): string => value?.toString('latin1') ?? 'null'

const sorted = (origins: Readonly<Record<string, number>>) =>
  Object.entries(origins).sort(([a], [b]) => (a < b ? -1 : 1))

function isSame(
  right: ReadonlyMap<string, Buffer>,
  found: readonly (readonly [string, Buffer])[],
): boolean {
  return (
    right.size === found.length &&
    found.every(([key, state]) => right.get(key)?.equals(state) === true)
  )
}
