/**
 * What is kept: a profile per subject and a record per session, both declared in field types so that
 * the store can encode them, both bounded. Raw user text stands here only where a decision made
 * without an event (a timer's) must name the subject and the session.
 */
import { obligations } from './decision.ts'
import { clientKinds, networkKinds, osFamilies, subjectKinds } from './event.ts'
import {
  choice,
  degrees,
  emptyOf,
  flag,
  hash,
  list,
  optional,
  record,
  text,
  time,
  uint,
  type ValueOf,
} from './fields.ts'
import { families } from './signal.ts'

/** Caps of what is kept; past one, the least risky oldest goes. */
export const caps = {
  sessionContexts: 4,
  sessionRuns: 4,
  sessionContributions: 12,
  /** Sessions begun from a session, the latest; one that is pushed out is judged at its own next event. */
  sessionChildren: 12,
  /** Ids of a session's latest events, by which repeats are known: people, and workloads or agents. */
  repeatsHuman: 16,
  repeatsOther: 64,
  profileContexts: 12,
  profileSightings: 3,
  profileTimers: 16,
  profileCredentials: 8,
  profileEnrolments: 8,
  prompts: 4,
  /** Decisions of a session that feedback may still name. */
  sessionDecisions: 6,
  profilePoisoned: 4,
  /** What was found and only alerts; past it the one that was found again longest ago goes. */
  alertOnly: 4,
} as const

/** Texts that are cut where they enter a state, so that a state reads back as it was written. */
export const textMax = { city: 32, browser: 24, message: 160, evidence: 320 } as const

const placeFields = record({
  latitude: degrees,
  longitude: degrees,
  radiusKm: uint,
  city: text(textMax.city),
  country: text(2),
  edition: uint,
})

const networkFields = record({
  kind: choice(networkKinds),
  asn: uint,
  country: text(2),
  address: hash,
  prefix: hash,
  family: uint,
  trusted: flag,
})

const clientFields = record({
  kind: choice(clientKinds),
  os: choice(osFamilies),
  browser: text(textMax.browser),
  version: uint,
  device: hash,
  fingerprint: hash,
  app: hash,
})

const contextFields = record({
  /** Counts up within its session or profile; 0 is no context. */
  id: uint,
  proven: flag,
  firstSeen: time,
  lastSeen: time,
  network: optional(networkFields),
  place: optional(placeFields),
  client: optional(clientFields),
})

/** The pair of network and client that a session is used from. */
export type Context = ValueOf<typeof contextFields>

const contributionFields = record({
  detector: text(32),
  reason: text(32),
  family: choice(families),
  /** As found, at `seen`; what it counts now is derived. */
  score: uint,
  seen: time,
  /** When it was found first, whatever took its place since. */
  found: time,
  halfLifeMs: uint,
  /** The context that it rests on. */
  context: uint,
  message: text(textMax.message),
  /** JSON of the evidence; '' where it was longer. */
  evidence: text(textMax.evidence),
  /** A revocation was decided on it and not carried out: dropped by an operator, or observed only. It ends nothing more. */
  spent: flag,
})

/** What one (detector, reason) adds to a session's risk. */
export type Contribution = ValueOf<typeof contributionFields>

const alertOnlyFields = record({
  detector: text(32),
  reason: text(32),
  family: choice(families),
  /** When it was found first. */
  found: time,
  /** When it was found last. */
  seen: time,
  /** When it was last told. */
  told: time,
  /** How often it was found. */
  count: uint,
  /** Found when its session was over already, so that the end does not answer it. */
  afterEnd: flag,
})

/** What one (detector, reason) found that is no risk, and is told to who watches. */
export type AlertOnly = ValueOf<typeof alertOnlyFields>

const stepUpFields = record({
  id: text(48),
  issuedAt: time,
  deadline: time,
  /** Rank in the policy's order of assurance levels. */
  rank: uint,
  /** Seconds. */
  maxAge: uint,
  rotate: flag,
  prompt: flag,
  /** False for a freshness step-up, which the user's own action caused. */
  riskDriven: flag,
  /** The context that the risk rests on; an answer from elsewhere does not satisfy it. */
  context: uint,
  failures: uint,
  /** True from its deadline on, where the level kept it open. */
  expired: flag,
  /** Why nobody was asked: a cap, or a tenant that is only observed. Its deadline ends nothing. */
  withheld: choice(['', 'cap', 'observe-only']),
  rule: text(64),
  obligation: choice(obligations),
})

const toldFields = record({
  /** `Decision.decisionId`. */
  id: text(48),
  /** The context that it rests on. */
  context: uint,
  /** What an operator made of it, and when. */
  verdict: choice(['none', 'confirmed', 'dismissed']),
  judgedAt: time,
})

/** A decision that was told of a session, for the feedback that may come. */
export type ToldDecision = ValueOf<typeof toldFields>

/** An open step-up. */
export type OpenStepUp = ValueOf<typeof stepUpFields>

export const sessionFields = record({
  sessionId: text(256),
  status: choice(['active', 'ended', 'revoked']),
  startedAt: time,
  lastSeen: time,
  endedAt: time,
  /** First seen by another event than its login: until then freshness is blind. 0 where the login is known. */
  provisionalUntil: time,
  level: choice(['LOW', 'MEDIUM', 'HIGH']),
  score: uint,
  assurance: record({
    /** Rank in the policy's order of assurance levels, 0 for none known. */
    rank: uint,
    authTime: time,
    /** The context that the authentication was made in. */
    context: uint,
  }),
  contexts: list(caps.sessionContexts, contextFields),
  /** The context of the latest event by evidence time. */
  currentContext: uint,
  lastContextId: uint,
  /** Stays in proven contexts by evidence time, oldest first: the bases of comparison for travel. */
  runs: list(caps.sessionRuns, record({ context: uint, from: time, until: time })),
  contributions: list(caps.sessionContributions, contributionFields),
  stepUp: optional(stepUpFields),
  /** The latest decisions, oldest first. */
  decisions: list(caps.sessionDecisions, toldFields),
  repeats: list(caps.repeatsOther, hash),
  /** Key of the session that took over from this one, '' for none. */
  successor: text(22),
  /** Who acts in it: an agent that a person sent, or the subject itself. */
  acting: choice(subjectKinds),
  /** When it ends at the latest; 0 without such a limit. */
  notAfter: time,
  /** Key of the session that it was begun from, '' for none. */
  parent: text(22),
  /** The parent's latest authentication, as far as this session has seen it; it outlives the parent's memory. */
  approvedAt: time,
  /** Keys of the sessions begun from it that have not ended, the latest last. */
  children: list(caps.sessionChildren, text(22)),
  /** Id of the revocation that waits for an operator, '' for none. */
  held: text(64),
  /** When it was decided; of the last one where none waits. */
  heldAt: time,
  alertOnly: list(caps.alertOnly, alertOnlyFields),
})

/** The core's part of a session. */
export type SessionCore = ValueOf<typeof sessionFields>

export const profileFields = record({
  tenant: text(64),
  subjectId: text(256),
  kind: choice(subjectKinds),
  iss: text(256),
  lastSeen: time,
  /** Sessions begun before it are revoked. */
  notBefore: time,
  logins: uint,
  loginDays: uint,
  lastLoginDay: uint,
  /** Proven contexts only: learning takes no others. */
  contexts: list(caps.profileContexts, contextFields),
  lastContextId: uint,
  /** Contexts that an operator confirmed as a thief's, the latest last: they prove and teach nothing. */
  poisoned: list(
    caps.profilePoisoned,
    record({ network: optional(networkFields), client: optional(clientFields) }),
  ),
  /** The latest sighting in a proven context of each of the last sessions. */
  sightings: list(caps.profileSightings, record({ session: text(22), at: time, context: uint })),
  /** Credentials that workloads and agents have used, the latest last. */
  credentials: list(caps.profileCredentials, hash),
  /** Authenticators enrolled of late, the latest last. */
  enrolments: list(
    caps.profileEnrolments,
    record({ credential: hash, at: time, /** From a proven context. */ proven: flag }),
  ),
  /** When the subject was last prompted for risk. */
  prompts: list(caps.prompts, time),
  /** Step-up deadlines and ends of life, the earlier of each session, by session key. */
  timers: list(caps.profileTimers, record({ session: text(22), due: time })),
  /** Repeats of events without a session. */
  repeats: list(caps.repeatsOther, hash),
  /** Of events without a session. */
  alertOnly: list(caps.alertOnly, alertOnlyFields),
})

/** The core's part of a profile. */
export type ProfileCore = ValueOf<typeof profileFields>

/** A detector's memory by the detector's name; absent where it has kept nothing. */
export type Memories = Readonly<Record<string, unknown>>

/** One authenticated session, the unit of risk. */
export interface Session extends SessionCore {
  readonly memory: Memories
}

/** What is kept of a subject across sessions. */
export interface Profile extends ProfileCore {
  readonly memory: Memories
}

export const emptySession: Session = { ...emptyOf(sessionFields), memory: {} }
export const emptyProfile: Profile = { ...emptyOf(profileFields), memory: {} }

export type Writable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * A session of its own to write in place. Field by field, because engines keep such an object in the
 * fast layout that spreading this many fields loses.
 */
export const copyOf = (s: Session): Writable<Session> => ({
  sessionId: s.sessionId,
  status: s.status,
  startedAt: s.startedAt,
  lastSeen: s.lastSeen,
  endedAt: s.endedAt,
  provisionalUntil: s.provisionalUntil,
  level: s.level,
  score: s.score,
  assurance: s.assurance,
  contexts: s.contexts,
  currentContext: s.currentContext,
  lastContextId: s.lastContextId,
  runs: s.runs,
  contributions: s.contributions,
  stepUp: s.stepUp,
  decisions: s.decisions,
  repeats: s.repeats,
  successor: s.successor,
  acting: s.acting,
  notAfter: s.notAfter,
  parent: s.parent,
  approvedAt: s.approvedAt,
  children: s.children,
  held: s.held,
  heldAt: s.heldAt,
  alertOnly: s.alertOnly,
  memory: s.memory,
})
