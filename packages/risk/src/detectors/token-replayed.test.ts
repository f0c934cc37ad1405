import { describe, expect, it } from 'vitest'
import type { Client, Network } from '../event.ts'
import type { Context } from '../state.ts'
import {
  chrome,
  client,
  context,
  event,
  find,
  home,
  london,
  minutes,
  network,
  python,
  scene,
  start,
} from '../testing/scene.ts'
import { tokenReplayed } from './token-replayed.ts'

const thief = context()
const manchester = { ...london, latitude: 53.48, longitude: -2.24, city: 'Manchester' }

/** Events by turns of two contexts, `gapMs` apart: `ABABA` is two round trips. */
function turns(order: string, b: Context = thief, a: Context = home, gapMs = minutes(1)) {
  const names = [...order]
  return names.map((name, i) => {
    // The session knows a context from its first event on, and when it was last seen.
    const known = [a, b].flatMap((c) => {
      const last = names.lastIndexOf(c === a ? 'A' : 'B', i)
      return last < 0 ? [] : [{ ...c, lastSeen: start + last * gapMs }]
    })
    return at(name === 'A' ? a : b, start + i * gapMs, known)
  })
}
function at(here: Context, occurredAt: number, contexts: readonly Context[]) {
  return scene({ context: here, event: { occurredAt }, session: { contexts } })
}
const away = (n: Partial<Network>, c: Partial<Client> = {}) =>
  context({ network: network(n), client: client({ fingerprint: 0, ...c }) })
const secondLine = (over: Partial<Context> = {}) =>
  context({ network: network({ asn: 5089, address: 7, prefix: 70 }), place: london, ...over })
const nameless = client({ device: 0, fingerprint: 0 })
const exit = { asn: 9009, country: 'NL', kind: 'vpn' } as const

type Case = [name: string, scenes: ReturnType<typeof scene>[], score: number | null]
const cases: Case[] = [
  ['two round trips', turns('ABABA'), 750],
  ['two round trips, seen from the other side', turns('BABAB'), 750],
  ['one and a half', turns('ABAB'), null],
  ['two round trips with long stays', turns('AAABBBAABBBBAAA', thief, home, 30_000), 750],
  ['a move, and one back', turns('AAABBBAAA'), null],
  ['two round trips in 12 min', turns('ABABA', thief, home, minutes(3)), null],
  ['both contexts proven', turns('ABABA', { ...thief, proven: true }), null],
  ['both contexts unproven', turns('ABABA', thief, { ...home, proven: false }), 750],
  ['wifi and mobile of one client', turns('ABABA', away({ kind: 'mobile', asn: 1 })), null],
  [
    'mobile, but of another client',
    turns('ABABA', away({ kind: 'mobile', asn: 1 }, { os: 'linux' })),
    750,
  ],
  ['IPv4 and IPv6 in one country', turns('ABABA', away({ family: 6, asn: 1 })), null],
  [
    'IPv4 and IPv6 in two countries',
    turns('ABABA', away({ family: 6, asn: 1, country: 'FR' })),
    750,
  ],
  ['relay egress', turns('ABABA', away({ kind: 'relay', asn: 1, country: 'FR' })), null],
  ['one network by its ASN', turns('ABABA', away({ prefix: 9 })), null],
  [
    'the ASN of an organisation, egress in two countries',
    turns('ABABA', away({ kind: 'corporate', country: 'FR', prefix: 9 })),
    null,
  ],
  ['one ASN, two countries', turns('ABABA', away({ country: 'FR', prefix: 9 })), 750],
  ['one network by its country, ASN unknown', turns('ABABA', away({ asn: 0, prefix: 9 })), null],
  [
    'one network, two clients',
    turns('ABABA', context({ network: home.network, client: python })),
    750,
  ],
  ['one machine by id and fingerprint: a split tunnel', turns('ABABA', away(exit, chrome)), 300],
  ['one device through a VPN, fingerprint not told', turns('ABABA', away(exit)), 300],
  ['a VPN, no device told', turns('ABABA', away(exit, { device: 0 })), 750],
  ['one device through a rented server', turns('ABABA', away({ ...exit, kind: 'hosting' })), 750],
  ['two lines of one place', turns('ABABA', secondLine()), 300],
  ['two lines of one place, and two devices', turns('ABABA', secondLine({ client: python })), 750],
  ['two lines of one device in one country', turns('ABABA', secondLine({ place: null })), 300],
  [
    'two lines, no device told, one of them nowhere',
    turns('ABABA', secondLine({ place: null, client: nameless })),
    750,
  ],
  [
    'two lines of two cities, no device told',
    turns('ABABA', secondLine({ place: manchester, client: nameless })),
    750,
  ],
  ['one client, no network told', turns('ABABA', context({ network: null })), null],
]

describe('token-replayed', () => {
  it.each(cases)('%s', (_name, scenes, score) =>
    expect(find(tokenReplayed, ...scenes)?.score ?? null).toBe(score),
  )

  it('goes by evidence time: late events of one move are no turns', () => {
    const jitter = [0, 3, 1, 4, 2].map((n) =>
      at(n < 3 ? home : thief, start + minutes(n), [home, thief]),
    )
    expect(find(tokenReplayed, ...jitter)).toBeNull()
  })

  it('goes by evidence time: turns that arrive out of order are turns', () => {
    const late = [0, 2, 1, 4, 3].map((n) =>
      at(n % 2 === 0 ? home : thief, start + minutes(n), [home, thief]),
    )
    expect(find(tokenReplayed, ...late)?.score).toBe(750)
  })

  it('weighs all who take turns: a second line of the owner hides no thief', () => {
    const line = { ...secondLine(), id: 3 }
    const third = [line, thief, home]
    const order = [home, line, thief, home, line, thief, home, line, thief, home]
    const scenes = order.map((here, i) => at(here, start + i * 30_000, third))
    expect(find(tokenReplayed, ...scenes)).toMatchObject({ score: 750, context: thief.id })
  })

  it('takes no turn from an event that names neither network nor client', () => {
    const quiet = scene({ context: thief, event: event({ occurredAt: start + minutes(1) }) })
    const [first, , third, fourth, fifth] = turns('ABABA')
    expect(find(tokenReplayed, first!, quiet, third!, fourth!, fifth!)).toBeNull()
  })

  it('speaks of the unproven context, whoever acts, and never decays', () => {
    for (const order of ['ABABA', 'BABAB']) {
      expect(find(tokenReplayed, ...turns(order))).toMatchObject({
        reason: 'TOKEN_REPLAYED',
        halfLifeMs: 0,
        context: thief.id,
        message:
          'Used in turns from residential network AS2856, GB and from residential network AS28573, BR',
        evidence: { turns: 5 },
      })
    }
  })
})
