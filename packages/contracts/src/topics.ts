/** Topics as data (`schemas/topics.json`), and which of them an event or a decision goes to. */
import type { DecisionType, EventType } from '@holdpoint/risk'
import { readSchemaFile } from './schema-files.ts'

export type TopicRole = 'raw' | 'internal' | 'control' | 'decision' | 'alert' | 'dead-letter'

export interface TopicDef {
  readonly name: string
  readonly role: TopicRole
  readonly partitions: number
  /** As Kafka names it, as `cleanup.policy`. */
  readonly config: Readonly<Record<string, string>>
  /** File in `schemas/`; null where the records carry another topic's schema, or any bytes. */
  readonly schema: string | null
  /** Compatibility of the registry's subject, null without a schema. */
  readonly compatibility: string | null
}

export const topicTable: readonly TopicDef[] = JSON.parse(readSchemaFile('topics.json'))

export const topics = {
  login: 'session.login',
  device: 'session.device',
  ip: 'session.ip',
  action: 'session.action',
  lifecycle: 'session.lifecycle',
  any: 'session.events',
  internal: 'holdpoint.events',
  control: 'holdpoint.control',
  stepUpRequired: 'session.stepup.required',
  stepUpResolved: 'session.stepup.resolved',
  revoked: 'session.revoked',
  riskChanged: 'session.risk.changed',
  shadow: 'session.shadow',
  alerts: 'soc.alerts',
} as const

/**
 * The topics that producers write, in the order in which the internal log counts them: a new one goes
 * to the end.
 */
export const rawTopics: readonly string[] = [
  topics.login,
  topics.device,
  topics.ip,
  topics.action,
  topics.lifecycle,
  topics.any,
]

/** The topics that apps act on; what a shadow policy or a cap kept back is not among them. */
export const decisionTopics: readonly string[] = topicTable
  .filter(({ role, schema }) => role === 'decision' && schema !== null)
  .map(({ name }) => name)

/** Where what cannot be read from `topic` goes, byte for byte. */
export const deadLetterOf = (topic: string): string => `${topic}.dlq`

/** The raw topic of an event type. */
export function rawTopicOf(type: EventType): string {
  switch (type) {
    case 'login':
      return topics.login
    case 'device':
      return topics.device
    case 'ip':
      return topics.ip
    case 'action':
      return topics.action
    default:
      return topics.lifecycle
  }
}

/** The topic of a decision type: topics are named as the types are. */
export const decisionTopicOf = (type: DecisionType): string => type

/** The registry's subject of a topic's values (TopicNameStrategy). */
export const subjectOf = (topic: string): string => `${topic}-value`
