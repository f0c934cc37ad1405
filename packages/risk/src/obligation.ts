/** What a cell of the table of requirements asks of whoever acts: a person authenticates, software never is prompted. */
import type { Obligation, RiskLevel } from './decision.ts'
import type { SubjectKind } from './event.ts'
import type { Policy, Requirement, Sensitivity } from './policy.ts'

export interface Demanded {
  readonly requirement: Requirement
  readonly obligation: Obligation
}

/**
 * The requirement of a cell, in the measure of the one who must meet it. Ranks of assurance order what
 * people authenticate with: software meets them by a fresh assertion of any rank, at the top of the
 * table by a credential made just in time; an approval is a person's, of the rank asked, and expires.
 */
export function demanded(
  kind: SubjectKind,
  level: RiskLevel,
  sensitivity: Sensitivity,
  policy: Policy,
): Demanded {
  const requirement = policy.requirements[level][sensitivity]
  const obligation = policy.obligations[kind][level][sensitivity]
  if (kind === 'human' || obligation === 'jit-credential') return { requirement, obligation }
  if (obligation !== 'approval') {
    return { requirement: { ...requirement, rank: Math.min(requirement.rank, 1) }, obligation }
  }
  const approvalS = Math.floor(policy.stepUp.approvalMs / 1000)
  const maxAge = requirement.maxAge === 0 ? approvalS : Math.min(requirement.maxAge, approvalS)
  return { requirement: { ...requirement, maxAge }, obligation }
}
