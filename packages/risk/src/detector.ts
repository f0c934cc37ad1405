/** The one shape of a detector: a pure function from event and memory to a signal. */

import type { Evidence } from './decision.ts'
import type { SessionEvent, SubjectKind } from './event.ts'
import type { Field, ValueOf } from './fields.ts'
import type { ActionRank, Sensitivity } from './policy.ts'
import type { Right } from './requirement.ts'
import type { Family } from './signal.ts'
import type { Context, Profile, Session } from './state.ts'

/** A context and when, by evidence time, the session was seen in it. */
export interface Sighting {
  readonly context: Context
  readonly at: number
}

/** Everything a detector may look at: the event, where it comes from, and what is known. */
export interface Scene {
  readonly event: SessionEvent
  /** Decision time, ms. Evidence time is `event.occurredAt`. */
  readonly t: number
  /** The acting kind: the nearest actor's, else the subject's. */
  readonly kind: SubjectKind
  /** True where this event begins the session by a login, or tells within a minute what the login left out (its context is not yet proven). */
  readonly begins: boolean
  /** True where the event authenticates, just now, by a method that can be neither guessed nor passed on. */
  readonly phishingResistant: boolean
  /** The context of this event. `proven` is true where the session or the subject's profile knows it as proven. */
  readonly context: Context
  /** The last proven context before this event by evidence time, in this session; null where there is none. */
  readonly base: Sighting | null
  /** For a late event: the next proven sighting after it, in this session. */
  readonly next: Sighting | null
  /** The last sighting in a proven context of another session of the subject before this event; null where there is none. */
  readonly elsewhere: Sighting | null
  /** For a late event: the first such sighting after it. */
  readonly elsewhereNext: Sighting | null
  /** False before the subject's first proven login: then what is "new" is blind. */
  readonly hasHistory: boolean
  /** True where the event's network is one the subject has used from a proven context. Also true where the event names none. */
  readonly networkKnown: boolean
  /** Rank and sensitivity of the event's action by policy; `read` and `routine` without an action. */
  readonly rank: ActionRank
  readonly sensitivity: Sensitivity
  /** Id of the policy's rule that names the action, '' where none does: what kind of action it is. */
  readonly actionRule: string
  /** Those of the event's privileges that policy ranks admin or secret. */
  readonly rights: readonly Right[]
  readonly session: Session
  readonly profile: Profile
  /** The session that this one was begun from; null where none is known. */
  readonly parent: Session | null
  /** The nearest session above this one in which a person acts: hers is the approval. Null where none is known. */
  readonly approver: Session | null
}

/** What a detector finds; the registry adds the detector's name and family. */
export interface Finding {
  readonly reason: string
  readonly score: number
  readonly halfLifeMs: number
  /** The context that it speaks of, where it is not the event's own. */
  readonly context?: number
  readonly message: string
  readonly evidence: Evidence
}

/** Inputs a detector cannot do without. Where one is missing it is blind: counted, never a risk. */
export type Need =
  | 'network'
  | 'place'
  | 'client'
  | 'context'
  | 'base'
  | 'history'
  | 'credential-life'
  | 'posture'
  | 'parent'

/** What a person must know of a detector to believe it, or to doubt it, in plain sentences. */
export interface About {
  /** What it looks at, and what it takes it for. */
  readonly sees: string
  /** Attacks that pass it by. */
  readonly misses: readonly string[]
  /** Honest doings that it takes for attacks. */
  readonly mistakes: readonly string[]
}

type Fields = Readonly<Record<string, Field>>
type MemoryOf<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> }

export interface DetectorMemory<S extends Fields, P extends Fields> {
  readonly session: MemoryOf<S>
  readonly profile: MemoryOf<P>
}

export interface Detector<
  S extends Fields = Fields,
  P extends Fields = Fields,
  Params extends Readonly<Record<string, number>> = Readonly<Record<string, number>>,
> {
  /** kebab-case. */
  readonly name: string
  /** Of its memory: a memory of another version is not read. */
  readonly version: number
  readonly family: Family
  /** Every reason it may give, with a sentence that says what it sees (for the reference). */
  readonly reasons: Readonly<Record<string, string>>
  readonly about: About
  /** Numbers that policy may tune, units last in their names. */
  readonly params: Params
  readonly needs: readonly Need[]
  /**
   * True where it also sees logins that failed. They have no session, so what it keeps of them it keeps in
   * the profile, and what it finds can only alert. Detectors learn nothing from failed logins unless they ask.
   */
  readonly seesFailedLogins?: boolean
  readonly memory: { readonly session: S; readonly profile: P }
  /** Total and pure; returns what it finds, or null. */
  detect(scene: Scene, memory: DetectorMemory<S, P>, params: Params): Finding | null
  /**
   * What to keep after this event. `scene.context.proven` already counts what this event proved.
   * Returns the very memory it was given where nothing changed.
   */
  remember(scene: Scene, memory: DetectorMemory<S, P>, params: Params): DetectorMemory<S, P>
}

/** Gives a detector its type; the registry's suite holds it to its promises. */
export function defineDetector<
  const S extends Fields,
  const P extends Fields,
  const Params extends Readonly<Record<string, number>>,
>(detector: Detector<S, P, Params>): Detector {
  return detector as unknown as Detector
}

/** For detectors that keep nothing. */
export const noMemory = { session: {}, profile: {} } as const
