/** A network that hides where its user is, or one where this workload has no business. */
import { sameMachine } from '../client.ts'
import { defineDetector, noMemory, type Scene } from '../detector.ts'
import type { NetworkKind } from '../event.ts'
import { networkName } from './describe.ts'

/** Egress that carriers and systems choose for their users. */
const chosenForTheUser: readonly NetworkKind[] = ['mobile', 'relay']

interface Scores {
  readonly scoreVpn: number
  readonly scoreHosting: number
  readonly scoreTunnel: number
  readonly scoreTor: number
  readonly scoreWorkload: number
}

/** A server through which the very machine of before speaks is a VPN that no list names. */
function tunnels({ base, context }: Scene): boolean {
  const before = base?.context.client ?? null
  return before !== null && context.client !== null && sameMachine(before, context.client)
}

function scoreOf(scene: Scene, network: NetworkKind, scores: Scores): number {
  const { kind, begins, hasHistory } = scene
  if (network === 'tor') return scores.scoreTor
  if (chosenForTheUser.includes(network)) return 0
  // Hosting is where workloads live: what tells for them is a network that is new, of any kind.
  if (kind !== 'human') return hasHistory ? scores.scoreWorkload : 0
  if (network === 'hosting') return tunnels(scene) ? scores.scoreTunnel : scores.scoreHosting
  return network === 'vpn' && !begins && hasHistory ? scores.scoreVpn : 0
}

export const anonymizer = defineDetector({
  name: 'anonymizer',
  version: 1,
  family: 'place',
  reasons: {
    ANONYMIZER:
      'The session comes from a VPN, a hosting network or Tor that the subject is not known to use; for workloads and agents, from any new network.',
  },
  about: {
    sees: 'The kind of the network: Tor and hosting always (hosting less where the very machine of before speaks through it), a VPN where the session moved to it; for workloads and agents any network that is new to them.',
    misses: [
      'Residential proxies, and exits that no list names.',
      'A VPN that the subject, too, has used from a proven context.',
      'A thief on a server who copies both device id and fingerprint: alone that asks for nothing.',
    ],
    mistakes: [
      'Remote desktops and browsers that run in a data centre, until they are proven once.',
      'A workload that moves to another region or provider: declare its networks by the lists.',
    ],
  },
  params: { scoreVpn: 200, scoreHosting: 450, scoreTunnel: 340, scoreTor: 500, scoreWorkload: 450 },
  needs: ['network'],
  memory: noMemory,
  detect(scene, _memory, params) {
    const network = scene.context.network
    if (network === null || scene.context.proven || scene.networkKnown) return null
    const score = scoreOf(scene, network.kind, params)
    if (score === 0) return null
    const name = networkName(network)
    const previousNetwork = networkName(scene.base?.context.network ?? null)
    return {
      reason: 'ANONYMIZER',
      score,
      halfLifeMs: 0,
      message: `From a ${name}, new to this ${scene.kind === 'human' ? 'person' : scene.kind}`,
      evidence: { ...(scene.base === null ? {} : { previousNetwork }), network: name },
    }
  },
  remember: (_scene, memory) => memory,
})
