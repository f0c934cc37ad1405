/** The end of a session that another took over from. */
import { type Authentication, satisfies } from './authenticate.ts'
import { draft, reasonsOf } from './draft.ts'
import type { SessionEvent } from './event.ts'
import type { Profile, Session } from './state.ts'
import { keptBackIn, type StepInput, setRisk, type Turn, tellResolved } from './turn.ts'

const authenticates = ({ type, outcome }: SessionEvent): boolean =>
  (type === 'login' || type === 'reauthentication') && outcome === 'success'

/** Revoked itself, or with all sessions of its subject. */
const isRevoked = (session: Session, profile: Profile): boolean =>
  session.status === 'revoked' || session.startedAt < profile.notBefore

/**
 * A login or re-authentication under a new session id that names the living session it takes over
 * from. Topics are not ordered among each other: the new id may have acted already.
 */
export function isRotation({ event, session, previous, profile }: StepInput): boolean {
  const untold = session?.status === 'active' && session.provisionalUntil > 0
  const isNew = session === null || (untold && session.stepUp === null)
  return (
    authenticates(event) && isNew && previous?.status === 'active' && !isRevoked(previous, profile)
  )
}

/** A mere renewal, which authenticates nobody, of a session that was revoked. */
export const isTakeoverOfRevoked = ({ event, previous, profile }: StepInput): boolean =>
  authenticates(event) &&
  event.assurance === null &&
  previous !== null &&
  isRevoked(previous, profile)

/**
 * What risk goes over: only that of the context that it continues from, where that context is proven.
 * Renewed from anywhere else, the session keeps all of it: else a new id would launder it.
 */
export function settle(turn: Turn, context: number, proven: boolean): void {
  if (turn.previous === null || !proven) return
  const { session } = turn
  session.contexts = session.contexts.filter((c) => c.proven || c.id === context)
  setRisk(
    turn,
    session.contributions.filter((c) => c.context === context),
  )
}

/**
 * Ends the predecessor: revoked where a rotate step-up was open, so that a copy of it dies, else it
 * just ends. Its step-up is resolved: satisfied where it was answered from the context that the risk
 * rests on, superseded where the takeover came from elsewhere.
 */
export function retire(turn: Turn, made: Authentication | null): void {
  const previous = turn.previous
  if (previous === null) return
  const { event, t } = turn.input
  const sessionKey = event.keys.previousSession
  const open = previous.stepUp
  let satisfied = false
  if (open !== null && !open.expired) {
    satisfied = made !== null && satisfies(made, open, true)
    const of = { sessionKey, session: previous, open }
    tellResolved(turn, of, satisfied ? 'satisfied' : 'superseded', made)
  }
  // Where nobody was told to rotate, the old id is not revoked for it either.
  const kept = open?.withheld === 'observe-only' ? 'observe-only' : keptBackIn(turn)
  const asked = open?.rotate === true || previous.held !== ''
  if (asked) {
    turn.drafts.push(
      draft({
        type: 'session.revoked',
        sessionKey,
        decidedAt: t,
        rule: 'revoke.rotated',
        level: previous.level,
        score: previous.score,
        reasons: reasonsOf(previous.contributions, t),
        supersedes: previous.held,
        keptBack: kept,
      }),
    )
  }
  turn.previous = {
    ...previous,
    status: asked && kept === '' ? 'revoked' : 'ended',
    endedAt: event.occurredAt,
    stepUp: null,
    held: '',
    successor: event.keys.session,
    // What was answered for is no evidence any more: what was begun from it meanwhile lives on.
    contributions: satisfied ? [] : previous.contributions,
  }
  turn.session.stepUp = null
}
