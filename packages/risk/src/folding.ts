/** What a record does to the states, collected: nothing is written before the whole record is folded. */
import type { Alert } from './alert.ts'
import type { Decision } from './decision.ts'
import type { Draft, KeptBack } from './draft.ts'
import type { Subject } from './event.ts'
import { alertsOf, type Told } from './finding.ts'
import type { FoldResult, PartitionMeta, States } from './fold-types.ts'
import type { Notice } from './notice.ts'
import { noticeAlerts } from './notice-alerts.ts'
import type { Policy } from './policy.ts'
import { endHolds } from './restraint.ts'
import { stamp } from './stamp.ts'
import type { Profile, Session } from './state.ts'
import type { Loads } from './storm.ts'
import type { StoryEntry } from './story.ts'

export interface Folding {
  readonly meta: PartitionMeta
  readonly offset: number
  readonly states: States
  readonly policy: Policy
  /** Few, each key once: a record touches one subject, or a tick's, and their sessions. */
  readonly profiles: [key: string, profile: Profile][]
  readonly sessions: [key: string, session: Session][]
  readonly drafts: { readonly draft: Draft; readonly of: Whom }[]
  readonly notices: Notice[]
  /** How many of the drafts are of sessions that were begun from another. */
  ofKin: number
  /** As the record leaves them. */
  loads: Loads
  readonly story: (readonly [sessionKey: string, entry: StoryEntry])[]
}

/** What the detectors made of one event. */
export type EventTold = Pick<FoldResult, 'signals' | 'blind'>

export interface Whom {
  readonly tenant: string
  readonly subject: Subject
  readonly eventId: string
}

export const begin = (
  meta: PartitionMeta,
  offset: number,
  states: States,
  policy: Policy,
): Folding => ({
  meta,
  offset,
  states,
  policy,
  profiles: [],
  sessions: [],
  drafts: [],
  story: [],
  notices: [],
  ofKin: 0,
  loads: meta.loads,
})

export function put<T>(changed: [key: string, state: T][], key: string, state: T): void {
  const entry = changed.find(([known]) => known === key)
  if (entry === undefined) changed.push([key, state])
  else entry[1] = state
}

export const keep = (folding: Folding, key: string, before: Profile | null, after: Profile) => {
  if (after !== before) put(folding.profiles, key, after)
}

export const profileOf = ({ profiles, states }: Folding, key: string): Profile | null =>
  profiles.find(([changed]) => changed === key)?.[1] ?? states.profile(key)

export const sessionOf = ({ sessions, states }: Folding, key: string): Session | null =>
  sessions.find(([changed]) => changed === key)?.[1] ?? states.session(key)

export function finish(
  folding: Folding,
  meta: PartitionMeta,
  told: Told,
  { origin, blind }: Pick<FoldResult, 'origin' | 'blind'> = nothingElse,
): FoldResult {
  const { drafts, notices, profiles, sessions, story } = folding
  endHolds(folding, told)
  const decisions = drafts.length === 0 ? none : stamped(folding)
  const keptBack = keptBackOf(folding)
  const found = alertsOf(folding, decisions, told)
  const alerts = notices.length === 0 ? found : [...found, ...noticed(folding, found.length, told)]
  return {
    outcome: 'applied',
    meta,
    origin,
    profiles,
    sessions,
    decisions,
    keptBack,
    notices,
    alerts,
    signals: told.signals,
    story,
    blind,
  }
}

/** What the partition noticed of itself, told behind what was found. */
function noticed(folding: Folding, found: number, { event }: Told): readonly Alert[] {
  const { drafts, notices, meta, offset } = folding
  return noticeAlerts(notices, { ...meta, offset }, drafts.length + found, (key) => {
    const session = sessionOf(folding, key)
    const about = drafts.find(({ draft }) => draft.sessionKey === key)?.of ?? event
    return session === null || about === null ? null : { subject: about.subject, session }
  })
}

function keptBackOf({ drafts }: Folding): ReadonlyMap<number, KeptBack> {
  if (drafts.every(({ draft }) => draft.keptBack === '')) return noneKept
  return new Map(
    drafts.flatMap(({ draft: { keptBack } }, index) =>
      keptBack === '' ? [] : [[index, keptBack] as const],
    ),
  )
}

function stamped(folding: Folding): readonly Decision[] {
  const position = { ...folding.meta, offset: folding.offset }
  return folding.drafts.map(({ draft, of }, index) =>
    stamp(draft, {
      position,
      index,
      tenant: of.tenant,
      subject: of.subject,
      eventId: of.eventId,
      session: draft.sessionKey === '' ? null : sessionOf(folding, draft.sessionKey),
      policy: folding.policy,
    }),
  )
}

const none: readonly never[] = []
const noneKept: ReadonlyMap<number, KeptBack> = new Map()
const nothingElse = { origin: null, blind: none }

export const nothing = (outcome: FoldResult['outcome'], meta: PartitionMeta): FoldResult => ({
  outcome,
  meta,
  origin: null,
  profiles: none,
  sessions: none,
  decisions: none,
  keptBack: noneKept,
  notices: none,
  alerts: none,
  signals: none,
  story: none,
  blind: none,
})
