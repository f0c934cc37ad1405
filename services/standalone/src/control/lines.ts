/** What `holdpoint control` says, for a person and as JSON. */
import { type ControlOrder, decisionToJson } from '@holdpoint/contracts'
import type { Decision } from '@holdpoint/risk'
import { aligned, escaped, timeText } from '../dlq/text.ts'
import type { Switch } from './standing.ts'

const whose = (tenant: string): string => (tenant === '' ? 'all tenants' : `tenant ${tenant}`)

/** What was ordered, and where to see that it is done. */
export function orderLine(order: ControlOrder): string {
  if (order.kind !== 'observe-only')
    return `${order.kind} of ${order.decisionId} is ordered: holdpoint control ls lists it until it is done`
  const told = order.on
    ? 'decisions go to session.shadow alone'
    : 'decisions reach the apps, of a live session at its next event'
  return `observe-only ${order.on ? 'on' : 'off'} for ${whose(order.tenant)} is ordered: ${told}`
}

const switchHeads = ['OBSERVE-ONLY', 'SINCE', 'OPERATOR', 'REASON']
const heldHeads = ['HELD', 'TENANT', 'SUBJECT', 'SESSION', 'SINCE', 'SCORE', 'REASONS']

/** Two tables, or a sentence for each that is empty. */
export const standingLines = (
  switches: readonly Switch[],
  held: readonly Decision[],
): readonly string[] => [
  ...(switches.length === 0
    ? ['observe-only is off: decisions reach the apps']
    : aligned([
        switchHeads,
        ...switches.map(({ tenant, since, operator, reason }) =>
          [whose(tenant), timeText(since), operator, reason].map(escaped),
        ),
      ])),
  '',
  ...(held.length === 0 ? ['no revocation is held'] : aligned([heldHeads, ...held.map(heldRow)])),
]

const heldRow = ({ decisionId, tenant, subject, sessionId, decidedAt, risk, reasons }: Decision) =>
  [
    decisionId,
    tenant,
    subject.id,
    sessionId ?? '',
    timeText(decidedAt),
    String(risk.score),
    reasons.map(({ reason }) => reason).join(', '),
  ].map(escaped)

export const standingJson = (switches: readonly Switch[], held: readonly Decision[]) => ({
  observeOnly: switches.map(({ tenant, since, ...by }) => ({
    tenant: tenant === '' ? null : tenant,
    since: timeText(since),
    ...by,
  })),
  held: held.map(decisionToJson),
})
