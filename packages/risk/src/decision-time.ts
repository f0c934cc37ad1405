/** Decision time: what decay, deadlines and caps go by. Travel and order go by `occurredAt`, the evidence time. */
import type { SessionEvent } from './event.ts'

/** An event later than this updates memory, and neither prompts nor revokes by score. */
const lateAfterMs = 10 * 60_000

/** Decision time: `clamp(occurredAt, receivedAt - 10 min, receivedAt)`. */
export const decisionTime = ({ occurredAt, receivedAt }: SessionEvent): number =>
  Math.min(receivedAt, Math.max(occurredAt, receivedAt - lateAfterMs))

/** True where an event came too late to be answered. */
export const isLate = ({ occurredAt, receivedAt }: SessionEvent): boolean =>
  occurredAt < receivedAt - lateAfterMs
