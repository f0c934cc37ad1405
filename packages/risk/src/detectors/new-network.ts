/** A session that moves to a network which is new to its subject, or begins there on a new device. */
import { deviceKnown } from '../context.ts'
import { defineDetector, noMemory, type Scene } from '../detector.ts'
import { sameCountryOtherFamily } from '../network.ts'
import { networkName } from './describe.ts'
import { firstDays, hasHabits } from './first-days.ts'

/** Who logs in with what was phished does so on a device of one's own; a proof that nobody can pass on is no phished one. */
const beginsOnNewDevice = ({ context, profile, phishingResistant }: Scene): boolean =>
  context.client !== null &&
  context.network?.kind !== 'corporate' &&
  !phishingResistant &&
  !deviceKnown(profile, context.client)

export const newNetwork = defineDetector({
  name: 'new-network',
  version: 1,
  family: 'place',
  reasons: {
    NEW_NETWORK:
      'The session has moved to a network that the subject never used before, or began there on a device that is new as well.',
  },
  about: {
    sees: 'The network of an event within a session (its ASN within one country, else its country) against the networks that the subject has used from proven contexts; at a login, where the device is new to the subject too.',
    misses: [
      'A thief in a network that the subject uses too: the same carrier, office or café.',
      'A move to a mobile or relay network, which is never counted.',
      "Any move in a person's first days.",
      'A login on a known device: a session begins somewhere, and other detectors judge where.',
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
    const { network } = context
    if (network === null || networkKnown || context.proven) return null
    if (begins && !beginsOnNewDevice(scene)) return null
    if (!hasHabits(scene, params)) return null
    if (network.kind === 'mobile' || network.kind === 'relay') return null
    const previous = base?.context.network ?? null
    if (previous !== null && sameCountryOtherFamily(previous, network)) return null
    const name = networkName(network)
    return {
      reason: 'NEW_NETWORK',
      score: params.score,
      halfLifeMs: 0,
      message: begins
        ? `Login on a new device from a ${name}, never used before`
        : `Moved to a ${name}, never used before`,
      evidence: {
        ...(previous === null ? {} : { previousNetwork: networkName(previous) }),
        network: name,
      },
    }
  },
  remember: (_scene, memory) => memory,
})
