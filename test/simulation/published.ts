/** Holds what engines published against what had to be: topic, partition, key, headers, bytes and order. */
import {
  alertKey,
  deadLetterOf,
  decisionHeaders,
  decisionTopicOf,
  decisionTopics,
  partitionOf,
  recordKey,
  topics,
} from '@holdpoint/contracts'
import type { Output } from '@holdpoint/engine'
import type { StoredRecord } from '@holdpoint/log'
import type { LogData } from './log-data.ts'
import type { Find } from './verdict.ts'

type Decided = Extract<Output, { kind: 'decision' }>
type Told = Extract<Output, { kind: 'alert' }>
type Refused = Extract<Output, { kind: 'dead-letter' }>

/** Younger than this is news, whatever engines' clocks say of it, ms. */
const newsMs = 8 * 60_000

/** True for what a rebuild need not tell again. */
const isOldNews = ({ at }: Told['alert'], rebuilt: boolean, now: number): boolean =>
  rebuilt && now - at > newsMs

export interface Right {
  readonly outputs: readonly Output[]
  /** The partition of the internal log that they come from. */
  readonly partition: number
}

export class Published {
  readonly #data: LogData
  readonly #find: Find
  /** True where a rebuild may have sent to `session.shadow` what was old. */
  readonly #rebuilt: boolean
  readonly #now: number

  constructor(data: LogData, find: Find, of: { rebuilt: boolean; now: number }) {
    this.#data = data
    this.#find = find
    this.#rebuilt = of.rebuilt
    this.#now = of.now
  }

  hold(right: readonly Right[]): void {
    const decided = right.flatMap(({ outputs }) => outputs.filter((one) => one.kind === 'decision'))
    this.#decisions(new Map(decided.map((one) => [one.decision.decisionId, one])))
    const told = right.flatMap(({ outputs }) => outputs.filter((one) => one.kind === 'alert'))
    this.#alerts(new Map(told.map((one) => [one.alert.alertId, one])))
    for (const { outputs, partition } of right) {
      this.#letters(
        partition,
        outputs.filter((one) => one.kind === 'dead-letter'),
      )
    }
  }

  #decisions(right: ReadonlyMap<string, Decided>): void {
    const found = new Set<string>()
    for (const topic of [...decisionTopics, topics.shadow]) {
      const latest = new Map<string, string>()
      for (const { record, partition } of recordsOf(this.#data, topic)) {
        const id = String(record.headers['ce_id'])
        const output = right.get(id)
        if (output === undefined) {
          this.#find('I2', 'wrong', `${id} was published and never decided`)
          continue
        }
        const { decision } = output
        if (!record.value?.equals(output.value)) {
          this.#find('I3', 'wrong', `${id} was published with other bytes`)
        }
        this.#place(topic, partition, record, output)
        const key = recordKey(decision.tenant, decision.subject.id)
        if (!found.has(id) && (latest.get(key) ?? '') > decision.sequence) {
          this.#find('I4', 'wrong', `${topic}: ${id} came after a later decision of ${key}`)
        }
        if (!found.has(id)) latest.set(key, decision.sequence)
        found.add(id)
      }
    }
    for (const id of right.keys()) {
      if (!found.has(id)) this.#find('I2', 'lost', `${id} was never published`)
    }
  }

  #place(
    topic: string,
    partition: number,
    record: StoredRecord,
    { decision, keptBack }: Decided,
  ): void {
    const id = decision.decisionId
    const past = this.#rebuilt && this.#now - decision.decidedAt > newsMs
    const mayBeShadow = past && decision.type !== 'session.revoked'
    const right =
      keptBack === null
        ? topic === decisionTopicOf(decision.type) || (topic === topics.shadow && mayBeShadow)
        : topic === topics.shadow
    if (!right) {
      this.#find('I2', 'lost', `${id}, a ${decision.type}, went to ${topic}`)
    }
    const key = recordKey(decision.tenant, decision.subject.id)
    const partitions = this.#data.spec(topic)?.partitions ?? 1
    const headers = Object.entries(decisionHeaders(decision))
    const placed =
      String(record.key) === key &&
      partition === partitionOf(key, partitions) &&
      headers.every(([name, value]) => String(record.headers[name]) === String(value))
    if (!placed) this.#find('I2', 'wrong', `${id} has another key, partition or header`)
  }

  /** Every alert with its very bytes where it belongs; what was old when state was rebuilt may be missing. */
  #alerts(right: ReadonlyMap<string, Told>): void {
    const found = new Set<string>()
    for (const { record, partition } of recordsOf(this.#data, topics.alerts)) {
      const id = String(record.headers['ce_id'])
      const output = right.get(id)
      if (output === undefined || !record.value?.equals(output.value)) {
        this.#find('I3', 'wrong', `alert ${id} was published and never told so`)
        continue
      }
      const key = alertKey(output.alert)
      const partitions = this.#data.spec(topics.alerts)?.partitions ?? 1
      if (String(record.key) !== key || partition !== partitionOf(key, partitions)) {
        this.#find('I2', 'wrong', `alert ${id} has another key or partition`)
      }
      found.add(id)
    }
    for (const [id, { alert }] of right) {
      if (found.has(id) || isOldNews(alert, this.#rebuilt, this.#now)) continue
      this.#find('I2', 'lost', `alert ${id} was never published`)
    }
  }

  /** What could not be folded is a dead letter, byte for byte, and nothing else is. */
  #letters(partition: number, right: readonly Refused[]): void {
    const nameOf = (offset: number, value: Buffer | null) =>
      `${partition}:${offset}:${value?.toString('hex')}`
    const wanted = new Set(right.map(({ offset, entry }) => nameOf(offset, entry.stored.value)))
    const found = new Set<string>()
    for (const { record } of recordsOf(this.#data, deadLetterOf(topics.internal))) {
      if (String(record.headers['holdpoint.error.partition']) !== String(partition)) continue
      found.add(nameOf(Number(String(record.headers['holdpoint.error.offset'])), record.value))
    }
    for (const name of wanted) {
      if (!found.has(name)) this.#find('I5', 'lost', `${name} is neither folded nor a dead letter`)
    }
    for (const name of found) {
      if (!wanted.has(name)) this.#find('I5', 'wrong', `${name} is a dead letter and was folded`)
    }
  }
}

/** Every record of a topic, with its partition. */
export const recordsOf = (data: LogData, topic: string) =>
  Array.from({ length: data.spec(topic)?.partitions ?? 0 }, (_, partition) =>
    data.all({ topic, partition }).map((record) => ({ record, partition })),
  ).flat()
