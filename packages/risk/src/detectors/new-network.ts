/** A session that moves to a network which is new to its subject. */
import { defineDetector, noMemory } from '../detector.ts'
import { sameCountryOtherFamily } from '../network.ts'
import { networkName } from './describe.ts'
import { firstDays, hasHabits } from './first-days.ts'

export const newNetwork = defineDetector({
  name: 'new-network',
  version: 1,
  family: 'place',
  reasons: {
    NEW_NETWORK: 'The session has moved to a network that the subject never used before.',
  },
  about: {
    sees: 'The network of an event within a session (its ASN within one country, else its country) against the networks that the subject has used from proven contexts.',
    misses: [
      'A thief in a network that the subject uses too: the same carrier, office or café.',
      'A move to a mobile or relay network, which is never counted.',
      "Any move in a person's first days.",
      'A change that comes with the login: a session begins somewhere, and other detectors judge where.',
    ],
    mistakes: [
      'The first hotel, café or hotspot in the middle of a session: the score alone asks for nothing.',
      'A provider that announces its customers under several ASNs.',
    ],
  },
  params: { score: 200, ...firstDays },
  needs: ['network', 'history'],
  memory: noMemory,
  detect(scene, _memory, params) {
    const { context, base, begins, networkKnown } = scene
    const network = context.network
    if (network === null || begins || networkKnown || context.proven) return null
    if (!hasHabits(scene, params)) return null
    if (network.kind === 'mobile' || network.kind === 'relay') return null
    const previous = base?.context.network ?? null
    if (previous !== null && sameCountryOtherFamily(previous, network)) return null
    const name = networkName(network)
    return {
      reason: 'NEW_NETWORK',
      score: params.score,
      halfLifeMs: 0,
      message: `Moved to a ${name}, never used before`,
      evidence: {
        ...(previous === null ? {} : { previousNetwork: networkName(previous) }),
        network: name,
      },
    }
  },
  remember: (_scene, memory) => memory,
})
