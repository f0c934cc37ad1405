/** What stands: switches of observe-only, and revocations that wait for an operator. */
import {
  type ControlOrder,
  decisionTopics,
  decodeDecision,
  parseControl,
  type SchemaCatalogue,
  schemaIdOf,
  topics,
} from '@holdpoint/contracts'
import type { Log, StoredRecord } from '@holdpoint/log'
import type { Decision } from '@holdpoint/risk'
import { lookGroup, type Pass, readSpans, spansOf } from '../dlq/read-spans.ts'

/** A tenant whose decisions are kept from its apps, '' for all tenants. */
export interface Switch {
  readonly tenant: string
  /** ms. */
  readonly since: number
  readonly operator: string
  readonly reason: string
}

/** What an operator made of a held decision: ordered, and so far perhaps not carried out. */
export interface Answer {
  readonly kind: 'release' | 'drop'
  /** ms. */
  readonly at: number
  readonly operator: string
  readonly reason: string
}

/** The latest orders, as `holdpoint.control` keeps them. */
export interface Orders {
  /** Observe-only as it was left: what is off is not among it. */
  readonly switches: readonly Switch[]
  /** By the id of the decision that is answered. */
  readonly answers: ReadonlyMap<string, Answer>
}

/** A revocation that a storm cap holds. */
export interface Held {
  readonly decision: Decision
  /** When something was last decided about its session, ms: it had an event then. */
  readonly lastDecidedAt: number
}

/** Reads what operators have ordered; an order that cannot be read is passed over, as ingest does. */
export async function ordersGiven(log: Log): Promise<Orders> {
  const switches = new Map<string, Switch>()
  const answers = new Map<string, Answer>()
  await readAll(log, [topics.control], async (record) => {
    const parsed = parseControl(record.value)
    if (parsed.ok) note(parsed.order, switches, answers)
  })
  return { switches: [...switches.values()], answers }
}

function note(
  order: ControlOrder,
  switches: Map<string, Switch>,
  answers: Map<string, Answer>,
): void {
  const { kind, operator, reason, tenant, issuedAt } = order
  if (kind !== 'observe-only')
    answers.set(order.decisionId, { kind, at: issuedAt, operator, reason })
  else if (order.on) switches.set(tenant, { tenant, since: issuedAt, operator, reason })
  else switches.delete(tenant)
}

/**
 * Revocations that a storm cap holds, the oldest first: those of `session.shadow` that no later decision
 * has put an end to. What is older than the topic keeps is not found, and what ended in silence, as a
 * session that was forgotten, is not told from what is held.
 */
export async function heldDecisions(
  log: Log,
  catalogue: SchemaCatalogue,
): Promise<readonly Held[]> {
  const held = new Map<string, Decision>()
  await readDecisions(log, catalogue, [topics.shadow], (decision) => {
    const isHeld = decision.session.status === 'revocation_held'
    if (isHeld && decision.type === 'session.revoked') held.set(decision.decisionId, decision)
  })
  if (held.size === 0) return []
  const latest = new Map<string, number>()
  await readDecisions(log, catalogue, [...decisionTopics, topics.shadow], (decision) => {
    const session = sessionOf(decision)
    latest.set(session, Math.max(latest.get(session) ?? 0, decision.decidedAt))
    if (decision.supersedes !== null) held.delete(decision.supersedes)
    if (decision.type !== 'session.revoked' || decision.session.status !== 'revoked') return
    for (const [id, one] of held) if (endsIt(decision, one)) held.delete(id)
  })
  return [...held.values()]
    .sort((a, b) => a.decidedAt - b.decidedAt)
    .map((decision) => ({
      decision,
      lastDecidedAt: latest.get(sessionOf(decision)) ?? decision.decidedAt,
    }))
}

const sessionOf = ({ tenant, subject, sessionId }: Decision): string =>
  JSON.stringify([tenant, subject.id, sessionId])

/** Whether a revocation ends the session of what is held, by itself or with all of its subject's. */
const endsIt = (revocation: Decision, held: Decision): boolean =>
  revocation.tenant === held.tenant &&
  revocation.subject.id === held.subject.id &&
  (revocation.scope === 'subject' || revocation.sessionId === held.sessionId) &&
  revocation.sequence > held.sequence

async function readDecisions(
  log: Log,
  catalogue: SchemaCatalogue,
  from: readonly string[],
  take: (decision: Decision) => void,
): Promise<void> {
  await readAll(log, from, async ({ value }) => {
    if (value === null) return
    const id = schemaIdOf(value)
    if (catalogue.known(id) === undefined) await catalogue.fetch(id)
    take(decodeDecision(catalogue, value))
  })
}

async function readAll(
  log: Log,
  from: readonly string[],
  take: (record: StoredRecord) => Promise<void>,
): Promise<void> {
  const pass: Pass = async (_span, records) => {
    for (const record of records) await take(record)
    return 'more'
  }
  await readSpans({
    log,
    groupId: lookGroup(),
    spans: await spansOf(log, from),
    passes: [pass],
    onProgress: () => undefined,
  })
}
