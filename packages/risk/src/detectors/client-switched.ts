/** A browser's session in the hands of a program: a stolen cookie in a script. */
import { sameApp } from '../client.ts'
import { defineDetector, noMemory } from '../detector.ts'
import { clientName } from './describe.ts'

export const clientSwitched = defineDetector({
  name: 'client-switched',
  version: 1,
  family: 'client',
  reasons: {
    CLIENT_SWITCHED:
      "A programmatic client (curl, an HTTP library, a headless browser) uses a browser's session.",
  },
  about: {
    sees: 'A programmatic client (curl, an HTTP library, a headless browser, by its user agent) in a session whose last proven client was a browser.',
    misses: [
      "A script that sends a browser's user agent: then fingerprint and device must tell.",
      'Sessions that a program began, workloads and agents.',
    ],
    mistakes: [
      "A request copied as curl at one's own desk: the lower score is for this.",
      "An app that uses the browser's session from a program of its own: give it an `appId`.",
    ],
  },
  params: { scoreNewNetwork: 750, scoreKnownNetwork: 450 },
  needs: ['client', 'base'],
  memory: noMemory,
  detect({ kind, context, base, networkKnown }, _memory, params) {
    const [previous, client] = [base?.context.client ?? null, context.client]
    if (kind !== 'human' || context.proven || previous === null || client === null) return null
    if (previous.kind !== 'browser' || client.kind !== 'programmatic') return null
    if (!sameApp(previous, client)) return null
    const [before, now] = [clientName(previous), clientName(client)]
    return {
      reason: 'CLIENT_SWITCHED',
      score: networkKnown ? params.scoreKnownNetwork : params.scoreNewNetwork,
      halfLifeMs: 0,
      message: `${before}, then ${now} in the same session`,
      evidence: { previousClient: before, client: now, networkKnown },
    }
  },
  remember: (_scene, memory) => memory,
})
