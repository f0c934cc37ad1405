/**
 * The fold of one partition: every record of the internal log in its order, over the states it led to.
 * It has no clock and looks nothing up, so refolding a log gives the same decisions byte for byte.
 */
import { noteAlertOnly } from './alert-only.ts'
import { noControl } from './control.ts'
import { decisionTime } from './decision-time.ts'
import { detectors as allDetectors } from './detectors/index.ts'
import { foldEvent, isFailedLogin } from './fold-event.ts'
import type { FoldResult, PartitionMeta, PlacedRecord, States } from './fold-types.ts'
import { begin, finish, nothing } from './folding.ts'
import { obey } from './orders.ts'
import type { Policy } from './policy.ts'
import { calm } from './restraint.ts'
import { tick } from './timers.ts'

export const emptyMeta = (generation: number, partition: number): PartitionMeta => ({
  generation,
  partition,
  appliedOffset: -1,
  lastTick: 0,
  origins: {},
  control: noControl,
  loads: [],
})

/** Folds one record. Never throws for anything that ingest may have let through. */
export function foldPartition(
  meta: PartitionMeta,
  { offset, record }: PlacedRecord,
  states: States,
  policy: Policy,
  detectors = allDetectors,
): FoldResult {
  const next = { ...meta, appliedOffset: offset }
  if (record.kind === 'tick') {
    if (record.t <= meta.lastTick) return nothing('ignored', next)
    const folding = begin(next, offset, states, policy)
    tick(folding, record.t)
    calm(folding, record.t)
    const told = { event: null, t: record.t, signals: [] }
    return finish(folding, { ...next, lastTick: record.t, loads: folding.loads }, told)
  }
  if (record.kind === 'control') return obey(begin(next, offset, states, policy), record.control)
  const { event, origin } = record
  const key = origin === null ? '' : `${origin.topic}:${origin.partition}`
  if (origin !== null && origin.offset <= states.origin(key)) return nothing('repeat', next)
  const moved = origin === null ? null : { key, offset: origin.offset }
  const folding = begin(next, offset, states, policy)
  const told = foldEvent(folding, event, detectors)
  if (typeof told === 'string') return { ...nothing(told, next), origin: moved }
  const { signals, blind } = told
  const t = decisionTime(event)
  const session = isFailedLogin(event) ? '' : event.keys.session
  noteAlertOnly(folding, { subject: event.keys.subject, session }, signals, t)
  const { loads } = folding
  const after = loads === next.loads ? next : { ...next, loads }
  return finish(folding, after, { event, t, signals }, { origin: moved, blind })
}
