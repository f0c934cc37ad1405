import { type Clock, wallClock } from '@holdpoint/ingest'

export interface DevClock extends Clock {
  /** From now on events are received when they arrive. */
  goLive(): void
}

/**
 * A clock for a platform with a past: until `goLive` events were received when they say they
 * occurred, as from a recorded file; then the wall clock alone decides.
 */
export function devClock(): DevClock {
  const wall = wallClock()
  let live = false
  return {
    ...wall,
    receivedAt: (event) => (live ? wall.receivedAt(event) : event.occurredAt),
    goLive() {
      live = true
    },
  }
}
