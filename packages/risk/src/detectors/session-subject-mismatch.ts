/** An event that claims the session for another subject than its login did. */
import { defineDetector, noMemory } from '../detector.ts'

export const sessionSubjectMismatch = defineDetector({
  name: 'session-subject-mismatch',
  version: 1,
  family: 'token',
  reasons: {
    SESSION_SUBJECT_MISMATCH: 'An event names another subject than the login of its session.',
  },
  about: {
    sees: "The subject that an event names against the one that the session's login named, as ingest found it.",
    misses: [
      "Events that name no subject: they are taken for the session's own.",
      'Sessions whose login was never seen.',
    ],
    mistakes: [
      'Session ids that two apps or tenants give out alike: make them unique, or send a tenant each.',
    ],
  },
  params: { score: 1000 },
  needs: [],
  memory: noMemory,
  detect({ event }, _memory, params) {
    if (!event.claimedSubject) return null
    return {
      reason: 'SESSION_SUBJECT_MISMATCH',
      score: params.score,
      halfLifeMs: 0,
      message: `A ${event.type} event claims the session for another subject than its login`,
      evidence: { event: event.type },
    }
  },
  remember: (_scene, memory) => memory,
})
