import { describe, expect, it } from 'vitest'
import type { Facts, Network, NetworkKind, SessionEvent } from '../event.ts'
import {
  chrome,
  client,
  farNetwork,
  find,
  home,
  homeNetwork,
  hours,
  isBlind,
  minutes,
  network,
  type SceneParts,
  scene,
  start,
} from '../testing/scene.ts'
import { failedBurst } from './failed-burst.ts'

const noon = start + hours(2)
const unknownDevice = client({ os: 'linux', device: 777, fingerprint: 888 })
const elsewhere = network({ asn: 12389, country: 'RU', address: 33, prefix: 303 })

let ids = 0
const login = (outcome: SessionEvent['outcome'], ms: number, parts: SceneParts = {}) => {
  ids += 1
  const { event, context, ...rest } = parts
  return scene({
    ...rest,
    context: { client: unknownDevice, ...context },
    event: { type: 'login', outcome, occurredAt: noon + ms, idHash: ids, action: null, ...event },
  })
}
const succeeds = (ms: number, parts?: SceneParts) => login('success', ms, parts)
const fails = (ms: number, parts?: SceneParts) => login('failure', ms, parts)
/** One every 30 s from noon on, from the far network and an unknown device unless said otherwise. */
const failures = (count: number, parts?: SceneParts) =>
  Array.from({ length: count }, (_, i) => fails(i * 30_000, parts))

const from = (seen: Network, device = unknownDevice): SceneParts => ({
  context: { network: seen, client: device },
  networkKnown: seen === homeNetwork,
})
const atHome: SceneParts = { context: home }
const onKnownDevice = from(farNetwork, chrome)
const untold: SceneParts = { context: { client: null } }
const untoldAtHome: SceneParts = {
  context: { client: null, network: homeNetwork },
  networkKnown: true,
}
const nameless = from(farNetwork, client({ device: 0 }))
const onHomeNetwork = from(homeNetwork)

const facts = (over: Partial<Facts> = {}): Facts => ({
  networkFailures: 60,
  networkFailedSubjects: 40,
  networkLogins: 2,
  deviceSubjects: 1,
  ...over,
})
const sprayed = (over: Partial<Facts> = {}, parts: SceneParts = {}) =>
  succeeds(minutes(5), { ...parts, event: { facts: facts(over) } })
const via = (kind: NetworkKind) => from({ ...farNetwork, kind })

type Case = [name: string, scenes: ReturnType<typeof login>[], score: number | null]
const cases: Case[] = [
  ['six failures, then success', [...failures(6), succeeds(minutes(5))], 550],
  ['five', [...failures(5), succeeds(minutes(5))], 550],
  ['four', [...failures(4), succeeds(minutes(5))], null],
  ['a success alone', [succeeds(0)], null],
  ['thirty failures', [...failures(30), succeeds(minutes(20))], 550],
  ['five that were an hour ago', [...failures(5), succeeds(hours(1) + minutes(2))], null],
  ['the last of them 58 min ago', [...failures(5), succeeds(minutes(60) - 1)], 550],
  ['failures told late, which came after it', [...failures(6), succeeds(-1)], null],
  [
    'success from another unknown network',
    [...failures(6), succeeds(minutes(5), from(elsewhere))],
    550,
  ],
  ['success on a known device', [...failures(6), succeeds(minutes(5), onKnownDevice)], null],
  ['success on a known network', [...failures(6), succeeds(minutes(5), onHomeNetwork)], null],
  [
    'success by a passkey',
    [...failures(6), succeeds(minutes(5), { phishingResistant: true })],
    null,
  ],
  ['success at home', [...failures(6), succeeds(minutes(5), atHome)], null],
  [
    'mistyped at home, then in on a new phone by another network',
    [...failures(6, atHome), succeeds(minutes(5))],
    null,
  ],
  [
    'mistyped on the own laptop in a hotel, then in on a new phone',
    [...failures(6, onKnownDevice), succeeds(minutes(5))],
    null,
  ],
  [
    'mistyped on a new device at home, then in from elsewhere',
    [...failures(6, onHomeNetwork), succeeds(minutes(5))],
    null,
  ],
  [
    'failures that nobody tells from where',
    [
      ...failures(6, { context: { network: null, client: null }, networkKnown: true }),
      succeeds(minutes(5)),
    ],
    null,
  ],
  [
    'failures whose device nobody tells',
    [...failures(6, { context: { client: null } }), succeeds(minutes(5))],
    550,
  ],
  [
    'mistyped where the owner has been proven since',
    [
      ...failures(6),
      succeeds(minutes(4), { context: { proven: true } }),
      succeeds(minutes(5), from(elsewhere, client({ os: 'ios', device: 999 }))),
    ],
    null,
  ],
  [
    'attempts that did not fail',
    [
      ...failures(6).map((seen) => ({
        ...seen,
        event: { ...seen.event, outcome: 'attempted' as const },
      })),
      succeeds(minutes(5)),
    ],
    null,
  ],
  [
    'actions that failed',
    [
      ...failures(6).map((seen) => ({
        ...seen,
        event: { ...seen.event, type: 'action' as const },
      })),
      succeeds(minutes(5)),
    ],
    null,
  ],
  [
    'an action after them',
    [...failures(6), succeeds(minutes(5), { event: { type: 'action' } })],
    null,
  ],
  ['one password tried on forty', [sprayed()], 550],
  ['on forty, and once on this subject', [...failures(1), sprayed()], 550],
  ['on twenty', [sprayed({ networkFailedSubjects: 20, networkLogins: 5 })], 550],
  ['on nineteen', [sprayed({ networkFailedSubjects: 19 })], null],
  [
    'many failures for few subjects',
    [sprayed({ networkFailures: 200, networkFailedSubjects: 3 })],
    null,
  ],
  ['a campus in the morning: more get in than mistype', [sprayed({ networkLogins: 200 })], null],
  ['a hotel at a conference: one in four gets in', [sprayed({ networkLogins: 11 })], null],
  ...(['mobile', 'corporate', 'relay', 'satellite'] as const).map(
    (kind): Case => [`tried on forty from a ${kind} egress`, [sprayed({}, via(kind))], null],
  ),
  ...(['vpn', 'hosting', 'unknown'] as const).map(
    (kind): Case => [`tried on forty from a ${kind} network`, [sprayed({}, via(kind))], 550],
  ),
  ['tried on forty from the known network', [sprayed({}, onHomeNetwork)], null],
  ['tried on forty, on the known device', [sprayed({}, onKnownDevice)], null],
  [
    'from an unknown network, no client told',
    [...failures(6, untold), succeeds(minutes(5), untold)],
    550,
  ],
  [
    'from the known network, no client told',
    [...failures(6, atHome), succeeds(minutes(5), untoldAtHome)],
    null,
  ],
  ['on forty, in a browser like the known one, no device told', [sprayed({}, nameless)], 550],
  [
    'own failures, in a browser like the known one, no device told',
    [...failures(6), succeeds(minutes(5), nameless)],
    null,
  ],
  ['where the counts did not answer', [succeeds(0, { event: { facts: null } })], null],
]

describe('failed-burst', () => {
  it.each(cases)('%s', (_name, scenes, score) =>
    expect(find(failedBurst, ...scenes)?.score ?? null).toBe(score),
  )

  it('is blind before the first login of a subject, and where no network is told', () => {
    expect(isBlind(failedBurst, succeeds(0, { hasHistory: false }))).toBe(true)
    expect(isBlind(failedBurst, succeeds(0, { context: { network: null } }))).toBe(true)
    expect(isBlind(failedBurst, succeeds(0))).toBe(false)
  })

  it('tells how many failed, how fast and from where, and fades in a day', () => {
    expect(find(failedBurst, ...failures(6), succeeds(minutes(5)))).toMatchObject({
      reason: 'FAILED_BURST',
      family: 'credential',
      halfLifeMs: hours(24),
      message:
        '6 failed logins in 5 min, then one that succeeded: chrome on Linux, residential network AS28573, BR',
      evidence: {
        failures: 6,
        previousContext: 'chrome on Windows, residential network AS2856, GB',
        context: 'chrome on Linux, residential network AS28573, BR',
      },
    })
    expect(find(failedBurst, ...failures(30), succeeds(minutes(20)))?.message).toMatch(
      /^10 or more/,
    )
  })

  it('tells of how many others', () => {
    expect(find(failedBurst, ...failures(2), sprayed())).toMatchObject({
      message:
        'Login where those of 40 others failed within 10 min: chrome on Linux, residential network AS28573, BR',
      evidence: { failures: 2, subjectsFailed: 40 },
    })
    const crowd = find(failedBurst, sprayed({ networkFailedSubjects: 200 }))
    expect(crowd?.message).toMatch(/those of 200 or more others/)
  })
})
