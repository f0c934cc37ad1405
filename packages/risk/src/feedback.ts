/**
 * What an operator makes of a decision: the context that it rests on was a thief's (`confirmed`), or the
 * subject's own (`dismissed`). It is an administrator's word alone that counts: a thief, too, would say
 * "it was me" in the session that was stolen.
 */
import { halve } from './authenticate.ts'
import { tellLevel } from './conclude.ts'
import { isPoisoned, learn, prove, sameContext, stay } from './context.ts'
import { heaviest } from './decide.ts'
import type { SessionEvent } from './event.ts'
import { type Context, caps, copyOf, type Session, type ToldDecision } from './state.ts'
import { close, type StepInput, setRisk, type Turn } from './turn.ts'

type Verdict = 'confirmed' | 'dismissed'

/** What feedback would do: `heard` changes states, `repeat` and `unheard` change nothing. */
export type Hearing =
  | { readonly outcome: 'repeat' | 'unheard' }
  | { readonly outcome: 'heard'; readonly verdict: Verdict; readonly context: Context }

/** Whether a session's feedback counts, and of which of its contexts it speaks. */
export function hearing(event: SessionEvent, session: Session | null): Hearing {
  const verdict = verdictOf(event)
  const told = session?.decisions.find((d) => d.id === event.feedback?.decisionId)
  const context = session?.contexts.find((c) => c.id === told?.context)
  if (verdict === null || told === undefined || context === undefined) return { outcome: 'unheard' }
  // The last word counts, by when it was said: one that comes late, or again, says nothing new.
  const isNews = told.verdict !== verdict && event.occurredAt > told.judgedAt
  return isNews ? { outcome: 'heard', verdict, context } : { outcome: 'repeat' }
}

function verdictOf({ initiator, outcome, feedback }: SessionEvent): Verdict | null {
  if (initiator !== 'admin' || outcome === 'failure' || outcome === 'attempted') return null
  const verdict = feedback?.verdict
  return verdict === 'confirmed' || verdict === 'dismissed' ? verdict : null
}

/**
 * Takes feedback that is heard. A session that is over changes no more; its subject learns or forgets all
 * the same. Confirming ends nothing: that is a revocation's to do.
 */
export function judge(
  input: StepInput & { readonly session: Session },
  { verdict, context }: Extract<Hearing, { outcome: 'heard' }>,
): Pick<Turn, 'profile' | 'session' | 'drafts'> {
  const { event, session, profile } = input
  const turn: Turn = {
    input,
    kind: event.actor[0]?.kind ?? event.subject.kind,
    startLevel: session.level,
    profile,
    session: copyOf(session),
    previous: null,
    drafts: [],
  }
  // It speaks of the context, so of all that was decided about it so far.
  turn.session.decisions = session.decisions.map((told) =>
    told.context === context.id ? { ...told, verdict, judgedAt: event.occurredAt } : told,
  )
  if (verdict === 'confirmed') poison(turn, context)
  else vouch(turn, context)
  return turn
}

/** The subject forgets the context, and it can prove and teach nothing more. Its risk stays. */
function poison(turn: Turn, { network, client }: Context): void {
  const spoilt = { network, client }
  const { poisoned, contexts, sightings } = turn.profile
  const others = poisoned.filter((known) => !sameContext(known, spoilt))
  const kept = contexts.filter((known) => !sameContext(known, spoilt))
  turn.profile = {
    ...turn.profile,
    poisoned: [...others, spoilt].slice(-caps.profilePoisoned),
    contexts: kept,
    sightings: sightings.filter((s) => kept.some((known) => known.id === s.context)),
  }
  cleanse(turn)
}

/** Takes back what a poisoned context has proven in a session: stays, standing, and all above a password's rank. */
export function cleanse({ session, profile }: Turn): void {
  if (profile.poisoned.length === 0) return
  const spoilt = session.contexts.filter((c) => isPoisoned(profile, c)).map((c) => c.id)
  if (spoilt.length === 0) return
  const { rank, context } = session.assurance
  session.contexts = session.contexts.map((c) =>
    spoilt.includes(c.id) && c.proven ? { ...c, proven: false } : c,
  )
  session.runs = session.runs.filter((run) => !spoilt.includes(run.context))
  if (rank > 1 && spoilt.includes(context)) session.assurance = { ...session.assurance, rank: 1 }
}

/** The context is proven as by a proof that resists no phishing: half of its risk goes, none of token or client. */
function vouch(turn: Turn, context: Context): void {
  const { session, profile } = turn
  const poisoned = profile.poisoned.filter((known) => !sameContext(known, context))
  const key = turn.input.event.keys.session
  const at = context.lastSeen
  turn.profile = learn({ ...profile, poisoned }, context, key, at)
  session.contexts = prove(session.contexts, context.id)
  if (session.status !== 'active' || session.startedAt < profile.notBefore) return
  session.runs = stay(session.runs, context.id, at)
  setRisk(turn, halve(session.contributions, context.id))
  if (isAnswered(session, context.id)) close(turn, 'superseded')
  tellLevel(turn)
}

/** True where the open step-up has nothing more to ask for. */
function isAnswered({ stepUp, level }: Session, context: number): boolean {
  if (stepUp === null) return false
  if (stepUp.expired) return level !== 'HIGH'
  return level === 'LOW' && stepUp.riskDriven && stepUp.context === context
}

/** Keeps which context each decision of the step rests on, for the feedback that may come. */
export function noteDecisions(turn: Turn): void {
  if (turn.drafts.length === 0) return
  const { session, previous, input } = turn
  session.decisions = withTold(turn, session, input.event.keys.session)
  if (previous === null) return
  const decisions = withTold(turn, previous, input.event.keys.previousSession)
  if (decisions !== previous.decisions) turn.previous = { ...previous, decisions }
}

function withTold(turn: Turn, session: Session, key: string): Session['decisions'] {
  const { t, idOf } = turn.input
  const resting = heaviest(session.contributions, t, session.currentContext)
  const told = turn.drafts.flatMap((draft, index): readonly ToldDecision[] => {
    // A resolution tells of an answer, and rests on no risk.
    if (draft.sessionKey !== key || draft.type === 'session.stepup.resolved') return []
    const asked = draft.type === 'session.stepup.required' ? session.stepUp?.context : undefined
    return [{ id: idOf(index), context: asked ?? resting, verdict: 'none', judgedAt: 0 }]
  })
  if (told.length === 0) return session.decisions
  return [...session.decisions, ...told].slice(-caps.sessionDecisions)
}
