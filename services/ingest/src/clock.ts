/** The one place where ingest learns the time of an event. */

export interface Clock {
  readonly kind: 'wall' | 'recorded'
  /** The present, ms. */
  now(): number
  /** When the event counts as received, ms. */
  receivedAt(event: {
    readonly receivedAt?: number | undefined
    readonly occurredAt: number
  }): number
  /** `t` of a tick to append to every partition before an event received at `receivedAt`; null for none. */
  tickBefore(receivedAt: number): number | null
}

/** The present, whatever the event says of its own arrival. Ticks come by timer, not before events. */
export function wallClock(now: () => number = Date.now): Clock {
  return { kind: 'wall', now, receivedAt: now, tickBefore: () => null }
}

/** An event at least this much after the last tick has one before it. */
const recordedTickGapMs = 60_000

/**
 * The time that recorded events bring along (replay, backtest, recorded tests): `receivedAt`, else
 * `occurredAt`. A tick goes before each event that is a minute or more past the last one, and none
 * after the last event, so that a replay does not depend on when it runs.
 */
export function recordedClock(now: () => number = Date.now): Clock {
  let lastTick = Number.NEGATIVE_INFINITY
  return {
    kind: 'recorded',
    now,
    receivedAt: (event) => event.receivedAt ?? event.occurredAt,
    tickBefore(receivedAt) {
      if (receivedAt - lastTick < recordedTickGapMs) return null
      lastTick = receivedAt
      return receivedAt
    },
  }
}
