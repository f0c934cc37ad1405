/** The storm caps as the fold keeps them: what they leave room for, what was counted, who is to hear of it. */
import type { Draft } from './draft.ts'
import type { Folding } from './folding.ts'
import type { Notice } from './notice.ts'
import type { Session } from './state.ts'
import { type Capped, countActive, countOne, hasRoom, keepOneBack, type Loads } from './storm.ts'

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
    const { loads, begins, cap } = keepOneBack(folding.loads, tenant, t, what)
    folding.loads = loads
    if (begins) folding.notices.push(stormNotice(tenant, t, what, cap))
    if (what === 'revocations') folding.notices.push(heldNotice(tenant, draft))
  }
}

const stormNotice = (tenant: string, at: number, what: Capped, cap: number): Notice => ({
  code: what === 'revocations' ? 'storm_cap_revocations' : 'storm_cap_stepups',
  tenant,
  sessionKey: '',
  at,
  message:
    what === 'revocations'
      ? `More than ${cap} revocations in five minutes: those above are held until an operator releases or drops them`
      : `More than ${cap} step-ups in five minutes: those above are required without a prompt`,
  evidence: { cap, windowMinutes: 5 },
})

const heldNotice = (tenant: string, { sessionKey, decidedAt, rule, score }: Draft): Notice => ({
  code: 'revocation_held',
  tenant,
  sessionKey,
  at: decidedAt,
  message: 'A revocation above the storm cap is held: release it or drop it',
  evidence: { rule, score },
})
