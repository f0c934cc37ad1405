/** What becomes of each partition in a new generation, by what the store knows and what the broker still has. */
import type { Bounds } from '@holdpoint/log'
import type { PartitionMeta } from '@holdpoint/risk'
import type { Carried, Opened } from '@holdpoint/state'

/**
 * `goes-on`: the broker has the next record. `records-lost`: it has only later ones. `log-anew`: the log ends
 * before what was folded, or was made anew by the operator's word. `no-state`: there is nothing to carry, engines rebuild it.
 */
export type Verdict = 'goes-on' | 'records-lost' | 'log-anew' | 'no-state'

export interface PartitionPlan {
  readonly partition: number
  /** null where nothing was ever committed. */
  readonly applied: number | null
  readonly low: number
  readonly high: number
  readonly verdict: Verdict
  /** The first and the last offset that nobody folded and the log does not hold any more; null for none known. */
  readonly lost: readonly [first: number, last: number] | null
  /** The offset that is folded next. */
  readonly next: number
  /** Offsets below it are folded as a rebuild: of their decisions, old ones are no news; 0 for none. */
  readonly rebuildUntil: number
  /** Decisions that were committed and perhaps never published. */
  readonly waiting: number
  /** Raw partitions that were made anew or cut short: what they hold now is no repeat. */
  readonly forgotten: readonly string[]
}

export interface PlanOptions {
  /** The topic was made anew: every partition is folded from its start, whatever its offsets look like. */
  readonly anew: boolean
  /** Bounds of the raw topics, by topic; none for one that does not exist. */
  readonly raw: ReadonlyMap<string, readonly Bounds[]>
}

/**
 * Where the next record is gone, the fold goes on at the lowest that is left, up to the end as a rebuild:
 * some of it may have been folded already, and such repeats are known by their raw offsets, or by their ids
 * where they came over HTTP. `bounds` must have been read after `opened`.
 */
export function planOf(
  partition: number,
  { meta, rebuildUntil, outbox }: Opened,
  { low, high }: Bounds,
  { anew, raw }: PlanOptions,
): PartitionPlan {
  const waiting = outbox.length
  const place = { partition, low, high, waiting }
  if (meta === null) {
    const nothing = { applied: null, lost: null, forgotten: [] }
    return { ...place, ...nothing, verdict: 'no-state', next: low, rebuildUntil: high }
  }
  const applied = meta.appliedOffset
  const forgotten = Object.keys(meta.origins).filter((key) => isPast(key, meta, raw))
  const found = { ...place, applied, forgotten }
  if (anew || high < applied + 1)
    return { ...found, verdict: 'log-anew', lost: null, next: low, rebuildUntil: high }
  if (low > applied + 1) {
    const lost = [applied + 1, low - 1] as const
    return { ...found, verdict: 'records-lost', lost, next: low, rebuildUntil: high }
  }
  return { ...found, verdict: 'goes-on', lost: null, next: applied + 1, rebuildUntil }
}

/** True where the raw partition ends before what was folded of it: new records there have offsets again. */
function isPast(key: string, meta: PartitionMeta, raw: PlanOptions['raw']): boolean {
  const colon = key.lastIndexOf(':')
  const bounds = raw.get(key.slice(0, colon))?.[Number(key.slice(colon + 1))]
  return bounds === undefined || bounds.high <= meta.origins[key]!
}

/** How the partition begins in generation `to`; null where there is nothing to carry. */
export function carriedOf(
  { commitId, meta }: Opened,
  plan: PartitionPlan,
  to: number,
): Carried | null {
  if (meta === null) return null
  const kept = Object.entries(meta.origins).filter(([key]) => !plan.forgotten.includes(key))
  return {
    commitId,
    meta: {
      ...meta,
      generation: to,
      appliedOffset: plan.next - 1,
      origins: Object.fromEntries(kept),
    },
    rebuildUntil: plan.rebuildUntil > plan.next ? plan.rebuildUntil : 0,
  }
}

/** True where engines of the present generation would stop. */
export const needsRebase = ({ verdict }: PartitionPlan): boolean =>
  verdict === 'records-lost' || verdict === 'log-anew'

/** The plan as a table for a person. */
export function planLines(plans: readonly PartitionPlan[]): readonly string[] {
  const rows = plans.map((plan) => [
    String(plan.partition),
    plan.applied === null ? '-' : String(plan.applied),
    plan.high === plan.low ? `empty at ${plan.low}` : `${plan.low} to ${plan.high - 1}`,
    verdictText(plan),
    thenText(plan),
  ])
  const table = [['partition', 'applied', 'log', 'verdict', 'then'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]!.length)))
  return table.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function verdictText({ verdict, lost, applied, high }: PartitionPlan): string {
  if (verdict === 'records-lost') return `records ${lost?.join(' to ')} are lost`
  // Where the log holds as much as was folded, only the operator can have said so.
  const anew =
    high <= (applied ?? -1) ? 'log ends before what was folded' : 'log made anew, as you say'
  return { 'goes-on': 'goes on', 'log-anew': anew, 'no-state': 'no state' }[verdict]
}

function thenText({ verdict, next, waiting, forgotten }: PartitionPlan): string {
  const fold = verdict === 'no-state' ? `is rebuilt from ${next}` : `folds on from ${next}`
  const publish = waiting === 0 ? [] : [`${waiting} waiting decisions are published`]
  const forget =
    forgotten.length === 0 ? [] : [`forgets how far it had read ${forgotten.join(', ')}`]
  return [fold, ...publish, ...forget].join('; ')
}
