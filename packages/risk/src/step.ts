/**
 * One event of one session: detect, assess, decide, evolve. Total, synchronous, deterministic: time is
 * the event's, ids are the log's.
 */
import { approve } from './approve.ts'
import { contribute } from './assess.ts'
import { authenticate, authenticationOf } from './authenticate.ts'
import { conclude } from './conclude.ts'
import { type Located, locate, unlearn } from './context.ts'
import { detectAll } from './detect.ts'
import { evolve } from './evolve.ts'
import { noteDecisions } from './feedback.ts'
import { beginsSession, begunAt, openTurn } from './opening.ts'
import { closed, endTakeover, isOver } from './over.ts'
import { isTakeoverOfRevoked, retire, settle } from './rotate.ts'
import { sceneOf } from './scene.ts'
import { type StepInput, type StepResult, setRisk, type Turn } from './turn.ts'

export function step(input: StepInput): StepResult {
  const turn = openTurn(input)
  const begins = beginsSession(input)
  if (isOver(turn)) return closed(turn)
  if (isTakeoverOfRevoked(input)) return endTakeover(turn)

  const { context, told } = arrive(turn, begins)
  approve(turn)
  const made = authenticationOf(input.event, context, turn.kind, input)
  const scene = sceneOf(turn, { context, told }, begins, made)
  const { signals, blind } = detectAll(input.detectors, scene, input.policy)
  setRisk(turn, contribute(turn.session.contributions, signals, input.t))
  const proven = authenticate(turn, scene, made, told?.proven === true)
  settle(turn, context.id, proven)
  retire(turn, made)
  conclude(turn, scene)
  evolve(turn, scene, proven)
  noteDecisions(turn)
  const { session, profile, previous, drafts } = turn
  return { session, profile, previous, signals, blind, decisions: drafts }
}

/** Puts the event into its context; a late one does not move the session's present context. */
function arrive(turn: Turn, begins: boolean): Located {
  const { session, profile } = turn
  const { event } = turn.input
  const located = locate(session, profile, event)
  const { context, contexts, told } = located
  const latest = session.contexts.reduce((at, c) => Math.max(at, c.lastSeen), 0)
  session.contexts = contexts
  session.lastContextId = Math.max(session.lastContextId, context.id)
  if (event.occurredAt >= latest || session.currentContext === 0) {
    session.currentContext = context.id
  }
  if (begins) {
    session.provisionalUntil = 0
    session.startedAt = begunAt(turn.input)
  }
  if (told !== null) {
    turn.profile = unlearn(profile, told)
    session.runs = session.runs.filter((run) => run.context !== told.id)
  }
  return located
}
