/** What an authentication proves: which risk it sheds, and which context it proves. */
import { asksForRotation, evidenceTime } from './assess.ts'
import { isPoisoned, prove } from './context.ts'
import type { Scene } from './detector.ts'
import {
  authenticatorKinds,
  type CredentialKind,
  type SessionEvent,
  type SubjectKind,
} from './event.ts'
import { demanded } from './obligation.ts'
import type { Policy } from './policy.ts'
import { assuranceRank, notOlder } from './requirement.ts'
import {
  type Context,
  type Contribution,
  caps,
  type OpenStepUp,
  type Profile,
  type Session,
} from './state.ts'
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
  /** False where its authenticator was enrolled of late or from an unproven context, or its context is poisoned: it lets in, and proves nothing. */
  readonly proves: boolean
  /** True where it was made just now, not long ago in another app's session. */
  readonly fresh: boolean
}

const enrolledOfLateMs = 24 * 3_600_000

/** An authenticator enrolled in the last 24 h, or from an unproven context, proves nothing: it may be a thief's own. */
function isTrusted({ credential, occurredAt }: SessionEvent, { enrolments }: Profile): boolean {
  if (credential === null) return true
  const { id, kind, issuedAt } = credential
  const isNew = (at: number) => occurredAt - at < enrolledOfLateMs
  if (authenticatorKinds.includes(kind) && issuedAt !== null && isNew(issuedAt)) return false
  const enrolled = enrolments.find((e) => e.credential === id)
  const issued = kind !== 'unknown' && !authenticatorKinds.includes(kind)
  return enrolled === undefined || (enrolled.proven && (issued || !isNew(enrolled.at)))
}

/** Issued to software by those who know it. A token is not among them: whoever has stolen a key can get tokens for it. */
const issuedKinds: readonly CredentialKind[] = ['api-key', 'certificate', 'workload-identity']

/**
 * A credential that software got for the occasion: the strongest that it can show, as nobody can have
 * copied it before.
 */
function isJustInTime({ credential, occurredAt }: SessionEvent, policy: Policy): boolean {
  if (credential?.status !== 'active' || !issuedKinds.includes(credential.kind)) return false
  const age = occurredAt - (credential.issuedAt ?? 0)
  return age >= -sameAuthenticationMs && age <= policy.stepUp.maxAge * 1000
}

/**
 * The authentication that an event reports, null where it reports none. A missing `authTime` is the
 * event's own time. A takeover that states no assurance is a mere renewal of the session's id.
 */
export function authenticationOf(
  event: SessionEvent,
  context: Context,
  kind: SubjectKind,
  { policy, previous, profile }: Pick<StepInput, 'policy' | 'previous' | 'profile'>,
): Authentication | null {
  const authenticates = event.type === 'login' || event.type === 'reauthentication'
  if (!authenticates || event.outcome !== 'success') return null
  const justInTime = kind !== 'human' && isJustInTime(event, policy)
  if (previous !== null && event.assurance === null && !justInTime) return null
  const proves = isTrusted(event, profile) && !isPoisoned(profile, context)
  const rank = justInTime ? policy.assurance.length : assuranceRank(event.assurance, policy)
  const authTime = Math.min(event.assurance?.authTime ?? event.occurredAt, event.occurredAt)
  return {
    rank: proves ? rank : 1,
    authTime,
    method: event.assurance?.amr.join(',') ?? '',
    context: context.id,
    proves,
    fresh: event.occurredAt - authTime <= policy.stepUp.maxAge * 1000,
  }
}

/**
 * Takes what the event authenticates: sheds the risk it answers, closes the step-up it satisfies, and
 * answers whether the event's context is proven after it.
 * @param toldHalf true where the login proved what it told of the context, and this event tells the rest
 */
export function authenticate(
  turn: Turn,
  scene: Scene,
  made: Authentication | null,
  toldHalf: boolean,
): boolean {
  const { id, proven } = scene.context
  if (made === null) {
    countFailure(turn)
    takeKnownAssurance(turn)
    if (proveFirstUse(turn, scene) || proven) return true
    const { level, stepUp } = turn.session
    const stands = toldHalf && stepUp === null && (level === 'LOW' || scene.phishingResistant)
    if (stands) turn.session.contexts = prove(turn.session.contexts, id)
    return stands
  }
  const { policy } = turn.input
  if (outdates(made, turn.session.assurance)) {
    const { rank, authTime } = made
    turn.session.assurance = { rank, authTime, context: id }
  }
  const rotated = turn.previous !== null
  const open = turn.session.stepUp
  // What is found of a login is not answered by that login, unless nobody can have passed it on.
  const mayAnswer = !scene.begins || scene.phishingResistant
  const answers =
    open === null ? mayAnswer && answersLevel(turn, made) : satisfies(made, open, rotated)
  if (answers) {
    if (turn.session.level === 'HIGH') cutLife(turn)
    if (made.proves) setRisk(turn, shed(turn.session.contributions, made, policy))
    // A takeover's step-up is the predecessor's: `retire` tells how it was closed.
    if (!rotated) close(turn, 'satisfied', made)
  }
  if (proveFirstUse(turn, scene) || proven) return true
  // A credential proves by its first use; its later logins prove nothing more.
  const byLogin = turn.kind === 'human' || (scene.event.credential?.id ?? 0) === 0
  const proves = made.proves && (answers || (byLogin && provesByItself(made, turn.session, policy)))
  if (proves) turn.session.contexts = prove(turn.session.contexts, id)
  return proves
}

/** A session that was at HIGH lives on for a while only. Software is not ended by the clock: an outage is no remedy. */
function cutLife({ kind, session, input }: Turn): void {
  if (kind !== 'human') return
  const end = input.t + input.policy.stepUp.lifeAfterHighMs
  session.notAfter = Math.min(session.notAfter || end, end)
}

/** Without an open step-up: whether the authentication is what the session's level would have asked for. */
function answersLevel(turn: Turn, made: Authentication): boolean {
  const { level, contributions } = turn.session
  if (level === 'LOW') return false
  const { requirement, obligation } = demanded(turn.kind, level, 'sensitive', turn.input.policy)
  if (obligation === 'approval') return false
  const rotates = level === 'HIGH' || contributions.some(asksForRotation)
  return (
    made.rank >= requirement.rank &&
    notOlder(made.authTime, evidenceTime(contributions)) &&
    (turn.previous !== null || !rotates)
  )
}

/** A weaker authentication soon after a stronger one takes nothing away from it. */
const strongerCountsMs = 10 * 60_000

function outdates(made: Authentication, known: Session['assurance']): boolean {
  if (!notOlder(made.authTime, known.authTime)) return known.rank === 0
  return made.rank >= known.rank || made.authTime - known.authTime > strongerCountsMs
}

/** The first use of a credential proves its context, for workloads and agents; each use keeps it in mind. */
function proveFirstUse(turn: Turn, scene: Scene): boolean {
  const { event } = scene
  const credential = event.credential?.id ?? 0
  if (turn.kind === 'human' || credential === 0 || !isUse(event)) return false
  const known = turn.profile.credentials
  const at = known.indexOf(credential)
  // Near the end of the list it is safe from being forgotten: not every use rewrites the profile.
  if (at >= 0 && at >= Math.floor(known.length / 2)) return false
  const others = known.filter((id) => id !== credential)
  const credentials = [...others, credential].slice(-caps.profileCredentials)
  turn.profile = { ...turn.profile, credentials }
  if (at >= 0 || isPoisoned(turn.profile, scene.context)) return false
  turn.session.contexts = prove(turn.session.contexts, scene.context.id)
  return true
}

const isUse = ({ type, outcome, credential }: SessionEvent): boolean =>
  (type === 'action' || type === 'login' || type === 'reauthentication') &&
  outcome === 'success' &&
  credential?.status !== 'revoked' &&
  credential?.status !== 'reused'

function countFailure(turn: Turn): void {
  const { event } = turn.input
  const open = turn.session.stepUp
  if (event.type !== 'reauthentication' || event.outcome !== 'failure' || open === null) return
  turn.session.stepUp = { ...open, failures: open.failures + 1 }
}

/** Providers round `auth_time` to seconds: within them it is the authentication that is known already. */
const sameAuthenticationMs = 2_000

/**
 * A token that is fresher than the state tells of an authentication, but not where it was made: it
 * counts for freshness, and closes a step-up that asked for no more.
 */
function takeKnownAssurance(turn: Turn): void {
  const { event, policy } = turn.input
  const reports = event.type !== 'login' && event.type !== 'reauthentication'
  const authTime = event.assurance?.authTime ?? 0
  if (!reports || event.outcome === 'failure' || authTime > event.occurredAt) return
  if (authTime <= turn.session.assurance.authTime + sameAuthenticationMs) return
  const rank = assuranceRank(event.assurance, policy)
  turn.session.assurance = { rank, authTime, context: 0 }
  const open = turn.session.stepUp
  if (open === null || open.riskDriven) return
  const method = event.assurance?.amr.join(',') ?? ''
  const told = { rank, authTime, method, context: 0, proves: false, fresh: true }
  if (satisfies(told, open, false)) close(turn, 'satisfied', told)
}

/** True where the authentication was made just now by a method that resists phishing. */
export const resistsPhishing = (made: Authentication | null, policy: Policy): boolean =>
  made?.fresh === true && isPhishingResistant(made.rank, policy)

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
    stepUp.obligation !== 'approval' &&
    authentication.rank >= stepUp.rank &&
    notOlder(authentication.authTime, stepUp.issuedAt) &&
    (!stepUp.riskDriven || authentication.context === stepUp.context) &&
    (!stepUp.rotate || rotated)
  )
}

/**
 * What remains of the risk after a proof made in `context`: phishing-resistant methods shed all of
 * that context's, others half of each contribution (rounded down) and nothing of token or client.
 */
function shed(
  contributions: readonly Contribution[],
  proof: Authentication,
  policy: Policy,
): readonly Contribution[] {
  if (!isPhishingResistant(proof.rank, policy)) return halve(contributions, proof.context)
  return contributions.filter((c) => c.context !== proof.context || isToRevoke(c))
}

/** What is conclusive is answered by no proof, before it was decided on. */
const isToRevoke = ({ score, spent }: Contribution): boolean => score >= 1000 && !spent

/** What remains where a context is vouched for by less: half of its risk, all of its token and client findings. */
export const halve = (
  contributions: readonly Contribution[],
  context: number,
): readonly Contribution[] =>
  contributions.flatMap((c) => {
    if (c.context !== context || c.family === 'token' || c.family === 'client') return [c]
    const score = Math.floor(c.score / 2)
    return score === 0 ? [] : [{ ...c, score }]
  })

/**
 * Whether an authentication that answers no open step-up still proves its context: it leaves the level
 * LOW, or is phishing-resistant and made just now. Under an open step-up only its answer proves.
 */
const provesByItself = (made: Authentication, session: Session, policy: Policy): boolean =>
  session.stepUp === null && (session.level === 'LOW' || resistsPhishing(made, policy))

/** Remembers an authenticator that was enrolled, and from where. */
export function rememberEnrolment(profile: Profile, event: SessionEvent, proven: boolean): Profile {
  const { credential } = event
  const enrols = event.type === 'credential-change' && event.outcome === 'success'
  if (!enrols || credential?.change !== 'create' || credential.id === 0) return profile
  const others = profile.enrolments.filter((e) => e.credential !== credential.id)
  const enrolled = { credential: credential.id, at: event.occurredAt, proven }
  return { ...profile, enrolments: [...others, enrolled].slice(-caps.profileEnrolments) }
}
