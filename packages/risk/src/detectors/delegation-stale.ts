/**
 * Something sensitive, done for a person whose own session has ended, or who authenticated too long ago.
 *
 * A finding is made once of each end and of each authentication that got old: found at each action, it would
 * undo every approval. A new approval that got old in its turn is found again.
 */
import { defineDetector, type Scene } from '../detector.ts'
import { text, time } from '../fields.ts'
import { agoText } from './describe.ts'

interface Params {
  readonly ageMsMax: number
}

interface Kept {
  /** Key of the last parent session whose end was found. */
  readonly ended: string
  /** The last authentication that was found to be old. */
  readonly authTime: number
}

interface Fault extends Kept {
  readonly message: string
  readonly evidence: Readonly<Record<string, string | number>>
}

const actsForAnother = ({ event, kind, sensitivity }: Scene): boolean =>
  event.type === 'action' &&
  event.outcome !== 'failure' &&
  sensitivity !== 'routine' &&
  (event.actor.length > 0 || kind === 'agent')

const shortName = (sessionId: string): string => sessionId.slice(0, 64)

/** What is wrong with the approval that stands behind an action and was not found before, null where nothing is. */
function newFault(scene: Scene, kept: Kept, params: Params): Fault | null {
  if (!actsForAnother(scene)) return null
  const { event, parent, approver, session } = scene
  const authTime = approver?.assurance.authTime || session.approvedAt
  const named = parent === null ? {} : { parentSession: shortName(parent.sessionId) }
  const done = (event.action?.name ?? '').slice(0, 64)
  if (parent !== null && parent.status !== 'active' && parent.endedAt <= event.occurredAt) {
    if (kept.ended === session.parent) return null
    const ago = agoText(event.occurredAt - parent.endedAt)
    return {
      ended: session.parent,
      authTime,
      message: `Acts (${done}) for a session that ended ${ago} ago`,
      evidence: { ...named, parentEndedAgo: ago, action: done },
    }
  }
  const age = event.occurredAt - authTime
  if (authTime === 0 || age <= params.ageMsMax || authTime <= kept.authTime) return null
  return {
    ended: kept.ended,
    authTime,
    message: `Acts (${done}) for a person who authenticated ${agoText(age)} ago`,
    evidence: {
      ...named,
      authenticatedAgo: agoText(age),
      ageMinutesMax: Math.floor(params.ageMsMax / 60_000),
      action: done,
    },
  }
}

export const delegationStale = defineDetector({
  name: 'delegation-stale',
  version: 1,
  family: 'delegation',
  reasons: {
    DELEGATION_STALE:
      'A sensitive action on behalf of a person whose session has ended, or who authenticated too long ago.',
  },
  about: {
    sees: 'A sensitive or critical action of an agent, held against the session that it was begun from: whether that one still lives, and how long ago its person authenticated.',
    misses: [
      'Agents whose events name no parent session.',
      'What an agent does within the hour after its person authenticated, wanted or not.',
    ],
    mistakes: [
      'Long tasks that a person started with full intent: approve them anew, or raise the age in the policy.',
    ],
  },
  params: { score: 450, ageMsMax: 3_600_000 },
  needs: ['parent'],
  memory: { session: { ended: text(22), authTime: time }, profile: {} },
  detect(scene, { session: kept }, params) {
    const fault = newFault(scene, kept, params)
    if (fault === null) return null
    const { message, evidence } = fault
    return { reason: 'DELEGATION_STALE', score: params.score, halfLifeMs: 0, message, evidence }
  },
  remember(scene, memory, params) {
    const fault = newFault(scene, memory.session, params)
    if (fault === null) return memory
    return { ...memory, session: { ended: fault.ended, authTime: fault.authTime } }
  },
})
