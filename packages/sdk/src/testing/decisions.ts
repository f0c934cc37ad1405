import type { Decision } from '@holdpoint/risk'

/** A revocation of alice's session s-1, of which a test changes what it is about. */
export function decision(offset: number, changes: Partial<Decision> = {}): Decision {
  return {
    decisionId: `1.0.${offset}.0`,
    sequence: `0001-${String(offset).padStart(19, '0')}-000`,
    type: 'session.revoked',
    decidedAt: 1_795_341_600_000 + offset,
    validUntil: 1_795_341_600_000 + 60_000,
    tenant: 'default',
    txn: 'txn-1',
    supersedes: null,
    subject: { id: 'alice', kind: 'human', iss: '' },
    sessionId: 's-1',
    scope: 'session',
    session: { status: 'revoked', level: 'HIGH', notAfter: null },
    stepUp: null,
    resolution: null,
    risk: { level: 'HIGH', previousLevel: 'LOW', score: 900 },
    reasons: [],
    action: null,
    policy: { id: 'default', version: 'sha256:0', rule: 'score' },
    rulesVersion: 1,
    controls: [],
    cause: { eventId: `e-${offset}`, partition: 0, offset },
    ...changes,
  }
}

export const stepUp = (offset: number, changes: Partial<Decision> = {}): Decision =>
  decision(offset, {
    type: 'session.stepup.required',
    session: { status: 'step_up_required', level: 'MEDIUM', notAfter: null },
    stepUp: {
      id: `1.0.${offset}.0`,
      acrValues: ['phr'],
      maxAge: 300,
      obligation: 'reauthenticate',
      rotate: false,
      prompt: true,
      deadline: 1_795_341_600_000 + 600_000,
      approver: null,
    },
    ...changes,
  })

export const riskChanged = (offset: number, changes: Partial<Decision> = {}): Decision =>
  decision(offset, {
    type: 'session.risk.changed',
    session: { status: 'active', level: 'MEDIUM', notAfter: null },
    ...changes,
  })
