/**
 * From what a record did to the states to what the SOC is told. Open findings are not kept: they are the
 * contributions of a session and what only alerts, before and after the record. So a finding is told as
 * often as it changes and not as often as it is seen, and a refold tells the same.
 */
import type { Alert, AlertActivity, ClosedBy } from './alert.ts'
import type { Decision, Reason } from './decision.ts'
import type { SessionEvent } from './event.ts'
import type { Folding } from './folding.ts'
import { sessionLifeMs } from './lifetimes.ts'
import type { Signal } from './signal.ts'
import { decisionId, statusOf, subjectOf } from './stamp.ts'
import { ofAlertOnly, type Standing, standing, uidOf } from './standing.ts'
import type { AlertOnly, Profile, Session } from './state.ts'

/** What a record was about, beside the states that it changed. */
export interface Told {
  /** null for a tick. */
  readonly event: SessionEvent | null
  /** Decision time, ms. */
  readonly t: number
  readonly signals: readonly Signal[]
}

type Draft = Omit<Alert, 'alertId' | 'cause'>

/** The alerts of a record, in the order of the sessions that it changed. `decisions` are those of `folding.drafts`. */
export function alertsOf(
  folding: Folding,
  decisions: readonly Decision[],
  told: Told,
): readonly Alert[] {
  const drafts: Draft[] = []
  for (const [key, after] of folding.sessions)
    ofSession(folding, key, after, decisions, told, drafts)
  for (const [key, after] of folding.profiles) ofProfile(folding, key, after, told, drafts)
  ofWholeSubjects(folding, decisions, told, drafts)
  return drafts.length === 0
    ? none
    : drafts.map((draft, i) => placed(folding, decisions, draft, i, told))
}

const none: readonly never[] = []

function placed(
  { meta, offset }: Folding,
  decisions: readonly Decision[],
  draft: Draft,
  index: number,
  { event }: Told,
): Alert {
  const { generation, partition } = meta
  const eventId = draft.decisions[0]?.cause.eventId ?? event?.id ?? ''
  return {
    alertId: decisionId({ generation, partition, offset }, decisions.length + index),
    ...draft,
    cause: { eventId, partition, offset },
  }
}

function ofSession(
  folding: Folding,
  key: string,
  after: Session,
  decisions: readonly Decision[],
  told: Told,
  drafts: Draft[],
): void {
  const before = folding.states.session(key)
  const about = folding.drafts.flatMap(({ draft }, i) =>
    draft.sessionKey === key && draft.keptBack === '' && concerns(draft, before, after)
      ? [decisions[i]!]
      : [],
  )
  const same =
    before !== null &&
    before.contributions === after.contributions &&
    before.alertOnly === after.alertOnly &&
    before.status === after.status
  if (same && about.length === 0) return
  const of = folding.drafts.find(({ draft }) => draft.sessionKey === key)?.of ?? told.event
  if (of === null) return
  const at = about.at(-1)?.decidedAt ?? told.t
  const scene: Scene = {
    at,
    tenant: of.tenant,
    subject: of.subject,
    sessionId: after.sessionId,
    risk: { level: after.level, score: after.score },
    status: statusOf(after),
    decisions: about,
    event: isOwn(folding, key, told.event) ? told.event : null,
  }
  const old = before === null ? none : standing(key, before, at, told.signals)
  const now = standing(key, after, at, told.signals)
  const crossed =
    (before?.score ?? 0) < folding.policy.revocation.scoreFrom &&
    after.score >= folding.policy.revocation.scoreFrom
  const first = drafts.length
  compare({ old, now, decided: about.length > 0 || crossed }, scene, drafts, (gone) =>
    closedBy(gone, before, after, told),
  )
  const revoked = about.find(({ type }) => type === 'session.revoked')
  if (revoked !== undefined && drafts.length === first) revocation(key, revoked, scene, drafts)
}

/** An event is its session's, that one's predecessor's and, where it ends a session, its successor's. */
function isOwn({ states }: Folding, key: string, event: SessionEvent | null): boolean {
  if (event === null) return false
  const { session, previousSession } = event.keys
  return key === session || key === previousSession || key === states.session(session)?.successor
}

/** Freshness is a requirement that the user's own action caused: no finding is about it. */
function concerns(
  { type, stepUp, resolution }: Folding['drafts'][number]['draft'],
  before: Session | null,
  after: Session,
): boolean {
  const of = [before?.stepUp, after.stepUp].find(
    (open) => open !== null && open?.id === (stepUp?.id ?? resolution?.stepUpId),
  )
  return type === 'session.revoked' || type === 'session.risk.changed' || of?.riskDriven === true
}

function ofProfile(
  folding: Folding,
  key: string,
  after: Profile,
  told: Told,
  drafts: Draft[],
): void {
  const before = folding.states.profile(key)
  if ((before?.alertOnly ?? none) === after.alertOnly) return
  const scene: Scene = {
    at: told.t,
    tenant: after.tenant,
    subject: subjectOf(after),
    sessionId: '',
    risk: { level: 'LOW', score: 0 },
    status: 'active',
    decisions: none,
    event: told.event,
  }
  const of = (list: readonly AlertOnly[]) =>
    list.map((entry) => ofAlertOnly(key, entry, true, told.signals))
  const lists = { old: of(before?.alertOnly ?? none), now: of(after.alertOnly), decided: false }
  compare(lists, scene, drafts, () => 'quiet')
}

/** The end of all sessions of a subject is told once: each session's own findings close when it is seen again. */
function ofWholeSubjects(
  folding: Folding,
  decisions: readonly Decision[],
  { event, t }: Told,
  drafts: Draft[],
): void {
  for (const [i, { draft, of }] of folding.drafts.entries()) {
    const decision = decisions[i]!
    if (draft.type !== 'session.revoked' || draft.sessionKey !== '') continue
    if (draft.keptBack !== '') continue
    const scene: Scene = {
      at: t,
      tenant: of.tenant,
      subject: of.subject,
      sessionId: '',
      risk: { level: draft.level, score: draft.score },
      status: 'revoked',
      decisions: [decision],
      event,
    }
    revocation(event?.keys.subject ?? '', decision, scene, drafts)
  }
}

/** What all alerts of one session or subject in one record say. */
type Scene = Pick<
  Draft,
  'at' | 'tenant' | 'subject' | 'sessionId' | 'risk' | 'status' | 'decisions' | 'event'
>

/** Found, worse, decided about, over: each finding is told at most once, and one that is over at once twice. */
function compare(
  lists: { old: readonly Standing[]; now: readonly Standing[]; decided: boolean },
  scene: Scene,
  drafts: Draft[],
  why: (gone: Standing) => ClosedBy,
): void {
  const { old, now, decided } = lists
  for (const known of old) {
    if (!known.open) continue
    const still = now.find(({ uid }) => uid === known.uid)
    if (still?.open !== true) drafts.push(drafted('close', known, scene, why(known)))
    else if (still.weight > known.weight || still.told > known.told || (decided && still.counts))
      drafts.push(drafted('update', still, scene))
  }
  for (const found of now) {
    const known = old.find(({ uid }) => uid === found.uid)
    if (known !== undefined && (known.open || !found.open)) continue
    drafts.push(drafted('create', found, scene))
    if (!found.open) drafts.push(drafted('close', found, scene, why(found)))
  }
}

function drafted(
  activity: AlertActivity,
  { uid, key, reason, firstSeen, lastSeen, count }: Standing,
  scene: Scene,
  closedBy: ClosedBy | null = null,
): Draft {
  return { uid, key, activity, closedBy, firstSeen, lastSeen, count, reason, ...scene }
}

function closedBy(
  gone: Standing,
  before: Session | null,
  after: Session,
  { event, t }: Told,
): ClosedBy {
  if (before !== null && t - before.lastSeen > sessionLifeMs) return 'expired'
  if (after.status !== 'active' && after.status !== before?.status) return after.status
  if (!gone.counts) return 'quiet'
  if (gone.reason.score === 0) return 'faded'
  const authenticates = event?.type === 'login' || event?.type === 'reauthentication'
  return authenticates ? 'proven' : 'displaced'
}

/** A revocation that no finding of the session explains is a finding itself, over at once. */
function revocation(key: string, decision: Decision, scene: Scene, drafts: Draft[]): void {
  const { at } = scene
  const rule = decision.policy.rule
  const own: Reason = {
    detector: 'policy',
    reason: 'SESSION_REVOKED',
    family: 'token',
    score: 0,
    message: revokedBy[rule] ?? `Revoked by the rule ${rule}`,
    evidence: { rule },
  }
  const reason = decision.reasons[0] ?? own
  const found: Standing = {
    uid: uidOf(key, reason.detector, reason.reason, at),
    key,
    reason,
    weight: reason.score,
    firstSeen: at,
    lastSeen: at,
    count: 1,
    told: 0,
    counts: true,
    open: false,
  }
  drafts.push(drafted('create', found, scene), drafted('close', found, scene, 'revoked'))
}

const revokedBy: Readonly<Record<string, string>> = {
  'revoke.failures': 'Too many failed attempts to answer a step-up',
  'revoke.deadline': 'Went on acting past the deadline of a step-up',
  'revoke.prompts': 'Needed more prompts than a person may get in an hour',
  'revoke.rotated': 'Another session took over from it',
  'revoke.predecessor': 'It took over from a session that was revoked',
  'revoke.parent': 'The session that it was begun from was revoked',
  'revoke.not-after': 'Its life was cut after a step-up, and has run out',
  'operator.release': 'An operator released its held revocation',
}
