/**
 * Events whose session is not known yet: perhaps their login is on its way by another topic. The room
 * is shared by all raw partitions and bounded; when it is full, partitions wait instead of events.
 */
import type { RawEvent } from '@holdpoint/contracts'
import type { StoredRecord } from '@holdpoint/log'

export interface Waiting {
  readonly record: StoredRecord
  readonly raw: RawEvent
  /** How often its session was asked for. */
  attempts: number
  /** When to ask again, ms of the room's clock. */
  dueAt: number
}

/** How long after the one before each further attempt follows, ms: 1, 5 and 30 s after arrival. */
const unresolvedDelaysMs: readonly number[] = [1_000, 4_000, 25_000]
const waitingMax = 1_000

export interface WaitingRoom {
  readonly delaysMs: readonly number[]
  /** Events that wait, over all partitions. */
  count(): number
  /** Takes one more place; false when all are taken. */
  enter(): boolean
  leave(places: number): void
}

export function createWaitingRoom(
  max: number = waitingMax,
  delaysMs: readonly number[] = unresolvedDelaysMs,
): WaitingRoom {
  let taken = 0
  return {
    delaysMs,
    count: () => taken,
    enter() {
      if (taken >= max) return false
      taken++
      return true
    },
    leave(places) {
      taken -= places
    },
  }
}
