import { describe, expect, it } from 'vitest'
import type { NetworkKind } from '../event.ts'
import { chrome, find, isBlind, network, type SceneParts, scene } from '../testing/scene.ts'
import { anonymizer } from './anonymizer.ts'

const on = (kind: NetworkKind, parts: SceneParts = {}): SceneParts => ({
  ...parts,
  context: { network: network({ kind, asn: 9009, country: 'NL' }), ...parts.context },
})
const login = { begins: true, base: null }
const tunnelled = on('hosting', { context: { client: chrome } })

const cases: [name: string, parts: SceneParts, score: number | null][] = [
  ['vpn mid-session', on('vpn'), 200],
  ['vpn at login', on('vpn', login), null],
  ['vpn without history', on('vpn', { hasHistory: false }), null],
  ['hosting mid-session', on('hosting'), 450],
  ['hosting mid-session, the machine of before by id and fingerprint', tunnelled, 340],
  ['hosting at login', on('hosting', login), 450],
  ['hosting at the first login', on('hosting', { ...login, hasHistory: false }), 450],
  ['tor mid-session', on('tor'), 500],
  ['tor at the first login', on('tor', { ...login, hasHistory: false }), 500],
  ['a vpn that the subject is known to use', on('vpn', { networkKnown: true }), null],
  ['hosting that the subject is known to use', on('hosting', { networkKnown: true }), null],
  ['tor that the subject is known to use', on('tor', { networkKnown: true }), null],
  [
    'a vpn that the session was proven on',
    on('vpn', { networkKnown: false, context: { proven: true } }),
    null,
  ],
  ['relay', on('relay'), null],
  ['mobile', on('mobile'), null],
  ['corporate', on('corporate'), null],
  ['satellite', on('satellite'), null],
  ['residential', on('residential'), null],
  ['unknown', on('unknown'), null],
  ['a workload on a new network of any kind', on('residential', { kind: 'workload' }), 450],
  ['a workload on new hosting', on('hosting', { kind: 'workload' }), 450],
  ['an agent on a new network', on('hosting', { kind: 'agent' }), 450],
  ['a workload on tor', on('tor', { kind: 'workload' }), 500],
  [
    'a workload on its known network',
    on('hosting', { kind: 'workload', networkKnown: true }),
    null,
  ],
  ['a workload without history', on('hosting', { kind: 'workload', hasHistory: false }), null],
  ['a workload on a relay', on('relay', { kind: 'workload' }), null],
  ['a workload on mobile', on('mobile', { kind: 'workload' }), null],
]

describe('anonymizer', () => {
  it.each(cases)('%s', (_name, parts, score) =>
    expect(find(anonymizer, scene(parts))?.score ?? null).toBe(score),
  )

  it('is blind without a network', () =>
    expect(isBlind(anonymizer, scene({ context: { network: null } }))).toBe(true))

  it('names both networks, and never decays', () => {
    expect(find(anonymizer, scene(on('vpn')))).toMatchObject({
      reason: 'ANONYMIZER',
      halfLifeMs: 0,
      message: 'From a vpn network AS9009, NL, new to this person',
      evidence: {
        previousNetwork: 'residential network AS2856, GB',
        network: 'vpn network AS9009, NL',
      },
    })
  })
})
