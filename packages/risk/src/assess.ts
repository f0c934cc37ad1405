/** From findings to a score and a level. */
import type { RiskLevel } from './decision.ts'
import { cutText } from './fields.ts'
import type { Policy } from './policy.ts'
import { type Family, families, type Signal } from './signal.ts'
import { type Contribution, caps, textMax } from './state.ts'

/** Family, by its place in the order of assessment. */
const orderOf = new Map<Family, number>(families.map((family, index) => [family, index]))

/** What a contribution counts at `t`: `floor(score * 2^(-(t - seen) / halfLife))`, from the stored score and time. */
export function countsAt(contribution: Contribution, t: number): number {
  const age = t - contribution.seen
  if (contribution.halfLifeMs === 0 || age <= 0) return contribution.score
  return Math.floor(contribution.score * 2 ** (-age / contribution.halfLifeMs))
}

/**
 * Takes signals into the contributions: a (detector, reason) holds one, the larger of the old decayed
 * and the new. What has decayed to nothing goes; past the cap the smallest goes.
 */
export function contribute(
  contributions: readonly Contribution[],
  signals: readonly Signal[],
  t: number,
): readonly Contribution[] {
  const faded = contributions.some((c) => c.halfLifeMs !== 0 && countsAt(c, t) === 0)
  let next = faded ? contributions.filter((c) => countsAt(c, t) > 0) : contributions
  for (const signal of signals) {
    if (signal.score === 0) continue
    const old = next.find((c) => c.detector === signal.detector && c.reason === signal.reason)
    if (old !== undefined && countsAt(old, t) >= signal.score) continue
    next = [...next.filter((c) => c !== old), contributionOf(signal, t, old?.found ?? t)]
  }
  if (next.length <= caps.sessionContributions) return next
  return [...next]
    .sort((a, b) => countsAt(b, t) - countsAt(a, t))
    .slice(0, caps.sessionContributions)
}

function contributionOf(signal: Signal, t: number, found: number): Contribution {
  const evidence = JSON.stringify(signal.evidence)
  return {
    detector: signal.detector,
    reason: signal.reason,
    family: signal.family,
    score: signal.score,
    seen: t,
    found,
    halfLifeMs: signal.halfLifeMs,
    context: signal.context,
    message: cutText(signal.message, textMax.message),
    evidence: evidence.length <= textMax.evidence ? evidence : '',
    spent: false,
  }
}

export interface Assessment {
  /** 0-1000. */
  readonly score: number
  /** The families that count at all. */
  readonly families: readonly Family[]
}

const nothing: Assessment = { score: 0, families: [] }

/**
 * Within a family the largest counts; across families, in their order,
 * `rest = floor(rest * (1000 - f) / 1000)` from 1000, and the score is `1000 - rest`.
 */
export function assess(contributions: readonly Contribution[], t: number): Assessment {
  if (contributions.length === 0) return nothing
  const largest = new Array<number>(families.length).fill(0)
  for (const contribution of contributions) {
    const index = orderOf.get(contribution.family) ?? 0
    largest[index] = Math.max(largest[index] ?? 0, countsAt(contribution, t))
  }
  let rest = 1000
  for (const score of largest) rest = Math.floor((rest * (1000 - score)) / 1000)
  return { score: 1000 - rest, families: families.filter((_, index) => (largest[index] ?? 0) > 0) }
}

/** The level of a score, given the level before: each is left lower than it is entered, so that it does not flutter. */
export function levelOf(
  score: number,
  previous: RiskLevel,
  thresholds: Policy['thresholds'],
): RiskLevel {
  if (score >= thresholds.highFrom) return 'HIGH'
  if (previous === 'HIGH' && score >= thresholds.highUntil) return 'HIGH'
  if (score >= thresholds.mediumFrom) return 'MEDIUM'
  if (previous !== 'LOW' && score >= thresholds.mediumUntil) return 'MEDIUM'
  return 'LOW'
}

/** When the newest of these was seen, 0 where there is none. */
export const evidenceTime = (live: readonly Contribution[]): number =>
  live.reduce((latest, c) => Math.max(latest, c.seen), 0)

/** A finding that only a new session id answers: session-bound, of place, client or token. */
export const asksForRotation = (c: Pick<Contribution, 'family' | 'halfLifeMs'>): boolean =>
  c.halfLifeMs === 0 && (c.family === 'place' || c.family === 'client' || c.family === 'token')
