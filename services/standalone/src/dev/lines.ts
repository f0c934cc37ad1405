/** Decisions as lines that a person reads. */
import type { Decision, DecisionType, Reason } from '@holdpoint/risk'
import type { Environment } from '../environment.ts'
import { printable } from '../printable.ts'

export type Paint = (style: Style, text: string) => string
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'

const codes: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  cyan: 36,
}

/** Colours where a person looks on (https://no-color.org). */
export function paintFor(stream: { readonly isTTY?: boolean }, env: Environment): Paint {
  if (!stream.isTTY || (env['NO_COLOR'] ?? '') !== '') return (_style, text) => text
  return (style, text) => `\u001b[${codes[style]}m${text}\u001b[0m`
}

const labels: Readonly<Record<DecisionType, readonly [label: string, style: Style]>> = {
  'session.stepup.required': ['STEP-UP', 'yellow'],
  'session.stepup.resolved': ['RESOLVED', 'green'],
  'session.revoked': ['REVOKED', 'red'],
  'session.risk.changed': ['RISK', 'cyan'],
}

const labelWidth = 8
const nameWidth = 16

/** `12:00:03  STEP-UP   grace.nowak       Leeds, GB -> Lagos, NG  IMPOSSIBLE_TRAVEL: ...` */
export function decisionLine(decision: Decision, paint: Paint, timeZone?: string): string {
  const [label, style] = labels[decision.type]
  const time = new Date(decision.decidedAt).toLocaleTimeString('en-GB', { timeZone })
  const name = paint('bold', printable(decision.subject.id).padEnd(nameWidth))
  const what = printable(whatOf(decision))
  return `${paint('dim', time)}  ${paint(style, label.padEnd(labelWidth))}  ${name}  ${what}`
}

function whatOf(decision: Decision): string {
  const { resolution, risk, stepUp, policy } = decision
  if (resolution !== null) {
    const answer = resolution.method === '' ? '' : ` by ${resolution.method}`
    const place = resolution.place === '' ? '' : ` from ${resolution.place}`
    return `${resolution.outcome}${answer}${place}`
  }
  const why = whyOf(decision.reasons)
  switch (decision.type) {
    case 'session.risk.changed':
      return join(`${risk.previousLevel} to ${risk.level} (${risk.score})`, why)
    case 'session.stepup.required':
      return join(why, stepUp === null ? '' : askedFor(stepUp))
    default:
      return join(why, policy.rule === 'revoke.rotated' ? 'replaced by a new session' : '')
  }
}

const join = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('  ')

function askedFor({
  acrValues,
  obligation,
  rotate,
  prompt,
}: NonNullable<Decision['stepUp']>): string {
  const what = acrValues.length > 0 ? acrValues.join(' ') : obligation
  return `asks for ${what}${rotate ? ' and a new session' : ''}${prompt ? '' : ', without a prompt'}`
}

/** The heaviest reason, and where the session was and is. */
function whyOf(reasons: readonly Reason[]): string {
  const [heaviest, ...others] = [...reasons].sort((a, b) => b.score - a.score)
  if (heaviest === undefined) return ''
  const move = moveOf([heaviest, ...others])
  const more = others.length === 0 ? '' : ` +${others.length}`
  return join(`${heaviest.reason}${more}`, move ?? heaviest.message)
}

/** Where the session was and is; where no place tells, what used it and from which network. */
function moveOf(reasons: readonly Reason[]): string | null {
  const place = pairOf(reasons, 'previousPlace', 'place')
  if (place !== null) return place
  const others = [
    pairOf(reasons, 'previousClient', 'client'),
    pairOf(reasons, 'previousNetwork', 'network'),
  ].filter((pair) => pair !== null)
  return others.length === 0 ? null : others.join(', from ')
}

function pairOf(reasons: readonly Reason[], before: string, now: string): string | null {
  for (const { evidence } of reasons) {
    const [from, to] = [evidence[before], evidence[now]]
    if (from !== undefined && to !== undefined) return `${from} -> ${to}${paceOf(evidence)}`
  }
  return null
}

function paceOf({ distanceKm, minutesApart }: Reason['evidence']): string {
  if (distanceKm === undefined || minutesApart === undefined) return ''
  return ` (${distanceKm.toLocaleString('en-GB')} km in ${minutesApart} min)`
}
