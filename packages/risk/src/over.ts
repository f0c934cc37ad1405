/** Events of sessions that are over, and of those that would take over from one that was revoked. */
import { revokes } from './conclude.ts'
import { isActing } from './decide.ts'
import { repeated } from './evolve.ts'
import { noteDecisions } from './feedback.ts'
import type { Signal } from './signal.ts'
import type { Session } from './state.ts'
import type { StepResult, Turn } from './turn.ts'

/** What names no session cannot be of one that is over. */
export const isOver = ({ session, profile, input }: Turn): boolean =>
  input.event.keys.session !== '' &&
  (session.status === 'revoked' || session.startedAt < profile.notBefore)

/** Events of a revoked session change nothing and are never more than an alert. */
export function closed(turn: Turn): StepResult {
  const { event, t } = turn.input
  const signals: Signal[] = isActing(event)
    ? [
        {
          detector: 'used-after-end',
          reason: 'USED_AFTER_END',
          family: 'token',
          score: 0,
          halfLifeMs: 0,
          context: 0,
          message: 'The revoked session still acts: the app does not enforce its revocation.',
          evidence: { event: event.type, action: event.action?.name ?? '' },
        },
      ]
    : []
  // It is remembered for as long as it acts, else it would come back as a stranger.
  const lastSeen = Math.max(turn.session.lastSeen, t)
  const repeats = repeated(turn)
  const over = { status: 'revoked', stepUp: null, held: '' } as const
  const session: Session = { ...turn.session, ...over, lastSeen, repeats }
  return { profile: turn.profile, session, previous: null, signals, blind: [], decisions: [] }
}

/** A new id for a revoked session, without authenticating: it ends as its predecessor did. */
export function endTakeover(turn: Turn): StepResult {
  revokes(turn, 'revoke.predecessor')
  noteDecisions(turn)
  turn.session.lastSeen = turn.input.t
  turn.session.repeats = repeated(turn)
  const { session, profile, drafts } = turn
  return { session, profile, previous: null, signals: [], blind: [], decisions: drafts }
}
