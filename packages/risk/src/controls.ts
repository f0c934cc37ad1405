/**
 * What each reason means in the words of others: MITRE ATT&CK techniques, and the controls that the finding
 * is evidence for. One table, so that decisions, alerts and the reference say the same.
 */
import type { DecisionType } from './decision.ts'

/** A technique of MITRE ATT&CK for Enterprise; a sub-technique has a dot in its id. */
export interface Technique {
  readonly name: string
  readonly tactic: Tactic
}

export type Tactic = keyof typeof tactics

/** The edition that ids and names below are of. */
export const attackEdition = '17'

export const tactics = {
  TA0001: 'Initial Access',
  TA0003: 'Persistence',
  TA0004: 'Privilege Escalation',
  TA0006: 'Credential Access',
  TA0008: 'Lateral Movement',
  TA0011: 'Command and Control',
} as const

export const techniques = {
  T1078: { name: 'Valid Accounts', tactic: 'TA0001' },
  'T1078.004': { name: 'Cloud Accounts', tactic: 'TA0001' },
  T1090: { name: 'Proxy', tactic: 'TA0011' },
  T1098: { name: 'Account Manipulation', tactic: 'TA0003' },
  'T1098.003': { name: 'Additional Cloud Roles', tactic: 'TA0003' },
  T1110: { name: 'Brute Force', tactic: 'TA0006' },
  T1199: { name: 'Trusted Relationship', tactic: 'TA0001' },
  T1528: { name: 'Steal Application Access Token', tactic: 'TA0006' },
  T1539: { name: 'Steal Web Session Cookie', tactic: 'TA0006' },
  'T1550.001': { name: 'Application Access Token', tactic: 'TA0008' },
  'T1550.004': { name: 'Web Session Cookie', tactic: 'TA0008' },
  T1552: { name: 'Unsecured Credentials', tactic: 'TA0006' },
  'T1556.006': { name: 'Multi-Factor Authentication', tactic: 'TA0006' },
  T1557: { name: 'Adversary-in-the-Middle', tactic: 'TA0006' },
} as const satisfies Readonly<Record<string, Technique>>

export type TechniqueId = keyof typeof techniques

/** Names of the techniques that sub-techniques belong to and that no reason names by itself. */
export const parentTechniques: Readonly<Record<string, string>> = {
  T1550: 'Use Alternate Authentication Material',
  T1556: 'Modify Authentication Process',
}

export interface ControlEntry {
  /** What it is about, in short. */
  readonly title: string
  /** The text that it is of. */
  readonly edition: string
  /** Ids of older editions and texts that meant it, for those who search by them. */
  readonly aliases: readonly string[]
}

const csf = 'NIST Cybersecurity Framework 2.0 (February 2024)'
const zeroTrust = 'NIST SP 800-207, Zero Trust Architecture, section 2.1 (August 2020)'
const nhi = 'OWASP Non-Human Identities Top 10 (2025)'
const maestro = 'CSA MAESTRO (February 2025)'
const aiRmf = 'NIST AI Risk Management Framework 1.0, AI 100-1 (January 2023)'

export const controls = {
  'PR.AA-01': { title: 'Identities and credentials are managed', edition: csf, aliases: ['IAM'] },
  'PR.AA-03': {
    title: 'Users, services and hardware are authenticated',
    edition: csf,
    aliases: ['PR.AC-7'],
  },
  'PR.AA-04': {
    title: 'Identity assertions are protected and verified',
    edition: csf,
    aliases: [],
  },
  'PR.AA-05': {
    title: 'Rights follow policy, least privilege and separation of duties',
    edition: csf,
    aliases: ['PR.AC-4', 'AC-5', 'AC-6'],
  },
  'DE.CM-01': { title: 'Networks are watched', edition: csf, aliases: [] },
  'DE.CM-03': { title: 'Use of accounts is watched', edition: csf, aliases: ['DE.CM-3'] },
  'SP800-207.T4': { title: 'Access is granted by dynamic policy', edition: zeroTrust, aliases: [] },
  'SP800-207.T5': { title: 'Posture of devices is measured', edition: zeroTrust, aliases: [] },
  'SP800-207.T6': {
    title: 'Authentication and authorization are enforced before access',
    edition: zeroTrust,
    aliases: [],
  },
  'NHI1:2025': { title: 'Improper offboarding', edition: nhi, aliases: ['NHI-01'] },
  'NHI2:2025': { title: 'Secret leakage', edition: nhi, aliases: ['NHI-02'] },
  'NHI3:2025': { title: 'Vulnerable third-party NHI', edition: nhi, aliases: ['NHI-03'] },
  'NHI5:2025': { title: 'Overprivileged NHI', edition: nhi, aliases: ['NHI-05'] },
  'NHI7:2025': { title: 'Long-lived secrets', edition: nhi, aliases: ['NHI-07'] },
  'MAESTRO.L6': { title: 'Security and compliance', edition: maestro, aliases: [] },
  'MAESTRO.L7': { title: 'Agent ecosystem', edition: maestro, aliases: [] },
  'AI-RMF.MANAGE-2.4': {
    title: 'An AI system can be overruled and stopped',
    edition: aiRmf,
    aliases: [],
  },
} as const satisfies Readonly<Record<string, ControlEntry>>

export type ControlId = keyof typeof controls

/** What a reason is called, and what it means elsewhere. */
export interface Meaning {
  /** A short title for people. */
  readonly title: string
  readonly attack: readonly TechniqueId[]
  readonly controls: readonly ControlId[]
  /** How soon to look, where it only alerts and no score says so; low where nothing is said. */
  readonly urgency?: 'medium' | 'high'
}

const stolenSession = ['T1539', 'T1550.004'] as const
const watched = ['PR.AA-03', 'DE.CM-03', 'SP800-207.T6'] as const

/** By reason: those of the detectors, then those that the fold gives by itself. */
export const meanings: Readonly<Record<string, Meaning>> = {
  IMPOSSIBLE_TRAVEL: { title: 'Impossible travel', attack: stolenSession, controls: watched },
  NEW_COUNTRY: { title: 'New country', attack: ['T1078'], controls: ['PR.AA-03', 'DE.CM-03'] },
  NEW_NETWORK: {
    title: 'New network in mid-session',
    attack: ['T1550.004'],
    controls: ['PR.AA-03', 'DE.CM-01'],
  },
  ANONYMIZER: {
    title: 'Rented or hidden address',
    attack: ['T1090', 'T1557'],
    controls: ['PR.AA-03', 'DE.CM-01'],
  },
  DEVICE_CHANGED: { title: 'Another device', attack: stolenSession, controls: watched },
  FINGERPRINT_CHANGED: {
    title: 'Another device fingerprint',
    attack: stolenSession,
    controls: watched,
  },
  CLIENT_SWITCHED: {
    title: "A script in a browser's session",
    attack: stolenSession,
    controls: watched,
  },
  TOKEN_REPLAYED: {
    title: 'One session used from two places in turns',
    attack: stolenSession,
    controls: ['PR.AA-04', 'DE.CM-03', 'SP800-207.T6'],
  },
  PROOF_MISMATCH: {
    title: 'A token bound to another key',
    attack: ['T1528', 'T1550.001'],
    controls: ['PR.AA-04', 'SP800-207.T6', 'NHI2:2025'],
  },
  REFRESH_TOKEN_REUSED: {
    title: 'A refresh token used twice',
    attack: ['T1528', 'T1550.001'],
    controls: ['PR.AA-04', 'SP800-207.T6', 'NHI2:2025'],
  },
  SESSION_SUBJECT_MISMATCH: {
    title: "A session used under another subject's name",
    attack: ['T1550.004'],
    controls: ['PR.AA-04', 'SP800-207.T6'],
  },
  PARENT_REVOKED: {
    title: 'The approving session was revoked',
    attack: ['T1199', 'T1550.001'],
    controls: ['PR.AA-05', 'NHI1:2025', 'NHI3:2025', 'MAESTRO.L7', 'AI-RMF.MANAGE-2.4'],
  },
  USED_AFTER_END: {
    title: 'Used after its end',
    attack: ['T1550.004'],
    controls: ['PR.AA-04', 'SP800-207.T6', 'NHI1:2025'],
    urgency: 'high',
  },
  OUTSIDE_REVOCATION: {
    title: 'Revoked from outside',
    attack: ['T1078'],
    controls: ['PR.AA-01', 'SP800-207.T4'],
  },
  PRIVILEGE_JUMP: {
    title: 'A sudden rise in rights',
    attack: ['T1098.003', 'T1078'],
    controls: ['PR.AA-05', 'SP800-207.T4', 'NHI5:2025'],
  },
  AUTHENTICATOR_CHANGED: {
    title: 'An authenticator changed from an unproven place',
    attack: ['T1556.006', 'T1098'],
    controls: ['PR.AA-01', 'PR.AA-03'],
  },
  FAILED_BURST: {
    title: 'Many failed logins, then one that succeeded',
    attack: ['T1110'],
    controls: ['PR.AA-03', 'DE.CM-03'],
  },
  FAILED_LOGINS: {
    title: 'Very many failed logins, and none that succeeded',
    attack: ['T1110'],
    controls: ['PR.AA-03', 'DE.CM-03'],
    urgency: 'medium',
  },
  STALE_CREDENTIAL: {
    title: 'A credential past its time',
    attack: ['T1552', 'T1078.004'],
    controls: ['PR.AA-01', 'NHI1:2025', 'NHI7:2025'],
  },
  NON_COMPLIANT: {
    title: 'A device that does not keep the rules',
    attack: ['T1078'],
    controls: ['SP800-207.T5', 'PR.AA-03'],
  },
  DELEGATION_STALE: {
    title: 'An agent acts on an old approval',
    attack: ['T1199', 'T1550.001'],
    controls: ['PR.AA-05', 'NHI3:2025', 'MAESTRO.L7', 'AI-RMF.MANAGE-2.4'],
  },
  HABIT: { title: 'Out of habit', attack: ['T1078'], controls: ['DE.CM-03'] },
  OVER_PRIVILEGED: {
    title: 'Rights that are never used',
    attack: ['T1078'],
    controls: ['PR.AA-05', 'NHI5:2025'],
  },
  STEPUP_LOOP: {
    title: 'One workload or agent asked again and again',
    attack: [],
    controls: ['SP800-207.T4', 'MAESTRO.L6'],
  },
  SESSION_REVOKED: {
    title: 'Revoked',
    attack: ['T1078'],
    controls: ['PR.AA-03', 'SP800-207.T6'],
    urgency: 'medium',
  },
  STORM_CAP_STEPUPS: {
    title: 'Too many step-ups at once: people are not prompted',
    attack: [],
    controls: ['SP800-207.T4', 'DE.CM-03'],
    urgency: 'high',
  },
  STORM_CAP_REVOCATIONS: {
    title: 'Too many revocations at once: they are held',
    attack: [],
    controls: ['SP800-207.T4', 'DE.CM-03'],
    urgency: 'high',
  },
  REVOCATION_HELD: {
    title: 'A revocation waits for an operator',
    attack: [],
    controls: ['SP800-207.T4'],
    urgency: 'high',
  },
  OBSERVE_ONLY: {
    title: 'Decisions are only observed',
    attack: [],
    controls: ['SP800-207.T4'],
    urgency: 'medium',
  },
}

/** What the fold by itself gives as the cause of an alert. */
export const ownReasons: readonly string[] = [
  'SESSION_REVOKED',
  'STORM_CAP_STEPUPS',
  'STORM_CAP_REVOCATIONS',
  'REVOCATION_HELD',
  'OBSERVE_ONLY',
]

const unlisted: Meaning = { title: '', attack: [], controls: [] }

/** What a reason means; empty where a detector of one's own gave it. */
export const meaningOf = (reason: string): Meaning =>
  Object.hasOwn(meanings, reason) ? (meanings[reason] ?? unlisted) : unlisted

const byDecision: Readonly<Record<DecisionType, readonly ControlId[]>> = {
  'session.stepup.required': ['PR.AA-03', 'SP800-207.T6'],
  'session.stepup.resolved': ['PR.AA-03'],
  'session.revoked': ['PR.AA-05', 'SP800-207.T4'],
  'session.risk.changed': ['DE.CM-03'],
}

/** The controls that a decision serves: those of its type, and of its reasons; each once, in order. */
export function controlsOf(
  type: DecisionType,
  reasons: readonly { readonly reason: string }[],
): readonly ControlId[] {
  if (reasons.length === 0) return byDecision[type]
  const ids = [...byDecision[type], ...reasons.flatMap(({ reason }) => meaningOf(reason).controls)]
  return [...new Set(ids)].sort()
}
