/** A list of events that came by HTTP: all of it is appended, or none. */
import { type RawEvent, topics } from '@holdpoint/contracts'
import { admit, type Placed } from './admit.ts'
import type { Fault } from './faults.ts'
import type { IngestMetrics } from './metrics.ts'
import type { Intake } from './raw-intake.ts'
import { withTicks } from './ticks.ts'

/** What is wrong with the event at this place of the list. */
export interface Refused {
  readonly at: number
  readonly fault: Fault
}

/**
 * Resolves when the log has acknowledged every event, or with what is wrong and nothing taken. Rejects
 * where log or session index do not answer: the sender repeats the whole list with the same ids, and
 * what was appended is known by them.
 */
export async function accept(
  tenant: string,
  events: readonly RawEvent[],
  traceparent: string | null,
  { admission, writer }: Intake,
  metrics: IngestMetrics,
): Promise<readonly Refused[]> {
  const incoming = events.map((raw) => ({ raw, origin: null, traceparent }))
  const { dispositions, remember } = await admit(tenant, incoming, admission)
  const placed: Placed[] = []
  const refused: Refused[] = []
  for (const [at, disposition] of dispositions.entries()) {
    if (disposition.kind === 'ok') placed.push(disposition.placed)
    else refused.push({ at, fault: disposition.fault })
  }
  if (refused.length > 0) return refused
  await remember()
  const { clock, partitions, catalogue } = admission
  const begun = performance.now()
  await writer.append(topics.internal, withTicks(placed, clock, partitions, catalogue))
  metrics.appendSeconds.observe((performance.now() - begun) / 1000)
  metrics.accepted.add(placed.length, { source: 'http' })
  return []
}
