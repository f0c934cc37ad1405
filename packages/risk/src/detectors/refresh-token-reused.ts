/** A refresh token that was already exchanged comes back: two parties hold it (RFC 9700 section 4.14). */
import { defineDetector, noMemory } from '../detector.ts'

export const refreshTokenReused = defineDetector({
  name: 'refresh-token-reused',
  version: 1,
  family: 'token',
  reasons: { REFRESH_TOKEN_REUSED: 'A refresh token was presented after it had been exchanged.' },
  about: {
    sees: 'What the authorization server says: it was shown a refresh token that it had exchanged already.',
    misses: ['Servers that do not rotate refresh tokens, or do not tell.'],
    mistakes: [
      'A client that never received the answer to its first exchange and repeats it: grant a few seconds at the server before it says `reused`.',
    ],
  },
  params: { score: 1000 },
  needs: [],
  memory: noMemory,
  detect({ event }, _memory, params) {
    if (event.credential?.status !== 'reused') return null
    return {
      reason: 'REFRESH_TOKEN_REUSED',
      score: params.score,
      halfLifeMs: 0,
      message: 'A refresh token that had already been exchanged was presented again',
      evidence: { credentialKind: event.credential.kind, event: event.type },
    }
  },
  remember: (_scene, memory) => memory,
})
