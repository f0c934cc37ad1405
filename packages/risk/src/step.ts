/**
 * One event of one session: detect, assess, decide, evolve. Total, synchronous, deterministic: time is
 * the event's, ids are the log's.
 */
import { approve } from './approve.ts'
import { contribute } from './assess.ts'
import {
  type Authentication,
  authenticate,
  authenticationOf,
  rememberEnrolment,
  resistsPhishing,
} from './authenticate.ts'
import { conclude, revokes } from './conclude.ts'
import { elsewhere, learn, locate, neighbours, networkKnown, stay } from './context.ts'
import { isActing } from './decide.ts'
import { detectAll, rememberAll } from './detect.ts'
import type { Scene } from './detector.ts'
import type { Draft } from './draft.ts'
import type { SubjectKind } from './event.ts'
import { cleanse, noteDecisions } from './feedback.ts'
import { demandOf, rightsOf } from './requirement.ts'
import { isRotation, isTakeoverOfRevoked, retire, settle } from './rotate.ts'
import type { Signal } from './signal.ts'
import { type Context, caps, copyOf, emptySession, type Profile, type Session } from './state.ts'
import { type StepInput, setRisk, type Turn } from './turn.ts'

export interface StepResult {
  readonly profile: Profile
  readonly session: Session
  /** The session that was taken over from, null where nothing rotated. */
  readonly previous: Session | null
  readonly signals: readonly Signal[]
  readonly blind: readonly string[]
  readonly decisions: readonly Draft[]
}

const provisionalMs = 60_000
const nowhere = { before: null, after: null }
const unknown = { rank: 0, authTime: 0, context: 0 }

export function step(input: StepInput): StepResult {
  const turn = begin(input)
  const begins = beginsSession(input)
  if (isOver(turn)) return closed(turn)
  if (isTakeoverOfRevoked(input)) return endTakeover(turn)

  const context = arrive(turn, begins)
  approve(turn)
  const made = authenticationOf(input.event, context, turn.kind, input)
  const scene = sceneOf(turn, context, begins, made)
  const { signals, blind } = detectAll(input.detectors, scene, input.policy)
  setRisk(turn, contribute(turn.session.contributions, signals, input.t))
  const proven = authenticate(turn, scene, made)
  settle(turn, context.id, proven)
  retire(turn, made)
  conclude(turn, scene)
  evolve(turn, scene, proven)
  noteDecisions(turn)
  const { session, profile, previous, drafts } = turn
  return { session, profile, previous, signals, blind, decisions: drafts }
}

function begin(input: StepInput): Turn {
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

/** An agent that a person sent: where it is, and what it is used from, says nothing of the person. */
const isDelegated = ({ kind, input }: Turn): boolean => kind !== input.event.subject.kind

/**
 * When a session began that is met now. The revocation of all of a subject's sessions reaches unknown ones
 * too: one whose login was made, or whose token was issued, before it is of that time. Keys and
 * certificates are issued to their owner, not to a session: their end is told of them.
 */
function begunAt({ event, profile }: StepInput): number {
  const { occurredAt, assurance, credential } = event
  const isToken = credential?.kind === 'session-token' || credential?.kind === 'workload-identity'
  const issuedAt = (isToken && credential.change === null && credential.issuedAt) || occurredAt
  const earliest = Math.min(assurance?.authTime ?? occurredAt, issuedAt, occurredAt)
  return earliest < profile.notBefore ? earliest : occurredAt
}

/** The login by which a session becomes known: its first event, or a later one than that which it was first seen by. */
const beginsSession = (input: StepInput): boolean =>
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

/** What names no session cannot be of one that is over. */
const isOver = ({ session, profile, input }: Turn): boolean =>
  input.event.keys.session !== '' &&
  (session.status === 'revoked' || session.startedAt < profile.notBefore)

/** Events of a revoked session change nothing and are never more than an alert. */
function closed(turn: Turn): StepResult {
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
function endTakeover(turn: Turn): StepResult {
  revokes(turn, 'revoke.predecessor')
  noteDecisions(turn)
  turn.session.lastSeen = turn.input.t
  turn.session.repeats = repeated(turn)
  const { session, profile, drafts } = turn
  return { session, profile, previous: null, signals: [], blind: [], decisions: drafts }
}

/** Puts the event into its context; a late one does not move the session's present context. */
function arrive(turn: Turn, begins: boolean): Context {
  const { session, profile } = turn
  const { event } = turn.input
  const { context, contexts } = locate(session, profile, event)
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
  return context
}

export function sceneOf(
  turn: Turn,
  context: Context,
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
    begins,
    phishingResistant: resistsPhishing(made, policy),
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

/** Repeats are known by the ids of the session's latest events. */
function repeated({ session, kind, input }: Turn): readonly number[] {
  const max = kind === 'human' ? caps.repeatsHuman : caps.repeatsOther
  if (session.repeats.length < max) return [...session.repeats, input.event.idHash]
  return [...session.repeats.slice(1 - max), input.event.idHash]
}

/** Keeps what the event taught: only proven contexts teach. */
function evolve(turn: Turn, scene: Scene, proven: boolean): void {
  const { event, t, policy, detectors } = turn.input
  const context = scene.context.proven === proven ? scene.context : { ...scene.context, proven }
  const at = event.occurredAt
  // What is to be revoked teaches nothing while it waits.
  const isGood = turn.session.status === 'active' && turn.session.held === ''
  const teaches = context.proven && isGood && event.keys.session !== ''
  turn.session.lastSeen = Math.max(turn.session.lastSeen, t)
  turn.session.repeats = repeated(turn)
  followParent(turn)
  turn.profile = rememberEnrolment(turn.profile, event, context.proven)
  if (teaches) {
    turn.session.runs = stay(turn.session.runs, context.id, at)
    if (!isDelegated(turn)) turn.profile = learn(turn.profile, context, event.keys.session, at)
    if (scene.begins && !isDelegated(turn)) turn.profile = countLogin(turn.profile, at)
  }
  const { session, profile } = turn
  const kept = rememberAll(detectors, { ...scene, context, session, profile }, policy)
  session.memory = kept.session
  // What an agent does is no habit of the person who sent it.
  if (kept.profile !== profile.memory && !isDelegated(turn)) {
    turn.profile = { ...profile, memory: kept.profile }
  }
}

/** A session remembers what it was begun from, and how fresh the approval behind it was: a later event need not say. */
function followParent({ session, input: { parentKey, approver } }: Turn): void {
  const approvedAt = approver?.assurance.authTime ?? 0
  if (session.parent !== parentKey || approvedAt > 0) session.approvedAt = approvedAt
  session.parent = parentKey
}

function countLogin(profile: Profile, at: number): Profile {
  const day = Math.floor(at / 86_400_000)
  const newDay = day > profile.lastLoginDay
  return {
    ...profile,
    logins: profile.logins + 1,
    loginDays: profile.loginDays + (newDay ? 1 : 0),
    lastLoginDay: Math.max(day, profile.lastLoginDay),
  }
}
