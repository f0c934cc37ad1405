/** What stands: switches of observe-only, and revocations that wait for an operator. */
import {
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

/** Observe-only as the latest orders left it: what is off is not among it. */
export async function switchesOn(log: Log): Promise<readonly Switch[]> {
  const latest = new Map<string, Switch>()
  await readAll(log, [topics.control], async (record) => {
    const parsed = parseControl(record.value)
    if (!parsed.ok || parsed.order.kind !== 'observe-only') return
    const { tenant, on, issuedAt: since, operator, reason } = parsed.order
    if (on) latest.set(tenant, { tenant, since, operator, reason })
    else latest.delete(tenant)
  })
  return [...latest.values()]
}

/**
 * Revocations that a storm cap holds, the oldest first: those of `session.shadow` that no later decision
 * has put an end to. What is older than the topic keeps is not found.
 */
export async function heldDecisions(
  log: Log,
  catalogue: SchemaCatalogue,
): Promise<readonly Decision[]> {
  const held = new Map<string, Decision>()
  await readDecisions(log, catalogue, [topics.shadow], (decision) => {
    const isHeld = decision.session.status === 'revocation_held'
    if (isHeld && decision.type === 'session.revoked') held.set(decision.decisionId, decision)
  })
  if (held.size === 0) return []
  const ends = [topics.revoked, topics.riskChanged, topics.shadow]
  await readDecisions(log, catalogue, ends, (decision) => {
    if (decision.supersedes !== null) held.delete(decision.supersedes)
    if (decision.type !== 'session.revoked' || decision.session.status !== 'revoked') return
    for (const [id, one] of held) if (endsIt(decision, one)) held.delete(id)
  })
  return [...held.values()].sort((a, b) => a.decidedAt - b.decidedAt)
}

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
