/** How a session stands now: not what its record says alone, but what the next decision about it would tell. */
import {
  livingProfile,
  livingSession,
  type OpenStepUp,
  type Profile,
  type Session,
  type SessionStatus,
  statusOf,
} from '@holdpoint/risk'
import { escaped, timeText } from '../dlq/text.ts'

export interface Posture {
  /** As in decisions; `ended` where it logged out or another id took over, `forgotten` where its life is over. */
  readonly status: SessionStatus | 'ended' | 'forgotten'
  /** In plain words, '' where there is nothing to say. */
  readonly why: string
}

/** @param now ms since the epoch */
export function postureOf(session: Session, profile: Profile | null, now: number): Posture {
  if (livingSession(session, profile, now) === null)
    return {
      status: 'forgotten',
      why: `it had no event since ${timeText(session.lastSeen)}: the next one begins it anew`,
    }
  const { startedAt, notAfter, status, held, endedAt } = session
  const notBefore = livingProfile(profile, now)?.notBefore ?? 0
  if (status !== 'revoked' && startedAt < notBefore)
    return {
      status: 'revoked',
      why: `all sessions of the subject are that began before ${timeText(notBefore)}`,
    }
  if (status === 'revoked') return { status, why: `since ${timeText(endedAt)}` }
  if (status === 'ended') return { status, why: endOf(session) }
  if (notAfter > 0 && notAfter <= now)
    return {
      status: 'revoked',
      why: `its life was cut and ran out at ${timeText(notAfter)}; the next tick tells it`,
    }
  const told = statusOf(session)
  if (told === 'revocation_held')
    return { status: told, why: `${escaped(held)} waits for an operator: holdpoint control ls` }
  const open = session.stepUp
  return open === null ? { status: told, why: '' } : waiting(session, open, now)
}

function endOf({ endedAt, successor }: Session): string {
  const how = successor === '' ? 'it logged out' : 'another session id took over from it'
  return `since ${timeText(endedAt)}: ${how}`
}

/** With a step-up that is open, or was until its deadline. */
function waiting(session: Session, open: OpenStepUp, now: number): Posture {
  const status = statusOf(session)
  const deadline = timeText(open.deadline)
  if (open.withheld === 'observe-only')
    return { status, why: 'a step-up is only observed: apps do not hear of it' }
  const isOver = open.expired || open.deadline <= now
  if (isOver && session.level !== 'HIGH')
    return { status: 'active', why: `its step-up ran out unanswered at ${deadline}` }
  if (open.withheld === 'cap')
    return { status, why: 'without a prompt, which a cap kept back: its deadline ends nobody' }
  if (!isOver) return { status, why: `to be answered by ${deadline}` }
  const ends = session.acting === 'human'
  return { status, why: `not answered by ${deadline}${ends ? ': its next act revokes it' : ''}` }
}
