import type { Evidence } from './decision.ts'

/** In the order in which they are assessed. */
export const families = [
  'place',
  'client',
  'token',
  'privilege',
  'credential',
  'posture',
  'delegation',
  'behaviour',
] as const

export type Family = (typeof families)[number]

/** One detector's finding about one event: never an action. */
export interface Signal {
  readonly detector: string
  /** UPPER_SNAKE. */
  readonly reason: string
  readonly family: Family
  /** 0-1000; 1000 is conclusive. */
  readonly score: number
  /** Milliseconds; 0 is session-bound: it does not decay, only proof, rotation or the end clears it. */
  readonly halfLifeMs: number
  /** The context that the finding speaks of (`Context.id`); 0 is the event's own. */
  readonly context: number
  readonly message: string
  readonly evidence: Evidence
}
