/** An operator's order in the shape of an event: the cause of what ends on its account. */
import type { Control } from './control.ts'
import type { SessionEvent } from './event.ts'
import { subjectOf } from './stamp.ts'
import type { Profile, Session } from './state.ts'

/** What decisions name as the event that caused them. */
export const eventIdOf = ({ id }: Control): string => `control:${id}`

/** The answer to what is held of `session`, as an event of it that an administrator sent. */
export const eventOf = (order: Control, profile: Profile, session: Session): SessionEvent => ({
  id: eventIdOf(order),
  source: 'holdpoint.control',
  idHash: 0,
  type: 'revocation',
  tenant: profile.tenant,
  occurredAt: order.t,
  receivedAt: order.t,
  clockSuspect: false,
  subject: subjectOf(profile),
  actor: [],
  sessionId: session.sessionId,
  previousSessionId: '',
  parentSessionId: '',
  keys: { ...order.keys, previousSession: '', parentSession: '' },
  network: null,
  place: null,
  client: null,
  assurance: null,
  outcome: 'success',
  credential: null,
  posture: null,
  action: null,
  initiator: 'admin',
  feedback: null,
  privileges: [],
  claimedSubject: false,
  facts: null,
})
