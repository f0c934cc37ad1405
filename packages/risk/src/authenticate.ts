/** What an authentication proves: which risk it sheds, and which context it proves. */
import { prove } from './context.ts'
import type { Scene } from './detector.ts'
import type { SessionEvent, SubjectKind } from './event.ts'
import type { Policy } from './policy.ts'
import { assuranceRank, notOlder } from './requirement.ts'
import { type Contribution, caps, type OpenStepUp, type Profile, type Session } from './state.ts'
import { close, type StepInput, setRisk, type Turn } from './turn.ts'

export interface Authentication {
  /** Rank in the policy's order of assurance levels. */
  readonly rank: number
  /** ms. */
  readonly authTime: number
  /** RFC 8176 methods, comma-separated. */
  readonly method: string
  /** The context that it was made in. */
  readonly context: number
}

/**
 * The authentication that an event reports, null where it reports none. A missing `authTime` is the
 * event's own time. A takeover that states no assurance is a mere renewal of the session's id.
 */
export function authenticationOf(
  event: SessionEvent,
  context: number,
  { policy, previous }: Pick<StepInput, 'policy' | 'previous'>,
): Authentication | null {
  const authenticates = event.type === 'login' || event.type === 'reauthentication'
  if (!authenticates || event.outcome !== 'success') return null
  if (previous !== null && event.assurance === null) return null
  return {
    rank: assuranceRank(event.assurance, policy),
    authTime: Math.min(event.assurance?.authTime ?? event.occurredAt, event.occurredAt),
    method: event.assurance?.amr.join(',') ?? '',
    context,
  }
}

/**
 * Takes what the event authenticates: sheds the risk it answers, closes the step-up it satisfies, and
 * answers whether the event's context is proven after it.
 */
export function authenticate(turn: Turn, scene: Scene, made: Authentication | null): boolean {
  const { id, proven } = scene.context
  if (made === null) {
    countFailure(turn)
    takeKnownAssurance(turn)
    return proven || proveFirstUse(turn, scene)
  }
  if (made.authTime >= turn.session.assurance.authTime || turn.session.assurance.rank === 0) {
    const { rank, authTime } = made
    turn.session.assurance = { rank, authTime, context: id }
  }
  const { policy } = turn.input
  const rotated = turn.previous !== null
  const open = turn.session.stepUp
  const answers = open === null ? answersLevel(turn, made) : satisfies(made, open, rotated)
  if (answers) {
    setRisk(turn, shed(turn.session.contributions, made, policy))
    // A takeover's step-up is the predecessor's: `retire` tells how it was closed.
    if (!rotated) close(turn, 'satisfied', made)
  }
  if (proven || proveFirstUse(turn, scene)) return true
  // A credential proves by its first use; its later logins prove nothing more.
  const byLogin = turn.kind === 'human' || (scene.event.credential?.id ?? 0) === 0
  const proves = answers || (byLogin && provesByItself(made, turn.session, policy))
  if (proves) turn.session.contexts = prove(turn.session.contexts, id)
  return proves
}

/** Without an open step-up: whether the authentication is what the session's level would have asked for. */
function answersLevel(turn: Turn, made: Authentication): boolean {
  const { level, contributions } = turn.session
  if (level === 'LOW') return false
  const rotates = level === 'HIGH' || contributions.some(asksForRotation)
  const { rank } = turn.input.policy.requirements[level].sensitive
  return made.rank >= rank && (turn.previous !== null || !rotates)
}

function proveFirstUse(turn: Turn, scene: Scene): boolean {
  if (!isFirstUse(scene.event, turn.kind, turn.profile)) return false
  const credential = scene.event.credential?.id ?? 0
  const credentials = [...turn.profile.credentials, credential].slice(-caps.profileCredentials)
  turn.profile = { ...turn.profile, credentials }
  turn.session.contexts = prove(turn.session.contexts, scene.context.id)
  return true
}

function countFailure(turn: Turn): void {
  const { event } = turn.input
  const open = turn.session.stepUp
  if (event.type !== 'reauthentication' || event.outcome !== 'failure' || open === null) return
  turn.session.stepUp = { ...open, failures: open.failures + 1 }
}

/** A token that is fresher than the state tells of an authentication, but not where it was made. */
function takeKnownAssurance(turn: Turn): void {
  const { event, policy } = turn.input
  const authTime = event.assurance?.authTime ?? 0
  if (authTime <= turn.session.assurance.authTime || authTime > event.occurredAt) return
  const rank = assuranceRank(event.assurance, policy)
  turn.session.assurance = { rank, authTime, context: 0 }
}

/** The rank that counts as resistant to phishing: the strongest that policy knows. */
const isPhishingResistant = (rank: number, policy: Policy) => rank >= policy.assurance.length

/**
 * Whether an authentication satisfies a step-up: not older than its issue, of the asked rank, made in
 * the context that the risk rests on, and with a new session id where one was asked for. The victim
 * who answers the prompt that a thief caused proves the victim's context, not the thief's.
 */
export function satisfies(
  authentication: Authentication,
  stepUp: OpenStepUp,
  rotated: boolean,
): boolean {
  return (
    authentication.rank >= stepUp.rank &&
    notOlder(authentication.authTime, stepUp.issuedAt) &&
    (!stepUp.riskDriven || authentication.context === stepUp.context) &&
    (!stepUp.rotate || rotated)
  )
}

/** A finding that only a new session id answers: session-bound, of place, client or token. */
export const asksForRotation = (c: Pick<Contribution, 'family' | 'halfLifeMs'>): boolean =>
  c.halfLifeMs === 0 && (c.family === 'place' || c.family === 'client' || c.family === 'token')

/**
 * What remains of the risk after a proof made in `context`: phishing-resistant methods shed all of
 * that context's, others half of each contribution (rounded down) and nothing of token or client.
 */
function shed(
  contributions: readonly Contribution[],
  proof: Authentication,
  policy: Policy,
): readonly Contribution[] {
  const all = isPhishingResistant(proof.rank, policy)
  return contributions.flatMap((c) => {
    if (c.context !== proof.context) return [c]
    if (all) return []
    if (c.family === 'token' || c.family === 'client') return [c]
    const score = Math.floor(c.score / 2)
    return score === 0 ? [] : [{ ...c, score }]
  })
}

/**
 * Whether an authentication that answers no open step-up still proves its context: it leaves the
 * level LOW, or is phishing-resistant. Under an open step-up only its answer proves.
 */
const provesByItself = (
  authentication: Authentication,
  session: Session,
  policy: Policy,
): boolean =>
  session.stepUp === null &&
  (session.level === 'LOW' || isPhishingResistant(authentication.rank, policy))

/** The first use of a credential, by which workloads and agents prove their context. */
const isFirstUse = (event: SessionEvent, kind: SubjectKind, profile: Profile): boolean =>
  kind !== 'human' &&
  event.credential !== null &&
  event.credential.id !== 0 &&
  !profile.credentials.includes(event.credential.id)
