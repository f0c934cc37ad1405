/** The same client by name, another by fingerprint: a copied cookie behind a copied user agent. */
import { sameClient } from '../client.ts'
import { defineDetector, type Scene } from '../detector.ts'
import { hash, list, record, uint, type ValueOf } from '../fields.ts'
import { clientName } from './describe.ts'

const knownFields = record({ context: uint, fingerprint: hash, version: uint })

const remembered = {
  /** Fingerprint and major version that each proven context of the session has. */
  known: list(4, knownFields),
  /** What was found already, so that it is not found again at each event. */
  reported: list(3, hash),
} as const

type Known = ValueOf<typeof knownFields>

/**
 * The proven fingerprint that the event's contradicts, null where it contradicts none: it is held
 * against its own context's, else against that of the last proven one if that is the same client.
 * A newer version under the same device id is weighed as on a known network: it is most likely an update.
 */
function contradicted({ event, context, base, networkKnown }: Scene, known: readonly Known[]) {
  const client = event.client
  if (client === null || client.fingerprint === 0) return null
  if (known.some((k) => k.fingerprint === client.fingerprint)) return null
  const previous = base?.context.client ?? null
  const own = known.find((k) => k.context === context.id)
  const comparable = previous !== null && sameClient(previous, client)
  const before = own ?? (comparable ? known.find((k) => k.context === base?.context.id) : undefined)
  if (before === undefined) return null
  // A new version on a known network, or on what carries the subject at home, is what updates look like.
  const upgraded = before.version !== 0 && client.version !== 0 && before.version !== client.version
  const here = context.network
  const carries = here?.kind === 'mobile' || here?.kind === 'relay'
  const carried = carries && here?.country === base?.context.network?.country
  if (upgraded && (networkKnown || carried)) return null
  const sameDevice = previous !== null && client.device !== 0 && client.device === previous.device
  const updated = upgraded && sameDevice && client.version > before.version
  return { ...before, likely: networkKnown || updated }
}

const authenticates = ({ event }: Scene): boolean =>
  (event.type === 'login' || event.type === 'reauthentication') && event.outcome === 'success'

export const fingerprintChanged = defineDetector({
  name: 'fingerprint-changed',
  version: 1,
  family: 'client',
  reasons: {
    FINGERPRINT_CHANGED:
      'The client calls itself the same, but its fingerprint is not the one that the session was proven with.',
  },
  about: {
    sees: 'The fingerprint of a client that calls itself the same, against the one that its context was proven with.',
    misses: [
      'A fingerprint that is copied along with the cookie.',
      'Producers that send none.',
      'A change that comes with a new version on a known network, or behind the carrier or relay at home: updates look like that. With a newer version under a copied device id it counts less.',
    ],
    mistakes: [
      'A new screen, font or driver that the fingerprint is made of: on a known network it counts less, and is told once.',
    ],
  },
  params: { scoreNewNetwork: 650, scoreKnownNetwork: 300 },
  needs: ['client'],
  memory: { session: remembered, profile: {} },
  detect(scene, { session: { known, reported } }, params) {
    const client = scene.event.client
    const before = contradicted(scene, known)
    if (client === null || before === null || reported.includes(client.fingerprint)) return null
    return {
      reason: 'FINGERPRINT_CHANGED',
      score: before.likely ? params.scoreKnownNetwork : params.scoreNewNetwork,
      halfLifeMs: 0,
      message: `${clientName(client)} as before, but with another fingerprint`,
      evidence: {
        client: clientName(client),
        previousVersion: before.version,
        version: client.version,
        networkKnown: scene.networkKnown,
      },
    }
  },
  remember(scene, memory) {
    const { known, reported } = memory.session
    const { fingerprint, version } = scene.event.client ?? { fingerprint: 0, version: 0 }
    if (fingerprint === 0) return memory
    const proves = authenticates(scene)
    if (scene.context.proven && (proves || contradicted(scene, known) === null)) {
      const context = scene.context.id
      const own = known.find((k) => k.context === context)
      const same = own?.fingerprint === fingerprint && own.version === version
      // A new proof answers what was found: if it is seen once more, it is news once more.
      if (same && !(proves && reported.length > 0)) return memory
      const others = known.filter((k) => k !== own)
      const kept = [...others, { context, fingerprint, version }].slice(-remembered.known.max)
      return { ...memory, session: { known: kept, reported: proves ? [] : reported } }
    }
    if (contradicted(scene, known) === null || reported.includes(fingerprint)) return memory
    const kept = [...reported, fingerprint].slice(-remembered.reported.max)
    return { ...memory, session: { known, reported: kept } }
  },
})
