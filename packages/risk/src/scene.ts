/** What the detectors are shown of a turn. */
import { type Authentication, resistsPhishing } from './authenticate.ts'
import { elsewhere, type Located, neighbours, networkKnown } from './context.ts'
import type { Scene } from './detector.ts'
import { demandOf, rightsOf } from './requirement.ts'
import type { Turn } from './turn.ts'

const nowhere = { before: null, after: null }

export function sceneOf(
  turn: Turn,
  { context, told }: Pick<Located, 'context' | 'told'>,
  begins: boolean,
  made: Authentication | null,
): Scene {
  const { event, t, policy } = turn.input
  const { session, profile } = turn
  const { base, next } = neighbours(session, event.occurredAt)
  const others = isDelegated(turn)
    ? nowhere
    : elsewhere(profile, event.keys.session, event.occurredAt)
  const demand = demandOf(event, policy)
  return {
    event,
    t,
    kind: turn.kind,
    begins: begins || told !== null,
    phishingResistant:
      resistsPhishing(made, policy) ||
      (told?.proven === true && session.assurance.rank >= policy.assurance.length),
    context,
    base,
    next,
    elsewhere: others.before,
    elsewhereNext: others.after,
    hasHistory: hasHistory(turn, begins),
    networkKnown: networkKnown(context, session, profile),
    rank: demand.rank,
    sensitivity: demand.sensitivity,
    actionRule: demand.rule,
    rights: rightsOf(event, policy),
    session,
    profile,
    parent: turn.input.parent,
    approver: turn.input.approver,
  }
}

/**
 * People have history from their second login on; workloads and agents, who need not log in, from a proven
 * context on. An agent that a person sent has that of its session: the person's is not its own.
 */
function hasHistory(turn: Turn, begins: boolean): boolean {
  const { kind, profile, session } = turn
  if (isDelegated(turn)) return session.runs.length > 0
  return kind === 'human' ? profile.logins >= (begins ? 1 : 2) : profile.contexts.length > 0
}

/** An agent that a person sent: where it is, and what it is used from, says nothing of the person. */
export const isDelegated = ({ kind, input }: Turn): boolean => kind !== input.event.subject.kind
