/** A session as its app has it: whoever holds the token acts in it, and what is decided holds for all of them. */
import type { Decision, StepUpRequest } from '@holdpoint/risk'
import type { Random } from './random.ts'
import { dayMs, type Stage } from './stage.ts'
import { type Named, type Producer, seenFrom, type Where, type WireEvent } from './wire.ts'

/** Sessions that begin so early meet rules that know nobody yet. */
const firstDaysMs = 3 * dayMs

export interface SessionOptions {
  readonly id: string
  readonly subject: Named
  readonly actor?: Named
  readonly parentSessionId?: string
  readonly producer: Producer
  readonly random: Random
}

export interface Sending {
  /** How long ago it happened, ms; 0 for now. */
  readonly agoMs?: number
  readonly attack?: { readonly kind: string; readonly case: string; readonly harm?: boolean }
}

export class LiveSession {
  readonly id: string
  readonly options: SessionOptions
  readonly traits = new Set<string>()
  readonly #stage: Stage
  stepUp: StepUpRequest | null = null
  level: Decision['session']['level'] = 'LOW'
  /** Revoked or logged out. */
  over = false
  revoked = false
  /** When its owner last acted in it, and from where. */
  lastActed = 0
  where: Where
  /** When it was last authenticated. */
  authenticatedAt: number

  constructor(stage: Stage, options: SessionOptions, where: Where) {
    this.#stage = stage
    this.options = options
    this.id = options.id
    this.where = where
    this.authenticatedAt = stage.now
    if (!options.producer.statesKinds) this.traits.add('kinds-unknown')
    if (stage.now - stage.start < firstDaysMs) this.traits.add('first-days')
    stage.listen(this.id, (decision) => this.#told(decision))
  }

  /** Sends an event of this session and lets it arrive within half a second. */
  send(
    type: string,
    where: Where,
    more: Readonly<Record<string, unknown>>,
    { agoMs = 0, attack }: Sending = {},
  ): WireEvent {
    const { subject, actor, parentSessionId, producer, random } = this.options
    const placeless = producer.placeless > 0 && random.chance(producer.placeless)
    if (attack === undefined) {
      for (const trait of where.spot.traits) this.traits.add(trait)
      if (placeless) this.traits.add('place-missing')
      this.where = where
      this.lastActed = this.#stage.now
    }
    const event: WireEvent = {
      id: this.#stage.nextId(),
      type,
      source: producer.name,
      occurredAt: new Date(this.#stage.now - agoMs).toISOString(),
      subject,
      ...(actor === undefined ? {} : { actor: [actor] }),
      sessionId: this.id,
      ...(parentSessionId === undefined ? {} : { parentSessionId }),
      ...seenFrom(where, producer, placeless),
      ...more,
      label: labelOf(this.traits, attack),
    }
    this.#stage.send(event, 50 + random.below(350))
    return event
  }

  /** The session that takes this one's place under a new id. */
  successor(): LiveSession {
    const next = new LiveSession(this.#stage, { ...this.options, id: `${this.id}-r` }, this.where)
    for (const trait of this.traits) next.traits.add(trait)
    this.over = true
    return next
  }

  /** True while nothing but an answer or another session helps for this kind of action. */
  blocks(isSensitive: boolean): boolean {
    return this.over || (this.stepUp !== null && (isSensitive || this.level === 'HIGH'))
  }

  close(): void {
    this.over = true
    this.#stage.forget(this.id)
  }

  #told(decision: Decision): void {
    this.level = decision.session.level
    if (decision.type === 'session.stepup.required') this.stepUp = decision.stepUp
    else if (decision.session.status === 'active') this.stepUp = null
    if (decision.session.status === 'revoked') {
      this.revoked = true
      this.over = true
    }
  }
}

/** The label of an event: its session's traits so far, or its attack. */
export const labelOf = (traits: ReadonlySet<string>, attack: Sending['attack']) =>
  attack === undefined
    ? { traits: [...traits] }
    : { attack: attack.kind, case: attack.case, ...(attack.harm === true ? { harm: true } : {}) }
