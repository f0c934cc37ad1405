/** What an app says when it subscribes, and what it gets. */
import type { SchemaCatalogue } from '@holdpoint/contracts'
import type { KafkaLogOptions, Log } from '@holdpoint/log'
import type { Decision } from '@holdpoint/risk'
import type { Posture } from './postures.ts'

/** Beside a decision: `current` is false where a later one of the same session is known already. */
export interface Delivery {
  readonly current: boolean
}

export type DecisionHandler = (decision: Decision, delivery: Delivery) => void | Promise<void>

/** Where decisions come from: a Kafka (`brokers` with `ssl` and `sasl` as it asks for) and its registry, or a log that is open already. */
export type DecisionSource =
  | ({
      /** Base of the registry's Confluent API. */
      readonly registryUrl: string
    } & Pick<KafkaLogOptions, 'brokers' | 'ssl' | 'sasl'>)
  | { readonly log: Log; readonly catalogue: SchemaCatalogue }

export interface SubscribeOptions {
  /** Begins the name of this instance's own consumer group. Default `holdpoint-sdk`. */
  readonly groupId?: string
  /** Hand also the decisions of the last 48 h to the handlers. Default false: only what comes after the start. */
  readonly replay?: boolean
  /** Postures kept, live and revoked each. Default 100,000. */
  readonly postureMax?: number
  readonly onDecision?: DecisionHandler
  readonly onStepUpRequired?: DecisionHandler
  readonly onStepUpResolved?: DecisionHandler
  readonly onRevoked?: DecisionHandler
  readonly onRiskChanged?: DecisionHandler
  /** Told of what a handler threw, a record that is no decision, and a reader that died. Default: `console.error`. */
  readonly onError?: (error: Error) => void
}

export interface Subscription {
  /** Resolves when everything published before the start has been read; rejects where it cannot be. */
  readonly ready: Promise<void>
  /**
   * What is known of a session: null where no decision of the last 48 h speaks of it. Give `startedAt`
   * (ms, when the session began) so that a session begun after all of a subject's were revoked is told
   * from those.
   */
  posture(
    sessionId: string,
    subjectId: string,
    options?: { readonly tenant?: string; readonly startedAt?: number },
  ): Posture | null
  close(): Promise<void>
}
