import { describe, expect, it } from 'vitest'
import type { SessionEvent } from './event.ts'
import { type Folder, folder } from './testing/folding.ts'
import {
  chrome,
  client,
  farNetwork,
  homeNetwork,
  hours,
  london,
  minutes,
  saoPaulo,
  start,
} from './testing/scene.ts'

const day = hours(24)
const atHome = { network: homeNetwork, place: london, client: chrome }
const stranger = {
  network: farNetwork,
  place: saoPaulo,
  client: client({ os: 'linux', device: 777, fingerprint: 888 }),
}

const keysOf = (session: string) => ({
  subject: 'alice',
  session: session === '' ? '' : `alice/${session}`,
  previousSession: '',
  parentSession: '',
})

function login(alice: Folder, session: string, at: number, over: Partial<SessionEvent> = {}) {
  return alice.happens({
    type: 'login',
    sessionId: session,
    keys: keysOf(session),
    occurredAt: at,
    receivedAt: at,
    action: null,
    ...over,
  })
}
const fails = (alice: Folder, at: number, over: Partial<SessionEvent> = {}) =>
  login(alice, '', at, { outcome: 'failure', ...stranger, ...over })

/** Five mornings at home; the last session lives on. */
function aliceAtHome(): Folder {
  const alice = folder()
  for (const n of [0, 1, 2, 3, 4]) login(alice, `h-${n}`, start + n * day, atHome)
  return alice
}
const night = start + 4 * day + hours(14)

describe('a login that failed', () => {
  it('guessed at last from a new country and device: HIGH at once, and only there', () => {
    const alice = aliceAtHome()
    const before = alice.session('alice/h-4')
    for (let i = 0; i < 6; i += 1) expect(fails(alice, night + i * 20_000).decisions).toEqual([])
    const { decisions } = login(alice, 's-1', night + minutes(3), stranger)
    expect(alice.session('alice/s-1')).toMatchObject({ score: 730, level: 'HIGH' })
    expect(decisions.map(({ type, sessionId }) => [type, sessionId])).toEqual([
      ['session.risk.changed', 's-1'],
      ['session.stepup.required', 's-1'],
    ])
    expect(alice.session('alice/h-4')).toBe(before)
    const goesOn = alice.happens({
      ...atHome,
      sessionId: 'h-4',
      keys: keysOf('h-4'),
      occurredAt: night + minutes(4),
      receivedAt: night + minutes(4),
    })
    expect(goesOn.decisions).toEqual([])
    expect(alice.session('alice/h-4')).toMatchObject({ score: 0, level: 'LOW' })
  })

  it('a hundred times, without success, alerts once and decides nothing', () => {
    const alice = aliceAtHome()
    const told = Array.from({ length: 150 }, (_, i) => fails(alice, night + i * 1_000)).flatMap(
      ({ signals, decisions }, i) => [...signals, ...decisions].map((said) => [i + 1, said]),
    )
    expect(told).toMatchObject([[100, { reason: 'FAILED_LOGINS', score: 0 }]])
    expect(alice.decisions).toEqual([])
  })

  it('is counted for who was never seen, too, and the count is gone with the profile in an hour', () => {
    const alice = folder()
    const signals = Array.from({ length: 100 }, (_, i) => fails(alice, start + i * 1_000)).map(
      (folded) => folded.signals.length,
    )
    expect(signals.lastIndexOf(1)).toBe(99)
    fails(alice, start + hours(2))
    expect(alice.profile('alice')?.memory).toMatchObject({ 'failed-logins': { failures: 1 } })
  })

  it('that comes again is not counted again', () => {
    const alice = aliceAtHome()
    for (let i = 0; i < 4; i += 1) fails(alice, night + i * 20_000, { idHash: 4_000 + i })
    for (let i = 0; i < 4; i += 1) {
      const again = fails(alice, night + i * 20_000, { idHash: 4_000 + i })
      expect(again.outcome).toBe('repeat')
    }
    login(alice, 's-1', night + minutes(3), stranger)
    expect(alice.session('alice/s-1')?.contributions.map(({ reason }) => reason)).not.toContain(
      'FAILED_BURST',
    )
  })

  it('teaches nothing but that it failed', () => {
    const alice = aliceAtHome()
    const { memory: _, repeats: __, lastSeen: ___, ...before } = alice.profile('alice') ?? {}
    const known = Object.keys(alice.profile('alice')?.memory ?? {})
    for (let i = 0; i < 20; i += 1) fails(alice, night + i * 20_000)
    const after = alice.profile('alice')
    expect(after).toMatchObject(before)
    const learnt = Object.keys(after?.memory ?? {}).filter((name) => !known.includes(name))
    expect(learnt.sort()).toEqual(['failed-burst', 'failed-logins'])
  })

  it('mistyped abroad on a new laptop, and then the passkey: asks no second time', () => {
    const alice = aliceAtHome()
    for (let i = 0; i < 6; i += 1) fails(alice, night + i * 20_000)
    const passkey = { acr: 'phr', amr: ['hwk'], authTime: null }
    const { decisions } = login(alice, 's-1', night + minutes(3), {
      ...stranger,
      assurance: passkey,
    })
    expect(decisions).toEqual([])
    expect(alice.session('alice/s-1')).toMatchObject({ score: 0, level: 'LOW' })
  })

  it("the owner's own, at home: the new phone on the train home asks nothing", () => {
    const alice = aliceAtHome()
    for (let i = 0; i < 8; i += 1) fails(alice, night + i * 20_000, atHome)
    const phone = client({ os: 'ios', browser: 'mobile safari', device: 999 })
    const train = { ...homeNetwork, kind: 'mobile', asn: 12576, address: 44, prefix: 404 } as const
    const { decisions } = login(alice, 's-1', night + minutes(5), {
      network: train,
      place: london,
      client: phone,
    })
    expect(decisions).toEqual([])
    expect(alice.session('alice/s-1')).toMatchObject({ score: 250, level: 'LOW' })
  })
})
