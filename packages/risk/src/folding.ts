/** What a record does to the states, collected: nothing is written before the whole record is folded. */
import type { Decision } from './decision.ts'
import type { Draft } from './draft.ts'
import type { Subject } from './event.ts'
import { alertsOf, type Told } from './finding.ts'
import type { FoldResult, PartitionMeta, States } from './fold-types.ts'
import type { Policy } from './policy.ts'
import { stamp } from './stamp.ts'
import type { Profile, Session } from './state.ts'

export interface Folding {
  readonly meta: PartitionMeta
  readonly offset: number
  readonly states: States
  readonly policy: Policy
  /** Few, each key once: a record touches one subject, or a tick's, and their sessions. */
  readonly profiles: [key: string, profile: Profile][]
  readonly sessions: [key: string, session: Session][]
  readonly drafts: { readonly draft: Draft; readonly of: Whom }[]
}

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

export function finish(folding: Folding, meta: PartitionMeta, told: Told): FoldResult {
  const { drafts, profiles, sessions } = folding
  const decisions = drafts.length === 0 ? none : stamped(folding)
  const alerts = alertsOf(folding, decisions, told)
  return { ...nothing('applied', meta), profiles, sessions, decisions, alerts }
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

export const nothing = (outcome: FoldResult['outcome'], meta: PartitionMeta): FoldResult => ({
  outcome,
  meta,
  origin: null,
  profiles: none,
  sessions: none,
  decisions: none,
  alerts: none,
  signals: none,
  blind: none,
})
