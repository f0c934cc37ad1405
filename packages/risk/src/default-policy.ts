/**
 * The policy that Holdpoint ships. Sensitivities follow what an account takeover is after: money,
 * rights, secrets, and the means to stay. Numbers are those that `test/replay` holds.
 */
import type { Obligation } from './decision.ts'
import type { Policy } from './policy.ts'

const eightHoursS = 8 * 60 * 60
const tenMinutesS = 10 * 60

const always = (obligation: Obligation) =>
  ({ routine: obligation, sensitive: obligation, critical: obligation }) as const

export const defaultPolicy: Policy = {
  id: 'default',
  version: 'sha256:b215e47daec5de6c16d8981b8160f46778a5bd1ef4419c9d2e06cf2805b2b6b7',
  assurance: [
    {
      acr: 'aal1',
      acrs: ['aal1', 'urn:nist:800-63:aal:1', '1', 'pwd'],
      amrs: [
        ['pwd'],
        ['pin'],
        ['otp'],
        ['sms'],
        ['tel'],
        ['swk'],
        ['fpt'],
        ['face'],
        ['kba'],
        ['wia'],
      ],
    },
    {
      acr: 'aal2',
      acrs: [
        'aal2',
        'urn:nist:800-63:aal:2',
        '2',
        'mfa',
        'http://schemas.openid.net/pape/policies/2007/06/multi-factor',
      ],
      amrs: [
        ['mfa'],
        ['mca'],
        ['pwd', 'otp'],
        ['pwd', 'sms'],
        ['pwd', 'tel'],
        ['pwd', 'swk'],
        ['pwd', 'fpt'],
        ['pwd', 'face'],
        ['pin', 'otp'],
        ['pin', 'swk'],
      ],
    },
    {
      acr: 'phr',
      acrs: ['phr', 'phrh', 'aal3', 'urn:nist:800-63:aal:3', '3'],
      amrs: [['phr'], ['phrh'], ['hwk'], ['pop'], ['sc'], ['fido'], ['webauthn'], ['passkey']],
    },
  ],
  actions: [
    {
      id: 'look-at-money',
      patterns: ['payments', 'refunds', 'payouts', 'billing'].flatMap((noun) =>
        ['read', 'list', 'view', 'get'].map((verb) => `${noun}.${verb}`),
      ),
      sensitivity: 'routine',
      rank: 'read',
    },
    {
      id: 'rights',
      patterns: ['role.*', '*.role.*', 'permission.*', '*.permission.*'],
      sensitivity: 'critical',
      rank: 'admin',
    },
    { id: 'secrets', patterns: ['secrets.*', 'keys.*'], sensitivity: 'critical', rank: 'secret' },
    {
      id: 'security-controls',
      patterns: [
        'security.*.change',
        'security.*.update',
        'security.*.disable',
        'security.*.delete',
        'mfa.disable',
        'mfa.reset',
        'sso.*',
        'audit.disable',
        'audit.delete',
      ],
      sensitivity: 'critical',
      rank: 'admin',
    },
    {
      id: 'enrolment',
      patterns: ['*.enroll', '*.enrol', 'mfa.add', 'factors.add', 'devices.add', 'passkeys.add'],
      sensitivity: 'critical',
      rank: 'write',
    },
    {
      id: 'deletion',
      patterns: [
        'production.*.delete',
        'prod.*.delete',
        '*.production.delete',
        'account.delete',
        'accounts.delete',
      ],
      sensitivity: 'critical',
      rank: 'write',
    },
    { id: 'billing', patterns: ['billing.*'], sensitivity: 'critical', rank: 'write' },
    {
      id: 'payments',
      patterns: ['payments.*', 'refunds.*', 'payouts.*'],
      sensitivity: 'critical',
      rank: 'write',
      amountFrom: 1000,
      belowSensitivity: 'sensitive',
    },
    { id: 'exports', patterns: ['*.export'], sensitivity: 'sensitive', rank: 'admin' },
    { id: 'admin-consoles', patterns: ['admin.*'], sensitivity: 'sensitive', rank: 'admin' },
  ],
  thresholds: { mediumFrom: 400, mediumUntil: 300, highFrom: 700, highUntil: 600 },
  requirements: {
    LOW: {
      routine: { rank: 0, maxAge: 0, here: false, now: false },
      sensitive: { rank: 1, maxAge: eightHoursS, here: false, now: false },
      critical: { rank: 2, maxAge: tenMinutesS, here: false, now: false },
    },
    MEDIUM: {
      routine: { rank: 0, maxAge: 0, here: false, now: false },
      sensitive: { rank: 2, maxAge: eightHoursS, here: true, now: false },
      critical: { rank: 3, maxAge: tenMinutesS, here: true, now: false },
    },
    HIGH: {
      routine: { rank: 3, maxAge: 0, here: true, now: true },
      sensitive: { rank: 3, maxAge: eightHoursS, here: true, now: true },
      critical: { rank: 3, maxAge: tenMinutesS, here: true, now: true },
    },
  },
  obligations: {
    human: {
      LOW: always('reauthenticate'),
      MEDIUM: always('reauthenticate'),
      HIGH: always('reauthenticate'),
    },
    workload: {
      LOW: always('fresh-assertion'),
      MEDIUM: { ...always('fresh-assertion'), critical: 'narrower-scope' },
      HIGH: always('jit-credential'),
    },
    agent: {
      LOW: always('fresh-assertion'),
      MEDIUM: always('approval'),
      HIGH: always('jit-credential'),
    },
  },
  revocation: {
    scoreFrom: 900,
    familiesMin: 2,
    familiesNeeded: ['token', 'client'],
    failuresMax: 3,
  },
  stepUp: {
    deadlineMs: 10 * 60_000,
    maxAge: 300,
    approvalMs: 60 * 60_000,
    lifeAfterHighMs: 60 * 60_000,
  },
  prompts: { gapMs: 5 * 60_000, perHourMax: 3 },
  detectors: {},
}
