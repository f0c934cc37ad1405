/** Many sessions of many people, and what befalls them, for tests of what a tenant's storm does. */
import type { Control } from '../control.ts'
import type { LogRecord, SessionEvent } from '../event.ts'
import {
  chrome,
  credential,
  event,
  farNetwork,
  homeNetwork,
  london,
  saoPaulo,
  start,
} from './scene.ts'

let ids = 0

/** An event of the n-th person's one session, at home, `t` ms after the start. */
export function of(n: number, t: number, over: Partial<SessionEvent> = {}): LogRecord {
  ids += 1
  const session = over.sessionId ?? `s-${n}`
  const happening = event({
    id: `e-${ids}`,
    idHash: ids,
    occurredAt: start + t,
    subject: { id: `person-${n}`, kind: 'human', iss: '' },
    keys: {
      subject: `p-${n}`,
      session: `p-${n}/${session}`,
      previousSession: '',
      parentSession: '',
    },
    network: homeNetwork,
    place: london,
    client: chrome,
    ...over,
    sessionId: session,
  })
  return { kind: 'event', event: happening, origin: null }
}

export const login = (n: number, t: number, over: Partial<SessionEvent> = {}): LogRecord =>
  of(n, t, {
    type: 'login',
    action: null,
    assurance: { acr: 'aal1', amr: ['pwd'], authTime: null },
    ...over,
  })

/** A finding that ends the session by itself. */
export const reuse = (n: number, t: number, over: Partial<SessionEvent> = {}): LogRecord =>
  of(n, t, { credential: credential({ id: n, status: 'reused' }), ...over })

/** A finding that asks for a step-up at once: the session is used from far away. */
export const stolen = (n: number, t: number, over: Partial<SessionEvent> = {}): LogRecord =>
  of(n, t, { network: farNetwork, place: saoPaulo, ...over })

/** An order of an operator, `t` ms after the start. */
export function order(kind: Control['kind'], t: number, over: Partial<Control> = {}): LogRecord {
  ids += 1
  const control: Control = {
    id: `o-${ids}`,
    kind,
    t: start + t,
    tenant: '',
    on: false,
    decisionId: '',
    keys: { subject: '', session: '' },
    operator: 'zoë',
    reason: 'ticket-4711',
    ...over,
  }
  return { kind: 'control', control }
}

/** The answer to what is held of the n-th person's session. */
export const answer = (
  kind: 'release' | 'drop',
  n: number,
  t: number,
  decisionId: string,
): LogRecord =>
  order(kind, t, { decisionId, keys: { subject: `p-${n}`, session: `p-${n}/s-${n}` } })
