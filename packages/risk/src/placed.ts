/** A session's place among those of its subject, as they stand while a record is folded. */
import type { SessionEvent } from './event.ts'
import { type Folding, sessionOf } from './folding.ts'
import { livingSession } from './lifetimes.ts'
import { keepsChild } from './lineage.ts'
import type { Profile, Session } from './state.ts'

/** How many renewals of a session id are followed at once; the last that was reached is remembered. */
const renewalsMax = 32

/** What a record is busy with. */
export interface Cause {
  readonly event: SessionEvent
  /** Decision time, ms. */
  readonly t: number
}

export interface Placed {
  /** '' where there is none. */
  readonly key: string
  /** null where it is not known. */
  readonly session: Session | null
}

export const living = (
  folding: Folding,
  key: string,
  profile: Profile,
  t: number,
): Session | null => livingSession(sessionOf(folding, key), profile, t)

/** Follows a session's renewals to the one that counts for a child that was begun at `since`. */
export function present(
  folding: Folding,
  key: string,
  since: number,
  profile: Profile,
  t: number,
): Placed {
  let at: Placed = { key, session: key === '' ? null : living(folding, key, profile, t) }
  for (let n = 0; n < renewalsMax; n += 1) {
    const { session } = at
    if (session === null || session.successor === '' || keepsChild(session, since)) return at
    at = { key: session.successor, session: living(folding, session.successor, profile, t) }
  }
  return at
}
