/**
 * The means to come back: an authenticator enrolled or changed from an unproven context, and one so changed
 * that is used, from an unproven context again, within a day.
 *
 * The profile's `enrolments`, by which authenticators prove nothing, do not serve here: they hold no changes,
 * and take an enrolment whose context nobody told for an unproven one, which is caution there and would be
 * a finding about nothing here.
 */
import { defineDetector, type Finding, type Scene } from '../detector.ts'
import type { Credential } from '../event.ts'
import { hash, list, record, time, type ValueOf } from '../fields.ts'
import { agoText, contextName, credentialName } from './describe.ts'

const changeList = list(8, record({ credential: hash, at: time }))
type Changes = ValueOf<typeof changeList>

interface Params {
  readonly score: number
  readonly halfLifeMs: number
  readonly windowMs: number
}

/** Session tokens come with every session: they are no means to begin one. */
const isAuthenticator = ({ kind }: Credential): boolean => kind !== 'session-token'

/** What the event made of an authenticator, null where it changed none. Removing one brings nobody back. */
function changeOf({ event }: Scene): 'added' | 'changed' | null {
  const { type, outcome, credential } = event
  if (type !== 'credential-change' || outcome !== 'success') return null
  if (credential === null || !isAuthenticator(credential)) return null
  if (credential.change === 'create') return 'added'
  return credential.change === 'update' ? 'changed' : null
}

const authenticates = ({ event }: Scene): boolean =>
  (event.type === 'login' || event.type === 'reauthentication') && event.outcome === 'success'

/** When the authenticator that the event authenticates with was changed, null where not of late. */
function changedOfLate(scene: Scene, changes: Changes, { windowMs }: Params): number | null {
  const id = scene.event.credential?.id ?? 0
  if (id === 0 || !authenticates(scene)) return null
  const at = scene.event.occurredAt
  return changes.find((c) => c.credential === id && c.at <= at && at - c.at < windowMs)?.at ?? null
}

/** What happened to the authenticator, and from where. */
function found(
  { event, context, base }: Scene,
  happened: string,
  evidence: Finding['evidence'],
  { score, halfLifeMs }: Params,
): Finding {
  const name = credentialName(event.credential?.kind ?? 'unknown')
  const previous = base === null ? {} : { previousContext: contextName(base.context) }
  const here = contextName(context)
  return {
    reason: 'AUTHENTICATOR_CHANGED',
    score,
    halfLifeMs,
    message: `${name.charAt(0).toUpperCase()}${name.slice(1)} ${happened} in an unproven context: ${here}`,
    evidence: { authenticator: name, ...evidence, ...previous, context: here },
  }
}

export const authenticatorChanged = defineDetector({
  name: 'authenticator-changed',
  version: 1,
  family: 'credential',
  reasons: {
    AUTHENTICATOR_CHANGED:
      'An authenticator is enrolled or changed from an unproven context, or one that was is used from an unproven context within a day.',
  },
  about: {
    sees: 'Credential changes (`create`, `update`) from an unproven context, and authenticators so changed that are used from an unproven context within the window.',
    misses: [
      'Enrolments that the identity provider does not report, or reports without the client that made them.',
      "An enrolment from a context that was proven: the adversary in the middle on the subject's own network.",
    ],
    mistakes: ['A new phone that is set up on a new network: a proof from there answers it.'],
  },
  params: { score: 400, halfLifeMs: 24 * 3_600_000, windowMs: 24 * 3_600_000 },
  needs: ['context'],
  memory: { session: {}, profile: { changes: changeList } },
  detect(scene, { profile: { changes } }, params) {
    if (scene.context.proven) return null
    const change = changeOf(scene)
    if (change !== null) return found(scene, `was ${change}`, { change }, params)
    const changedAt = changedOfLate(scene, changes, params)
    if (changedAt === null) return null
    const since = scene.event.occurredAt - changedAt
    const minutesSinceChange = Math.floor(since / 60_000)
    return found(scene, `changed ${agoText(since)} ago was used`, { minutesSinceChange }, params)
  },
  remember(scene, memory) {
    const { context, event } = scene
    const credential = event.credential?.id ?? 0
    if (credential === 0 || changeOf(scene) === null) return memory
    if (context.network === null && context.client === null) return memory
    const { changes } = memory.profile
    const known = changes.find((c) => c.credential === credential)
    if ((known?.at ?? 0) >= event.occurredAt) return memory
    const others = changes.filter((c) => c !== known)
    // Changed from a proven context it is the subject's own again.
    if (context.proven)
      return known === undefined ? memory : { ...memory, profile: { changes: others } }
    const change = { credential, at: event.occurredAt }
    return { ...memory, profile: { changes: [...others, change].slice(-changeList.max) } }
  },
})
