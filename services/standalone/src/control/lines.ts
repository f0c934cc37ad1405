/** What `holdpoint control` says, for a person and as JSON. */
import { type ControlOrder, decisionToJson } from '@holdpoint/contracts'
import { sessionLifeMs } from '@holdpoint/risk'
import { aligned, escaped, timeText } from '../dlq/text.ts'
import type { Answer, Held, Orders } from './standing.ts'

const whose = (tenant: string): string => (tenant === '' ? 'all tenants' : `tenant ${tenant}`)

/** What was ordered, what happens next, and where to see that it is done. */
export function orderLines(order: ControlOrder): readonly string[] {
  if (order.kind === 'observe-only') {
    const told = order.on
      ? 'decisions go to session.shadow alone'
      : 'decisions reach the apps, of a live session at its next event'
    return [
      `observe-only ${order.on ? 'on' : 'off'} for ${escaped(whose(order.tenant))} is ordered: ${told}`,
    ]
  }
  const { kind, decisionId, tenant, subject, sessionId } = order
  const next =
    kind === 'release'
      ? 'In a moment the session is revoked, and what was begun from it: apps get session.revoked, which supersedes the held decision.'
      : 'In a moment the session goes on: apps get session.risk.changed, which supersedes the held decision. Its risk stays, and asks for proof at its next event.'
  const named = [
    ['tenant', tenant],
    ['subject', subject.id],
    ['session', sessionId],
  ].map(([flag, value = '']) => `--${flag} ${quoted(value)}`)
  return [
    `${kind} of ${decisionId} is ordered, for session ${escaped(sessionId)} of ${escaped(subject.id)}`,
    next,
    'See that it is done: holdpoint control ls lists it no more, and',
    `  holdpoint state show ${named.join(' ')}`,
  ]
}

/** As a shell takes it for one word. */
const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${escaped(text).replaceAll("'", String.raw`'\''`)}'`

const switchHeads = ['OBSERVE-ONLY', 'SINCE', 'OPERATOR', 'REASON']
const heldHeads = ['HELD', 'TENANT', 'SUBJECT', 'SESSION', 'SINCE', 'SCORE', 'REASONS', 'ANSWERED']

/** Two tables, or a sentence for each that is empty, and what the second cannot know. */
export const standingLines = (
  { switches, answers }: Orders,
  held: readonly Held[],
  now: number,
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
  ...(held.length === 0
    ? ['no revocation is held']
    : [
        ...aligned([heldHeads, ...held.map((one) => heldRow(one, answers))]),
        '',
        ...footer(held, answers, now),
      ]),
]

const answeredAs = { release: 'released', drop: 'dropped' } as const

const heldRow = ({ decision }: Held, answers: ReadonlyMap<string, Answer>): readonly string[] => {
  const { decisionId, tenant, subject, sessionId, decidedAt, risk, reasons } = decision
  const answer = answers.get(decisionId)
  return [
    decisionId,
    tenant,
    subject.id,
    sessionId ?? '',
    timeText(decidedAt),
    String(risk.score),
    reasons.map(({ reason }) => reason).join(', '),
    answer === undefined ? '-' : `${answeredAs[answer.kind]} ${timeText(answer.at)}`,
  ].map(escaped)
}

/** Decisions tell of events, not of silence: what the list knows, and what it does not. */
function footer(
  held: readonly Held[],
  answers: ReadonlyMap<string, Answer>,
  now: number,
): readonly string[] {
  const silent = held.filter(({ lastDecidedAt }) => now - lastDecidedAt > sessionLifeMs)
  return [
    'Listed until a decision ends it, or session.shadow has forgotten it (7 days).',
    ...(held.some(({ decision }) => answers.has(decision.decisionId))
      ? [
          'An answer is carried out in a moment. One that stays listed came when nothing was held any more: it needs nothing further.',
        ]
      : []),
    ...(silent.length === 0
      ? []
      : [
          `Nothing was decided for 48 h about ${silent.map(({ decision }) => escaped(decision.decisionId)).join(', ')}: a session without an event for as long is forgotten, and with it what was held.`,
          'This list cannot see events that led to no decision: holdpoint state show tells whether the session is still kept.',
        ]),
  ]
}

export const standingJson = ({ switches, answers }: Orders, held: readonly Held[]) => ({
  observeOnly: switches.map(({ tenant, since, ...by }) => ({
    tenant: tenant === '' ? null : tenant,
    since: timeText(since),
    ...by,
  })),
  held: held.map(({ decision, lastDecidedAt }) => ({
    ...decisionToJson(decision),
    lastDecidedAt: timeText(lastDecidedAt),
    answered: answeredJson(answers.get(decision.decisionId)),
  })),
})

const answeredJson = (answer: Answer | undefined) =>
  answer === undefined ? null : { ...answer, at: timeText(answer.at) }
