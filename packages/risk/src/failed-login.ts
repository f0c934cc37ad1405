/**
 * Logins that failed. They open no session and prove nothing, so most detectors never see them; those that
 * ask to keep what they remember in the profile, and what they find decides nothing.
 */
import { locate, networkKnown } from './context.ts'
import { detectAll, rememberAll } from './detect.ts'
import type { Detector, Scene } from './detector.ts'
import type { SessionEvent } from './event.ts'
import type { Policy } from './policy.ts'
import type { Signal } from './signal.ts'
import { emptySession, type Memories, type Profile } from './state.ts'

export interface FailedLogin {
  /** The profile's, after it. */
  readonly memory: Memories
  readonly signals: readonly Signal[]
  readonly blind: readonly string[]
}

const asking = new WeakMap<readonly Detector[], readonly Detector[]>()

/** The same list for the same registry: what is made ready for a list is kept with it. */
function thatAsk(detectors: readonly Detector[]): readonly Detector[] {
  let some = asking.get(detectors)
  if (some === undefined) {
    some = detectors.filter(({ seesFailedLogins }) => seesFailedLogins === true)
    asking.set(detectors, some)
  }
  return some
}

/** Shows a failed login to the detectors that ask for it. @param t decision time, ms */
export function seeFailedLogin(
  profile: Profile,
  event: SessionEvent,
  t: number,
  policy: Policy,
  detectors: readonly Detector[],
): FailedLogin {
  const session = { ...emptySession, sessionId: event.sessionId, startedAt: event.occurredAt }
  const { context } = locate(session, profile, event)
  const kind = event.actor[0]?.kind ?? event.subject.kind
  const scene: Scene = {
    event,
    t,
    kind,
    begins: false,
    phishingResistant: false,
    context,
    base: null,
    next: null,
    elsewhere: null,
    elsewhereNext: null,
    hasHistory: kind === 'human' ? profile.logins >= 1 : profile.contexts.length > 0,
    networkKnown: networkKnown(context, session, profile),
    rank: 'read',
    sensitivity: 'routine',
    actionRule: '',
    rights: [],
    parent: null,
    approver: null,
    session,
    profile,
  }
  const some = thatAsk(detectors)
  const { signals, blind } = detectAll(some, scene, policy)
  return { memory: rememberAll(some, scene, policy).profile, signals, blind }
}
