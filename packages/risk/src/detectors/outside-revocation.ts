/** Somebody outside says that the session must end: CAEP 1.0 session-revoked, with its `initiating_entity`. */
import { defineDetector, noMemory } from '../detector.ts'

const initiatorNames = {
  unknown: 'an unnamed party',
  admin: 'an administrator',
  user: 'the user',
  policy: 'a policy',
  system: 'a system',
} as const

export const outsideRevocation = defineDetector({
  name: 'outside-revocation',
  version: 1,
  family: 'token',
  reasons: {
    OUTSIDE_REVOCATION:
      'An administrator, the user, a policy or another system revoked the session.',
  },
  about: {
    sees: 'An event of type `revocation`: an administrator, the user, a policy or another system ended the session.',
    misses: ['Revocations that nobody sends.'],
    mistakes: [
      'A revocation that was sent by mistake: a revoked session is final, its subject logs in again.',
    ],
  },
  params: { score: 1000 },
  needs: [],
  memory: noMemory,
  detect({ event }, _memory, params) {
    // One that failed, or was only attempted, revoked nothing.
    if (event.type !== 'revocation' || event.outcome === 'failure') return null
    if (event.outcome === 'attempted') return null
    return {
      reason: 'OUTSIDE_REVOCATION',
      score: params.score,
      halfLifeMs: 0,
      message: `Revoked from outside by ${initiatorNames[event.initiator]}`,
      evidence: { initiator: event.initiator, source: event.source.slice(0, 128) },
    }
  },
  remember: (_scene, memory) => memory,
})
