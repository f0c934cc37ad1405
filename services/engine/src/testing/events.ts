/** Records of the internal log, as ingest would write them. */
import { createHash } from 'node:crypto'
import type { LogRecord, SessionEvent } from '@holdpoint/risk'

/** 2026-11-22T10:00:00Z. */
export const start = 1_795_341_600_000
export const minutes = (n: number): number => n * 60_000

const key = (...parts: string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest().subarray(0, 16).toString('base64url')
const number = (text: string): number => createHash('sha256').update(text).digest().readUIntBE(0, 6)

let ids = 0

type Changes = Partial<SessionEvent> & { readonly at?: number }

function event(subjectId: string, sessionId: string, changes: Changes): LogRecord {
  const { at = start, ...rest } = changes
  ids += 1
  const id = `e-${ids}`
  return {
    kind: 'event',
    origin: null,
    event: {
      id,
      source: 'app/web',
      idHash: number(id),
      type: 'action',
      tenant: 'default',
      occurredAt: at,
      receivedAt: at,
      clockSuspect: false,
      subject: { id: subjectId, kind: 'human', iss: '' },
      actor: [],
      sessionId,
      previousSessionId: '',
      parentSessionId: '',
      keys: {
        subject: key('default', subjectId),
        session: key('default', subjectId, sessionId),
        previousSession: '',
        parentSession: '',
      },
      network: null,
      place: null,
      client: null,
      assurance: null,
      outcome: 'success',
      credential: null,
      posture: null,
      action: null,
      initiator: 'unknown',
      feedback: null,
      privileges: [],
      claimedSubject: false,
      facts: null,
      ...rest,
    },
  }
}

export const tick = (t: number): LogRecord => ({ kind: 'tick', t })

export const login = (subject: string, session: string, at = start): LogRecord =>
  event(subject, session, {
    at,
    type: 'login',
    assurance: { acr: 'aal1', amr: ['pwd'], authTime: at },
  })

/** A critical action long after the login: asks for a step-up, with a deadline. */
export const payment = (subject: string, session: string, at = start + minutes(40)): LogRecord =>
  event(subject, session, {
    at,
    action: {
      name: 'payments.approve',
      resource: 'inv-9',
      access: 'write',
      amount: 5_000,
      currency: 'EUR',
    },
  })

/** An outside revocation: conclusive. */
const revocation = (subject: string, session: string, at = start + minutes(50)): LogRecord =>
  event(subject, session, { at, type: 'revocation', initiator: 'admin' })

/** A session of an agent that a subject's session sent. */
const sent = (subject: string, session: string, parent: string, at = start): LogRecord =>
  event(subject, session, {
    at,
    actor: [{ id: 'agent-7', kind: 'agent' }],
    parentSessionId: parent,
    keys: {
      subject: key('default', subject),
      session: key('default', subject, session),
      previousSession: '',
      parentSession: key('default', subject, parent),
    },
  })

/** People who each sent an agent that sent another, and whose sessions are then revoked. */
export function families(count: number): LogRecord[] {
  const names = Array.from({ length: count }, (_, n) => `subject-${n}`)
  return [
    ...names.map((name, n) => login(name, 'sso', start + n)),
    ...names.map((name, n) => sent(name, 'agent', 'sso', start + minutes(1) + n)),
    ...names.map((name, n) => sent(name, 'agent-2', 'agent', start + minutes(2) + n)),
    ...names.map((name, n) => revocation(name, 'sso', start + minutes(3) + n)),
  ]
}

/** What people do in `count` sessions, mixed: two decisions and a step-up deadline each. */
export function traffic(count: number, from = 0, at = start): LogRecord[] {
  const names = Array.from({ length: count }, (_, i) => from + i)
  return [
    ...names.map((n) => login(`subject-${n}`, `session-${n}`, at + n)),
    ...names.map((n) => payment(`subject-${n}`, `session-${n}`, at + minutes(40) + n)),
    tick(at + minutes(41)),
    ...names.map((n) => revocation(`subject-${n}`, `session-${n}`, at + minutes(42) + n)),
    tick(at + minutes(60)),
  ]
}

/** A refresh token used twice: conclusive, and the engine's own finding. */
export const reuse = (subject: string, session: string, at = start + minutes(5)): LogRecord =>
  event(subject, session, {
    at,
    credential: {
      id: 7,
      kind: 'session-token',
      status: 'reused',
      change: null,
      issuedAt: null,
      expiresAt: null,
      boundTo: 0,
    },
  })

/** An operator's answer to what is held of this session. */
export const answer = (
  kind: 'release' | 'drop',
  subject: string,
  session: string,
  decisionId: string,
): LogRecord => ({
  kind: 'control',
  control: {
    id: `${kind}-${decisionId}`,
    kind,
    t: start + minutes(30),
    tenant: 'default',
    on: false,
    decisionId,
    keys: { subject: key('default', subject), session: key('default', subject, session) },
    operator: 'zoë',
    reason: 'ticket-4711',
  },
})
