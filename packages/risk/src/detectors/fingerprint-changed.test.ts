import { describe, expect, it } from 'vitest'
import type { Client, SessionEvent } from '../event.ts'
import {
  chrome,
  client,
  context,
  find,
  home,
  homeNetwork,
  isBlind,
  network,
  scene,
  sighting,
  start,
} from '../testing/scene.ts'
import { fingerprintChanged } from './fingerprint-changed.ts'

const at = (n: number) => start + n * 1_000

/** An event of the proven home context, or of a context far away. */
const atHome = (over: Partial<Client> = {}, event: Partial<SessionEvent> = {}) =>
  scene({ context: { ...home, client: client(over) }, event })
const away = (over: Partial<Client> = {}, event: Partial<SessionEvent> = {}) =>
  scene({ context: { client: client(over) }, event })
const onCarrier = (over: Partial<Client>) =>
  scene({ context: { client: client(over), network: network({ kind: 'mobile', asn: 7 }) } })
const behindRelay = (over: Partial<Client>) =>
  scene({ context: { client: client(over), network: network({ kind: 'relay', asn: 7 }) } })
const login = (on: Client = chrome) =>
  scene({
    begins: true,
    base: null,
    context: { ...home, client: on },
    event: { type: 'login', occurredAt: at(0) },
  })
const other = { fingerprint: 699 }

type Case = [name: string, scenes: ReturnType<typeof scene>[], score: number | null]
const cases: Case[] = [
  ['another fingerprint from a new network', [login(), away(other)], 650],
  ['another fingerprint from a known network', [login(), atHome(other)], 300],
  ['the same fingerprint', [login(), away()], null],
  ['nothing remembered', [away(other)], null],
  ['no fingerprint told', [login(), away({ fingerprint: 0 })], null],
  ['again at the next event', [login(), away(other), away(other)], null],
  ['again after the victim acted at home', [login(), atHome(other), atHome(), atHome(other)], null],
  [
    'again after a proof at home',
    [login(), away(other), atHome({}, { type: 'reauthentication' }), away(other)],
    650,
  ],
  ['the old one, after another was seen unproven', [login(), away(other), atHome()], null],
  ['an upgrade on a known network', [login(), atHome({ ...other, version: 141 })], null],
  [
    'after that upgrade, the new fingerprint elsewhere',
    [login(), atHome({ ...other, version: 141 }), away({ ...other, version: 141 })],
    null,
  ],
  ['an upgrade on the carrier at home', [login(), onCarrier({ ...other, version: 141 })], null],
  ['no upgrade on the carrier at home', [login(), onCarrier(other)], 650],
  ['an upgrade behind the relay at home', [login(), behindRelay({ ...other, version: 141 })], null],
  [
    'an upgrade on a new network, under the same device id',
    [login(), away({ ...other, version: 141 })],
    300,
  ],
  [
    'an upgrade on a new network, device id not told',
    [login(), away({ ...other, version: 141, device: 0 })],
    650,
  ],
  [
    'a version where none was known before',
    [login(client({ version: 0 })), away({ ...other, version: 141 })],
    650,
  ],
  ['an older version on a new network', [login(), away({ ...other, version: 139 })], 650],
  ['another client altogether', [login(), away({ ...other, device: 502 })], null],
  [
    'another app',
    [login(), away({ ...other, app: 2 })].map((s) => ({
      ...s,
      base: sighting({ client: client({ app: 1 }) }),
    })),
    null,
  ],
  ['unproven contexts teach nothing', [away(other), away()], null],
]

describe('fingerprint-changed', () => {
  it.each(cases)('%s', (_name, scenes, score) =>
    expect(find(fingerprintChanged, ...scenes)?.score ?? null).toBe(score),
  )

  it('keeps one fingerprint for each proven context, so that a phone and a laptop both stay known', () => {
    const phone = client({ os: 'ios', browser: 'mobile safari', device: 502, fingerprint: 602 })
    const onPhone = context({ id: 3, proven: true, network: homeNetwork, client: phone })
    const proof = scene({ context: onPhone, event: { type: 'reauthentication' } })
    const afterPhone = { ...atHome(), base: { context: onPhone, at: at(5) } }
    expect(find(fingerprintChanged, login(), proof, afterPhone)).toBeNull()
    expect(find(fingerprintChanged, login(), proof, afterPhone, atHome())).toBeNull()
  })

  it('is blind without a client', () =>
    expect(isBlind(fingerprintChanged, scene({ context: { client: null } }))).toBe(true))

  it('names the client and its versions, and never decays', () => {
    expect(find(fingerprintChanged, login(), away(other))).toMatchObject({
      reason: 'FINGERPRINT_CHANGED',
      halfLifeMs: 0,
      message: 'chrome on Windows as before, but with another fingerprint',
      evidence: {
        client: 'chrome on Windows',
        previousVersion: 140,
        version: 140,
        networkKnown: false,
      },
    })
  })
})
