/** A backtest's report as a person reads it. */
import { aligned } from '../dlq/text.ts'
import { printable } from '../printable.ts'
import {
  type AttackOutcome,
  type Example,
  type FalseCause,
  type Friction,
  perThousand,
  type Report,
} from './report.ts'

/** Causes shown; `--json` has them all. */
const causesShown = 20
const traitsShown = 4

/** The lines of a report. */
export function reportText(report: Report): readonly string[] {
  return [
    ...section('Honest sessions', frictionRows(report)),
    ...section('Attacks', attackRows(report)),
    ...section('Disturbed for nothing, by cause', causeRows(report.falseCauses)),
    ...section('Missed, one of each', missedRows(report)),
    ...(report.labelled
      ? []
      : ['No event has a label: every session is taken for an honest one.', '']),
    `${report.events} events; workloads and agents asked for what only people can give: ${report.machinesPrompted}`,
  ]
}

function section(title: string, rows: readonly (readonly string[])[]): readonly string[] {
  return rows.length < 2 ? [] : [title, ...aligned(rows).map((line) => `  ${line}`), '']
}

function frictionRows({ people, workloads, agents, traits }: Report) {
  const row = (name: string, f: Friction) => [
    printable(name),
    ...[f.sessions, f.asked, perThousand(f.asked, f.sessions), f.prompts].map(String),
    ...[perThousand(f.freshness, f.sessions), f.revoked].map(String),
  ]
  return [
    ['', 'SESSIONS', 'ASKED', 'PER 1,000', 'PROMPTS', 'FRESHNESS PER 1,000', 'REVOKED'],
    row('people', people),
    row('workloads', workloads),
    row('agents', agents),
    ...traits.map(({ trait, ...friction }) => row(`- ${trait}`, friction)),
  ]
}

function attackRows({ attacks }: Report) {
  const row = (a: Omit<AttackOutcome, 'attack'>, name: string) => [
    printable(name),
    ...[a.cases, a.early, a.atTheDeed, a.byFreshness, a.missed, a.harmless].map(String),
    `${stoppedPercent(a)} %`,
  ]
  const sum = (key: keyof Omit<AttackOutcome, 'attack'>) => attacks.reduce((n, a) => n + a[key], 0)
  const all = {
    cases: sum('cases'),
    early: sum('early'),
    atTheDeed: sum('atTheDeed'),
    byFreshness: sum('byFreshness'),
    missed: sum('missed'),
    harmless: sum('harmless'),
  }
  return [
    ['', 'CASES', 'EARLY', 'AT THE DEED', 'BY FRESHNESS', 'MISSED', 'HARMLESS', 'STOPPED'],
    ...attacks.map((attack) => row(attack, attack.attack)),
    ...(attacks.length > 1 ? [row(all, 'all')] : []),
  ]
}

/** Of those that had a deed to do or were stopped, rounded down to a tenth. */
const stoppedPercent = ({ early, atTheDeed, missed }: Omit<AttackOutcome, 'attack'>): string => {
  const stopped = early + atTheDeed
  return stopped + missed === 0
    ? '-'
    : (Math.floor((stopped * 1000) / (stopped + missed)) / 10).toFixed(1)
}

const where = ({ subject, sessionId, eventId }: Example): string =>
  printable(`${subject} ${sessionId} ${eventId}`)

const causeRows = (causes: readonly FalseCause[]) => [
  ['COUNT', 'RULE', 'REASONS', 'TRAITS', 'FOR EXAMPLE'],
  ...causes.slice(0, causesShown).map(({ count, rule, reasons, traits, example }) => [
    String(count),
    rule,
    reasons.join(' + '),
    printable(
      traits
        .slice(0, traitsShown)
        .map(([trait, n]) => `${trait} ${n}`)
        .join(', '),
    ),
    where(example),
  ]),
]

const missedRows = ({ missed }: Report) => [
  ['ATTACK', 'FOR EXAMPLE'],
  ...missed.map((example) => [printable(example.attack), where(example)]),
]
