/** How a step begins: with a session that is known, that takes over from another, or that is met for the first time. */
import type { SubjectKind } from './event.ts'
import { cleanse } from './feedback.ts'
import { isRotation } from './rotate.ts'
import { copyOf, emptySession, type Session } from './state.ts'
import type { StepInput, Turn } from './turn.ts'

const provisionalMs = 60_000
const unknown = { rank: 0, authTime: 0, context: 0 }

export function openTurn(input: StepInput): Turn {
  const { session, previous } = input
  const kind = actingKind(input)
  const rotates = isRotation(input)
  const turn: Turn = {
    input,
    kind,
    startLevel: session?.level ?? 'LOW',
    profile: input.profile,
    session: copyOf(
      rotates && previous ? successor(input, previous) : (session ?? opened(input, kind)),
    ),
    previous: rotates ? previous : null,
    drafts: [],
  }
  cleanse(turn)
  return turn
}

/** Who acts in a session stays who it was where an event names nobody. */
function actingKind({ event, session, previous }: StepInput): SubjectKind {
  const named = event.actor[0]?.kind ?? event.subject.kind
  const told = event.actor.length > 0 || named !== 'human'
  return told ? named : ((session ?? previous)?.acting ?? named)
}

/**
 * When a session began that is met now. The revocation of all of a subject's sessions reaches unknown ones
 * too: one whose login was made, or whose token was issued, before it is of that time. Keys and
 * certificates are issued to their owner, not to a session: their end is told of them.
 */
export function begunAt({ event, profile }: StepInput): number {
  const { occurredAt, assurance, credential } = event
  const isToken = credential?.kind === 'session-token' || credential?.kind === 'workload-identity'
  const issuedAt = (isToken && credential.change === null && credential.issuedAt) || occurredAt
  const earliest = Math.min(assurance?.authTime ?? occurredAt, issuedAt, occurredAt)
  return earliest < profile.notBefore ? earliest : occurredAt
}

/** The login by which a session becomes known: its first event, or a later one than that which it was first seen by. */
export const beginsSession = (input: StepInput): boolean =>
  input.event.type === 'login' &&
  input.event.outcome === 'success' &&
  !isRotation(input) &&
  (input.session === null || input.session.provisionalUntil > 0)

/** A session on its first event. One that is not its login leaves freshness blind for a while. */
function opened(input: StepInput, kind: SubjectKind): Session {
  const { event, t } = input
  const provisional = kind === 'human' && event.type !== 'login'
  return {
    ...emptySession,
    sessionId: event.sessionId,
    acting: kind,
    startedAt: begunAt(input),
    provisionalUntil: provisional ? t + provisionalMs : 0,
    assurance: kind === 'human' ? unknown : { rank: 1, authTime: event.occurredAt, context: 0 },
  }
}

/** The session that takes over, with its predecessor's story; `settle` sorts out which risk goes over. */
function successor({ event, session }: StepInput, previous: Session): Session {
  return {
    ...previous,
    sessionId: event.sessionId,
    startedAt: event.occurredAt,
    repeats: session?.repeats ?? [],
    held: '',
    alertOnly: [],
  }
}
