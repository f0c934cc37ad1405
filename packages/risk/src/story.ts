/** A session's story: what was found in it, in the order of the log, for the person who reads it later. */
import { countsAt } from './assess.ts'
import type { EventType, SessionEvent } from './event.ts'
import type { Signal } from './signal.ts'
import type { Session } from './state.ts'

/** How many signals a session's story holds: the last ones. */
export const storySignals = 50

/** One signal with the event that it was found in. */
export interface StoryEntry {
  /** Of the cause in the internal log. */
  readonly offset: number
  /** Evidence time: when it happened, ms. */
  readonly at: number
  readonly eventId: string
  readonly eventType: EventType
  /** '' where the event is no action. */
  readonly action: string
  readonly signal: Signal
}

/**
 * What an event adds to its session's story: what is new or has grown, as `contribute` has it, and what only
 * alerts. A finding that each event repeats would push everything else out.
 *
 * @param before the session as it was before the event, null where it begins
 * @param t decision time, ms
 */
export function storyOf(
  event: SessionEvent,
  signals: readonly Signal[],
  { before, t, offset }: { before: Session | null; t: number; offset: number },
): readonly StoryEntry[] {
  return signals
    .filter((signal) => !isRepeated(signal, before, t))
    .map((signal) => ({
      offset,
      at: event.occurredAt,
      eventId: event.id,
      eventType: event.type,
      action: event.action?.name ?? '',
      signal,
    }))
}

function isRepeated(signal: Signal, before: Session | null, t: number): boolean {
  const old = before?.contributions.find(
    ({ detector, reason }) => detector === signal.detector && reason === signal.reason,
  )
  return old !== undefined && signal.score > 0 && countsAt(old, t) >= signal.score
}
