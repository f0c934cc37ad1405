/**
 * Holds what was decided against what events are known to be: who was disturbed for nothing, and which
 * attack came to its deed.
 *
 * A session is honest until an event labelled with an attack touches it; one that ends with the attacked
 * session which it was begun from ends rightly. It is *stopped* while its posture is
 * anything but active: a step-up is open that was not answered, its revocation is held, or it is revoked. An
 * attack is stopped *early* where that was so before its deed came, and *at the deed* where the check that
 * the deed itself asked for (`outcome: attempted`) did it; a deed reported after it was done is judged by
 * what stood before. Without a deed in the record the posture after the attack's last event counts.
 */
import type { RawEvent } from '@holdpoint/contracts'
import { type Decision, type SubjectKind, sessionLifeMs } from '@holdpoint/risk'
import type { Label } from './label.ts'
import type { Report } from './report.ts'
import { type AttackCase, Tallies } from './tallies.ts'

/** A session that lives, as apps know it. */
export interface SeenSession {
  subject: string
  readonly id: string
  /** Who acts in it. */
  kind: SubjectKind
  readonly traits: Set<string>
  /** Key of the session that it was begun from, '' for none. */
  readonly parent: string
  /** True once an attack's event touched it. */
  attacked: boolean
  lastSeen: number
  status: Decision['session']['status']
  /** True where what holds it is no more than freshness. */
  freshnessOnly: boolean
  asks: number
  prompts: number
  freshness: number
  revoked: boolean
  /** What it was asked or revoked for while it was honest. */
  readonly causes: { readonly decision: Decision; readonly eventId: string }[]
}

/** Events between two looks for what can be forgotten. */
const sweepEvery = 20_000
/** Sessions that are begun from each other. */
const depthMax = 3
/** Causes kept of one session; a session that is asked more often has shown its fault. */
const causesMax = 16

export class Evaluator {
  readonly #sessions = new Map<string, SeenSession>()
  readonly #cases = new Map<string, AttackCase>()
  readonly #tallies = new Tallies()
  #events = 0
  #labelled = false

  /**
   * Takes in an event that was folded and what was decided with it, for whomever.
   * @param label null where nothing is known of the event
   */
  take(raw: RawEvent, label: Label | null, decisions: readonly Decision[]): void {
    this.#events += 1
    this.#labelled ||= label !== null
    const receivedAt = raw.receivedAt ?? raw.occurredAt
    if (this.#events % sweepEvery === 0) this.#retire(receivedAt - sessionLifeMs)
    const session = this.#sessionOf(raw, receivedAt)
    for (const trait of label?.traits ?? []) session?.traits.add(trait)
    if (session !== null && label?.attack !== undefined) session.attacked = true
    // Deadlines that had passed are told with the event, and before it.
    const [before, after] = [decisions.filter(isExpiry), decisions.filter((d) => !isExpiry(d))]
    for (const decision of before) this.#apply(decision, raw)
    const attack = label?.attack === undefined ? null : this.#caseOf(raw, label.attack, label.case)
    if (attack !== null && session !== null) attack.session = session
    const isDeed = attack !== null && label?.harm === true && attack.verdict !== 'missed'
    if (isDeed) {
      attack.harmId = raw.id
      // What stopped it first stays what stopped it, unless the deed is done later all the same.
      if (isStopped(attack)) attack.verdict ??= verdictOf(attack, 'early')
      else if (raw.outcome !== 'attempted') attack.verdict = 'missed'
    }
    for (const decision of after) this.#apply(decision, raw)
    if (attack === null) return
    attack.stopped = isStopped(attack) ? verdictOf(attack, 'early') : null
    if (!isDeed || attack.verdict === 'missed') return
    if (isStopped(attack)) attack.verdict ??= verdictOf(attack, 'deed')
    else attack.verdict = 'missed'
  }

  /** Sessions that are not counted yet. */
  get living(): number {
    return this.#sessions.size
  }

  /** What all came to. To be called once, after the last event. */
  report(): Report {
    this.#retire(Number.POSITIVE_INFINITY)
    return this.#tallies.report(this.#events, this.#labelled)
  }

  #sessionOf(raw: RawEvent, receivedAt: number): SeenSession | null {
    if (!raw.sessionId || (raw.type === 'login' && raw.outcome !== 'success')) return null
    const key = keyOf(raw.tenant, raw.sessionId)
    const known = this.#sessions.get(key)
    const kind = raw.actor[0]?.kind ?? raw.subject?.kind ?? known?.kind ?? 'human'
    if (known !== undefined) {
      known.lastSeen = receivedAt
      known.kind = kind
      known.subject ||= raw.subject?.id ?? ''
      return known
    }
    const session: SeenSession = {
      subject: raw.subject?.id ?? '',
      id: raw.sessionId,
      kind,
      traits: new Set(),
      parent: raw.parentSessionId ? keyOf(raw.tenant, raw.parentSessionId) : '',
      attacked: false,
      lastSeen: receivedAt,
      status: 'active',
      freshnessOnly: false,
      asks: 0,
      prompts: 0,
      freshness: 0,
      revoked: false,
      causes: [],
    }
    this.#sessions.set(key, session)
    return session
  }

  #caseOf(raw: RawEvent, attack: string, stated: string | undefined): AttackCase {
    const subject = raw.subject?.id ?? ''
    const key = `${attack}|${stated ?? keyOf(raw.tenant, raw.sessionId ?? subject)}`
    const known = this.#cases.get(key)
    if (known !== undefined) {
      known.lastSeen = raw.receivedAt ?? raw.occurredAt
      return known
    }
    const begun: AttackCase = {
      attack,
      subject,
      session: null,
      harmId: '',
      verdict: null,
      stopped: null,
      lastSeen: raw.receivedAt ?? raw.occurredAt,
    }
    this.#cases.set(key, begun)
    return begun
  }

  #apply(decision: Decision, raw: RawEvent): void {
    for (const session of this.#spokenOf(decision)) {
      session.status = decision.session.status
      const { stepUp, type } = decision
      if (type === 'session.stepup.required' && stepUp !== null) {
        const isFreshness = asksForFreshness(decision)
        session.freshnessOnly = isFreshness
        const asksPerson = stepUp.acrValues.length > 0 || stepUp.prompt
        if (session.kind !== 'human' && asksPerson) this.#tallies.machinePrompted()
        if (session.attacked) continue
        if (isFreshness) session.freshness += 1
        else {
          session.asks += 1
          if (stepUp.prompt) session.prompts += 1
          keepCause(session, decision)
        }
      }
      // What a cap holds would have been a revocation.
      const held = type === 'session.risk.changed' && decision.policy.rule === 'hold'
      if (type === 'session.revoked' || held) {
        session.freshnessOnly = false
        const outside = raw.type === 'revocation' && decision.cause.eventId === raw.id
        if (session.attacked || outside || ownEnds.includes(decision.policy.rule)) continue
        if (session.revoked) continue
        if (decision.policy.rule === 'revoke.parent' && this.#descendsFromAttacked(session))
          continue
        session.revoked = true
        keepCause(session, decision)
      }
    }
  }

  #descendsFromAttacked({ parent }: SeenSession): boolean {
    let key = parent
    for (let depth = 0; depth < depthMax; depth += 1) {
      const above = this.#sessions.get(key)
      if (above === undefined) return false
      if (above.attacked) return true
      key = above.parent
    }
    return false
  }

  /** The sessions that a decision speaks of: one, or all of its subject. */
  #spokenOf({ tenant, sessionId, subject }: Decision): readonly SeenSession[] {
    if (sessionId === null) {
      return [...this.#sessions]
        .filter(([key, session]) => key.startsWith(`${tenant}|`) && session.subject === subject.id)
        .map(([, session]) => session)
    }
    const session = this.#sessions.get(keyOf(tenant, sessionId))
    return session === undefined ? [] : [session]
  }

  /** Counts and forgets what was not seen since. */
  #retire(since: number): void {
    for (const [key, session] of this.#sessions) {
      if (session.lastSeen >= since) continue
      this.#sessions.delete(key)
      this.#tallies.session(session)
    }
    for (const [key, attack] of this.#cases) {
      if (attack.lastSeen >= since) continue
      this.#cases.delete(key)
      this.#tallies.attack(attack)
    }
  }
}

/** Ends that follow from an answer: of the old id, and of the life that was cut with it. */
const ownEnds: readonly string[] = ['revoke.rotated', 'revoke.not-after']

/** Measured by LOW, the action alone asks; and how old the approval of an agent's person is, is freshness too. */
const asksForFreshness = ({ policy, reasons }: Decision): boolean =>
  policy.rule.startsWith('require.low.') ||
  (reasons.length > 0 && reasons.every(({ reason }) => reason === 'DELEGATION_STALE'))

const isExpiry = ({ resolution }: Decision): boolean => resolution?.outcome === 'expired'

const keyOf = (tenant: string, sessionId: string): string => `${tenant}|${sessionId}`

const isStopped = ({ session }: AttackCase): boolean =>
  session !== null && session.status !== 'active'

const verdictOf = ({ session }: AttackCase, when: 'early' | 'deed') => ({
  when,
  byFreshness: session?.freshnessOnly === true,
})

function keepCause(session: SeenSession, decision: Decision): void {
  if (session.causes.length >= causesMax) return
  session.causes.push({ decision, eventId: decision.cause.eventId })
}
