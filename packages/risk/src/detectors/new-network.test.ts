import { describe, expect, it } from 'vitest'
import type { Client } from '../event.ts'
import {
  chrome,
  client,
  find,
  home,
  isBlind,
  network,
  type SceneParts,
  scene,
} from '../testing/scene.ts'
import { newNetwork } from './new-network.ts'

const newDevice = client({ device: 9 })
const corporate = { context: { network: network({ kind: 'corporate', asn: 64500 }) } }
const login = (on: Client | null, { context, ...more }: SceneParts = {}): SceneParts => ({
  begins: true,
  base: null,
  profile: { contexts: [home] },
  ...more,
  context: { ...context, client: on },
})
const ipv6 = { asn: 5607, family: 6 as const }

const cases: [name: string, parts: SceneParts, score: number | null][] = [
  ['a network that is new to the subject, mid-session', {}, 200],
  ['no proven base', { base: null }, 200],
  ["in a person's first days", { profile: { logins: 4, loginDays: 3 } }, null],
  ['after many logins on two days', { profile: { logins: 9, loginDays: 2 } }, null],
  ['at login', login(chrome), null],
  ['at login, on a device that is new to the subject', login(newDevice), 200],
  [
    'at such a login, where no device is known',
    login(newDevice, { profile: { contexts: [] } }),
    null,
  ],
  ['at such a login, from the own organisation', login(newDevice, corporate), null],
  ['at such a login, by a passkey', login(newDevice, { phishingResistant: true }), null],
  ['at such a login, no client told', login(null), null],
  ['a network that the subject has used', { networkKnown: true }, null],
  ['a proven context', { networkKnown: false, context: { proven: true } }, null],
  ['a mobile carrier', { context: { network: network({ kind: 'mobile', asn: 1 }) } }, null],
  ['relay egress', { context: { network: network({ kind: 'relay', asn: 1 }) } }, null],
  ['IPv6 after IPv4 in one country', { context: { network: network(ipv6) } }, null],
  [
    'IPv6 after IPv4 in another country',
    { context: { network: network({ ...ipv6, country: 'FR' }) } },
    200,
  ],
]

describe('new-network', () => {
  it.each(cases)('%s', (_name, parts, score) =>
    expect(find(newNetwork, scene(parts))?.score ?? null).toBe(score),
  )

  it('is blind without history or network', () => {
    expect(isBlind(newNetwork, scene({ hasHistory: false }))).toBe(true)
    expect(isBlind(newNetwork, scene({ context: { network: null } }))).toBe(true)
  })

  it('names both networks, and never decays', () => {
    expect(find(newNetwork, scene())).toMatchObject({
      reason: 'NEW_NETWORK',
      halfLifeMs: 0,
      message: 'Moved to a residential network AS28573, BR, never used before',
      evidence: {
        previousNetwork: 'residential network AS2856, GB',
        network: 'residential network AS28573, BR',
      },
    })
  })
})
