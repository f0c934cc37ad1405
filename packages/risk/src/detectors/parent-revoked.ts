/** A session begun from one that was revoked: an app's session of a revoked single sign-on, an agent's of a revoked person. */
import { defineDetector, noMemory } from '../detector.ts'
import { isRevokedForCause } from '../lineage.ts'

export const parentRevoked = defineDetector({
  name: 'parent-revoked',
  version: 1,
  family: 'token',
  reasons: { PARENT_REVOKED: 'The session that this one was begun from has been revoked.' },
  about: {
    sees: 'That the session which this one was begun from was revoked for cause, in the same record or before this one was first seen.',
    misses: ['Sessions whose events never name the session that they were begun from.'],
    mistakes: ['None of its own: it is as right as the revocation that it follows.'],
  },
  params: { score: 1000 },
  needs: ['parent'],
  memory: noMemory,
  detect({ parent, profile }, _memory, params) {
    if (parent === null || !isRevokedForCause(parent, profile)) return null
    return {
      reason: 'PARENT_REVOKED',
      score: params.score,
      halfLifeMs: 0,
      message: 'The session that this one was begun from has been revoked',
      evidence: { parentSession: parent.sessionId.slice(0, 128) },
    }
  },
  remember: (_scene, memory) => memory,
})
