/** Counts of a backtest, filled as sessions and attacks come to their end. */
import type { Decision } from '@holdpoint/risk'
import type { SeenSession } from './evaluator.ts'
import type {
  AttackOutcome,
  FalseCause,
  Friction,
  MissedExample,
  Report,
  TraitFriction,
} from './report.ts'

interface Stopped {
  readonly when: 'early' | 'deed'
  readonly byFreshness: boolean
}

/** One attack, over whatever sessions it takes. */
export interface AttackCase {
  readonly attack: string
  readonly subject: string
  /** The session that its latest event was of. */
  session: SeenSession | null
  /** The event that tried or did the deed. */
  harmId: string
  /** How it ended, null where no deed came. */
  verdict: Stopped | 'missed' | null
  /** How it stood after its last event, null for unhindered. */
  stopped: Stopped | null
  lastSeen: number
}

type Counts<T> = { -readonly [K in keyof T]: T[K] }

const noFriction = (): Counts<Friction> => ({
  sessions: 0,
  asked: 0,
  asks: 0,
  prompts: 0,
  freshness: 0,
  revoked: 0,
})

interface Cause extends Omit<FalseCause, 'count' | 'traits'> {
  count: number
  readonly traits: Map<string, number>
}

/** What has no trait is plain life. */
const plain = 'plain'

export class Tallies {
  readonly #kinds = { human: noFriction(), workload: noFriction(), agent: noFriction() }
  readonly #traits = new Map<string, Counts<Friction>>()
  readonly #attacks = new Map<string, Counts<AttackOutcome>>()
  readonly #causes = new Map<string, Cause>()
  readonly #missed = new Map<string, MissedExample>()
  #machinesPrompted = 0

  machinePrompted(): void {
    this.#machinesPrompted += 1
  }

  /** A session that is over. An attacked one was honest only up to then: it counts by its causes alone. */
  session(session: SeenSession): void {
    for (const { decision, eventId } of session.causes) this.#cause(session, decision, eventId)
    if (session.attacked) return
    count(this.#kinds[session.kind], session)
    for (const trait of traitsOf(session)) {
      const row = this.#traits.get(trait) ?? noFriction()
      this.#traits.set(trait, row)
      count(row, session)
    }
  }

  attack({ attack, subject, session, harmId, verdict, stopped }: AttackCase): void {
    let row = this.#attacks.get(attack)
    if (row === undefined) {
      row = { attack, cases: 0, early: 0, atTheDeed: 0, byFreshness: 0, missed: 0, harmless: 0 }
      this.#attacks.set(attack, row)
    }
    row.cases += 1
    const end = verdict ?? stopped
    if (end === 'missed') {
      row.missed += 1
      if (this.#missed.has(attack)) return
      this.#missed.set(attack, { attack, subject, sessionId: session?.id ?? '', eventId: harmId })
    } else if (end === null) row.harmless += 1
    else {
      if (end.when === 'early') row.early += 1
      else row.atTheDeed += 1
      if (end.byFreshness) row.byFreshness += 1
    }
  }

  report(events: number, labelled: boolean): Report {
    const { human, workload, agent } = this.#kinds
    const traits = [...this.#traits].map(([trait, friction]) => ({ trait, ...friction }))
    return {
      events,
      labelled,
      people: human,
      workloads: workload,
      agents: agent,
      traits: traits.sort((a, b) => compareText(a.trait, b.trait)) satisfies TraitFriction[],
      attacks: [...this.#attacks.values()].sort((a, b) => compareText(a.attack, b.attack)),
      machinesPrompted: this.#machinesPrompted,
      falseCauses: [...this.#causes.values()].map(causeOf).sort((a, b) => b.count - a.count),
      missed: [...this.#missed.values()].sort((a, b) => compareText(a.attack, b.attack)),
    }
  }

  #cause(session: SeenSession, decision: Decision, eventId: string): void {
    const what = decision.type === 'session.revoked' ? 'revoked' : 'asked'
    const { rule } = decision.policy
    const reasons = [...decision.reasons]
      .sort((a, b) => b.score - a.score || compareText(a.detector, b.detector))
      .map(({ detector, reason }) => `${detector}:${reason}`)
    const key = JSON.stringify([what, rule, reasons])
    const { subject, id: sessionId } = session
    const cause: Cause = this.#causes.get(key) ?? {
      what,
      rule,
      reasons,
      count: 0,
      traits: new Map(),
      example: { subject, sessionId, eventId },
    }
    cause.count += 1
    for (const trait of traitsOf(session)) {
      cause.traits.set(trait, (cause.traits.get(trait) ?? 0) + 1)
    }
    this.#causes.set(key, cause)
  }
}

const traitsOf = ({ traits }: SeenSession): readonly string[] =>
  traits.size === 0 ? [plain] : [...traits]

function count(row: Counts<Friction>, session: SeenSession): void {
  row.sessions += 1
  if (session.asks > 0) row.asked += 1
  row.asks += session.asks
  row.prompts += session.prompts
  row.freshness += session.freshness
  if (session.revoked) row.revoked += 1
}

const causeOf = (cause: Cause): FalseCause => ({
  ...cause,
  traits: [...cause.traits].sort(([a, m], [b, n]) => n - m || compareText(a, b)),
})

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
