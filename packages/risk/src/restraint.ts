/** The storm caps as the fold keeps them: what they leave room for, what was counted, who is to hear of it. */
import type { ClosedBy } from './alert.ts'
import type { Draft } from './draft.ts'
import type { Told } from './finding.ts'
import type { Folding } from './folding.ts'
import { sessionLifeMs } from './lifetimes.ts'
import { begins, type Notice } from './notice.ts'
import type { Session } from './state.ts'
import {
  type Capped,
  countActive,
  countOne,
  endStorms,
  hasRoom,
  keepOneBack,
  type Loads,
} from './storm.ts'

/** Counts the session as active; a revoked one is not, however much it acts. */
export const activeIn = (
  loads: Loads,
  tenant: string,
  t: number,
  session: Session | null,
): Loads =>
  session?.status === 'revoked' ? loads : countActive(loads, tenant, t, session?.lastSeen ?? 0)

/** Whether the caps leave room for one more of each. Looked up where it is asked: few events decide anything. */
export class Room {
  readonly #loads: Loads
  readonly #tenant: string
  readonly #t: number

  /** @param t decision time, ms */
  constructor(loads: Loads, tenant: string, t: number) {
    this.#loads = loads
    this.#tenant = tenant
    this.#t = t
  }

  get revocation(): boolean {
    return hasRoom(this.#loads, this.#tenant, this.#t, 'revocations')
  }

  get stepUp(): boolean {
    return hasRoom(this.#loads, this.#tenant, this.#t, 'stepUps')
  }
}

const cappedOf: Readonly<Record<Exclude<Draft['storm'], ''>, Capped>> = {
  revocation: 'revocations',
  'revocation-kept': 'revocations',
  'step-up': 'stepUps',
  'step-up-kept': 'stepUps',
}

/** Counts what was let through; what was kept back is told, a storm once. What is only observed counts for nothing. */
export function countDrafts(
  folding: Folding,
  tenant: string,
  t: number,
  drafts: readonly Draft[],
): void {
  for (const draft of drafts) {
    const { storm, keptBack } = draft
    if (storm === '' || keptBack === 'observe-only') continue
    const what = cappedOf[storm]
    if (storm === 'revocation' || storm === 'step-up') {
      folding.loads = countOne(folding.loads, tenant, t, what)
      continue
    }
    const { loads, from, begins: isFirst, cap } = keepOneBack(folding.loads, tenant, t, what)
    folding.loads = loads
    if (isFirst) folding.notices.push(stormNotice(tenant, from, what, cap))
    if (what === 'revocations') folding.notices.push(heldNotice(tenant, draft))
  }
}

const codeOf = { revocations: 'storm_cap_revocations', stepUps: 'storm_cap_stepups' } as const

const stormNotice = (tenant: string, since: number, what: Capped, cap: number): Notice =>
  begins({
    code: codeOf[what],
    tenant,
    sessionKey: '',
    since,
    message:
      what === 'revocations'
        ? `More than ${cap} revocations in five minutes: those above are held until an operator releases or drops them`
        : `More than ${cap} step-ups in five minutes: those above are required without a prompt`,
    evidence: { cap, windowMinutes: 5 },
  })

/** Tells of the storms that are over by now, of one tenant or of all. */
export function calm(folding: Folding, t: number, of?: string): void {
  const { loads, over } = endStorms(folding.loads, t, of)
  folding.loads = loads
  for (const { tenant, what, from, at } of over) {
    folding.notices.push({
      code: codeOf[what],
      activity: 'close',
      closedBy: 'calm',
      tenant,
      sessionKey: '',
      since: from,
      at,
      message:
        what === 'revocations'
          ? 'No further revocation had to be held: those that are held still wait for an operator'
          : 'No further step-up had to go without a prompt',
      evidence: { windowMinutes: 5 },
    })
  }
}

const heldNotice = (tenant: string, { sessionKey, decidedAt, rule, score }: Draft): Notice =>
  begins({
    code: 'revocation_held',
    tenant,
    sessionKey,
    since: decidedAt,
    message: 'A revocation above the storm cap is held: release it or drop it',
    evidence: { rule, score },
  })

/** Tells of what was held before the record and is not after it. */
export function endHolds(folding: Folding, { event, t }: Told): void {
  for (const [key, after] of folding.sessions) {
    const before = folding.states.session(key)
    if (before === null || before.held === '' || before.held === after.held) continue
    const end = folding.drafts.find(({ draft }) => draft.supersedes === before.held)
    const rule = end?.draft.rule ?? ''
    const answered = rule === 'operator.release' || rule === 'operator.drop'
    folding.notices.push({
      code: 'revocation_held',
      activity: 'close',
      closedBy: answered ? 'answered' : overBy(before, after, t),
      tenant: end?.of.tenant ?? event?.tenant ?? '',
      sessionKey: key,
      since: before.heldAt,
      at: end?.draft.decidedAt ?? t,
      message: answered
        ? `An operator ${rule === 'operator.release' ? 'released' : 'dropped'} the held revocation`
        : 'The session is over, and nothing is held of it any more',
      evidence: rule === '' ? {} : { rule },
    })
  }
}

function overBy(before: Session, after: Session, t: number): ClosedBy {
  if (after.status === 'active' || t - before.lastSeen > sessionLifeMs) return 'expired'
  return after.status
}
