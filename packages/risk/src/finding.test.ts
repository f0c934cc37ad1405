import { describe, expect, it } from 'vitest'
import type { Alert } from './alert.ts'
import type { SessionEvent } from './event.ts'
import { folder } from './testing/folding.ts'
import {
  chrome,
  copied,
  farNetwork,
  homeNetwork,
  hours,
  london,
  minutes,
  python,
  saoPaulo,
  start,
} from './testing/scene.ts'

const home = { network: homeNetwork, place: london, client: chrome }
const thief = { network: farNetwork, place: saoPaulo, client: copied }
const server = {
  network: { ...farNetwork, kind: 'hosting' as const, asn: 14061 },
  place: null,
  client: python,
}
const twoFactors = { acr: 'aal2', amr: ['pwd', 'otp'], authTime: null }
const passkey = { acr: 'phr', amr: ['hwk'], authTime: null }
const at = (t: number): Partial<SessionEvent> => ({ occurredAt: t, receivedAt: t })
const keysOf = (session: string, previousSession = '') => ({
  subject: 'subject-1',
  session,
  previousSession,
  parentSession: '',
})

/** Alice at work after five honest days; `alerts` has what the SOC was told since. */
function loggedIn() {
  const folding = folder()
  const alerts: Alert[] = []
  const happens = (over: Partial<SessionEvent>): readonly Alert[] => {
    const result = folding.happens(over)
    alerts.push(...result.alerts)
    return result.alerts
  }
  for (let day = 5; day > 0; day -= 1) {
    const t = start - hours(24 * day)
    const of = { ...home, sessionId: `h-${day}`, keys: keysOf(`h-${day}`), action: null }
    happens({ ...of, ...at(t), type: 'login', assurance: twoFactors })
    happens({ ...of, ...at(t + hours(1)), type: 'logout' })
  }
  happens({ ...home, ...at(start), type: 'login', action: null, assurance: twoFactors })
  return { ...folding, happens, alerts }
}

const told = (alerts: readonly Alert[]) =>
  alerts.map(({ activity, reason }) => `${activity} ${reason.reason}`)

const revocation = (t: number, over: Partial<SessionEvent> = {}): Partial<SessionEvent> => ({
  ...at(t),
  type: 'revocation',
  initiator: 'admin',
  action: null,
  ...over,
})

describe('a finding', () => {
  it('is told once for fifty events that find it, and again only when something came of it', () => {
    const scene = loggedIn()
    for (let n = 0; n < 50; n += 1) scene.happens({ ...thief, ...at(start + minutes(20) + n) })
    expect(told(scene.alerts)).toEqual([
      'create IMPOSSIBLE_TRAVEL',
      'create NEW_COUNTRY',
      'create NEW_NETWORK',
    ])
    const [created] = scene.alerts
    expect(created).toMatchObject({
      subject: { id: 'alice' },
      sessionId: 's-1',
      firstSeen: start + minutes(20),
      reason: { score: 720, message: expect.stringContaining('London') },
      risk: { level: 'HIGH', score: 720 },
      status: 'step_up_required',
      closedBy: null,
    })
    expect(created?.decisions.map(({ type }) => type)).toEqual([
      'session.risk.changed',
      'session.stepup.required',
    ])
    expect(created?.event?.place?.city).toBe('São Paulo')
  })

  it('is told of nothing where the honest are asked to be fresh', () => {
    const scene = loggedIn()
    const action = {
      name: 'payments.create',
      resource: '',
      access: 'write',
      amount: 9_000,
    } as const
    scene.happens({ ...home, ...at(start + minutes(40)), action: { ...action, currency: 'EUR' } })
    scene.happens({
      ...home,
      ...at(start + minutes(41)),
      type: 'reauthentication',
      action: null,
      assurance: twoFactors,
    })
    expect(scene.decisions).toHaveLength(2)
    expect(scene.alerts).toEqual([])
  })

  it('is closed by the revocation that another one leads to, each under its own uid', () => {
    const scene = loggedIn()
    scene.happens({ ...thief, ...at(start + minutes(20)) })
    // Two round trips: the same cookie in two places.
    for (const [n, where] of [home, thief, home, thief].entries()) {
      scene.happens({ ...where, ...at(start + minutes(21 + n)) })
    }
    expect(told(scene.alerts)).toEqual([
      'create IMPOSSIBLE_TRAVEL',
      'create NEW_COUNTRY',
      'create NEW_NETWORK',
      'close IMPOSSIBLE_TRAVEL',
      'close NEW_NETWORK',
      'close NEW_COUNTRY',
      'create TOKEN_REPLAYED',
      'close TOKEN_REPLAYED',
    ])
    expect(new Set(scene.alerts.map(({ uid }) => uid)).size).toBe(4)
    expect(new Set(scene.alerts.map(({ key }) => key))).toEqual(new Set(['session-1']))
    const closed = scene.alerts.filter(({ activity }) => activity === 'close')
    expect(new Set(closed.map(({ closedBy }) => closedBy))).toEqual(new Set(['revoked']))
    expect(closed[0]?.decisions.at(-1)?.type).toBe('session.revoked')
  })

  it('is told again of a session id that ended by its renewal and is taken up again', () => {
    const scene = loggedIn()
    scene.happens({ ...server, client: copied, ...at(start + minutes(20)) })
    const renewal = { ...server, client: copied, type: 'login', action: null } as const
    const to = (session: string, from: string, minute: number) =>
      scene.happens({
        ...renewal,
        ...at(start + minutes(minute)),
        sessionId: session,
        previousSessionId: from,
        keys: keysOf(`session-${session}`, `session-${from}`),
      })
    to('2', '1', 21)
    expect(told(to('1', '2', 22))).toContain('create ANONYMIZER')
  })

  it('is updated by a missed deadline, which no event caused', () => {
    const scene = loggedIn()
    scene.happens({ ...thief, ...at(start + minutes(20)) })
    const { alerts } = scene.fold({ kind: 'tick', t: start + minutes(31) })
    expect(told(alerts)).toEqual([
      'update IMPOSSIBLE_TRAVEL',
      'update NEW_COUNTRY',
      'update NEW_NETWORK',
    ])
    expect(alerts[0]).toMatchObject({ at: start + minutes(30), event: null })
    expect(alerts[0]?.decisions[0]?.resolution?.outcome).toBe('expired')
    expect(alerts[0]?.uid).toBe(scene.alerts[0]?.uid)
  })

  it('is closed by a proof from where the risk rests', () => {
    const scene = loggedIn()
    const posture = { managed: true, compliant: false }
    scene.happens({ ...home, ...at(start + minutes(5)), type: 'device', posture, action: null })
    expect(told(scene.alerts)).toEqual(['create NON_COMPLIANT'])
    const proof = scene.happens({
      ...home,
      ...at(start + minutes(6)),
      type: 'reauthentication',
      action: null,
      assurance: passkey,
    })
    expect(told(proof)).toEqual(['close NON_COMPLIANT'])
    expect(proof[0]?.uid).toBe(scene.alerts[0]?.uid)
    expect(proof[0]).toMatchObject({ closedBy: 'proven', status: 'active', risk: { score: 0 } })
  })

  it('is closed with its session, and not told again by what follows', () => {
    const scene = loggedIn()
    scene.happens({ ...server, ...at(start + minutes(5)) })
    const ended = scene.happens({
      ...home,
      ...at(start + minutes(6)),
      type: 'logout',
      action: null,
    })
    expect(ended.every(({ closedBy }) => closedBy === 'ended')).toBe(true)
    const open = new Set<string>()
    for (const { activity, uid } of scene.alerts) {
      if (activity === 'create') open.add(uid)
      else expect(open.has(uid), uid).toBe(true)
      if (activity === 'close') open.delete(uid)
    }
    expect([...open]).toEqual([])
  })

  it('keeps its uid when the state goes on in another generation of the log', () => {
    const scene = loggedIn()
    scene.happens({ ...thief, ...at(start + minutes(20)) })
    const [created] = scene.alerts
    expect(created?.uid).toBe(
      `session-1.impossible-travel.IMPOSSIBLE_TRAVEL.${start + minutes(20)}`,
    )
  })
})

describe('a revocation', () => {
  it('always has a finding, created and closed at once', () => {
    const scene = loggedIn()
    const alerts = scene.happens(revocation(start + minutes(3)))
    expect(told(alerts)).toEqual(['create OUTSIDE_REVOCATION', 'close OUTSIDE_REVOCATION'])
    expect(alerts[1]).toMatchObject({ closedBy: 'revoked', status: 'revoked' })
  })

  it('of all sessions of a subject has one finding, which names no session', () => {
    const scene = loggedIn()
    const keys = { ...keysOf(''), session: '' }
    const alerts = scene.happens(revocation(start + minutes(3), { sessionId: '', keys }))
    expect(told(alerts)).toEqual(['create OUTSIDE_REVOCATION', 'close OUTSIDE_REVOCATION'])
    expect(alerts[0]).toMatchObject({ sessionId: '', uid: expect.stringMatching(/^subject-1\./) })
  })

  it('for failed attempts, which no detector explains, says so', () => {
    const scene = loggedIn()
    const action = {
      name: 'payments.create',
      resource: '',
      access: 'write',
      amount: 9_000,
    } as const
    scene.happens({ ...home, ...at(start + minutes(40)), action: { ...action, currency: 'EUR' } })
    const fails = { ...home, type: 'reauthentication', outcome: 'failure', action: null } as const
    for (const n of [41, 42, 43]) scene.happens({ ...fails, ...at(start + minutes(n)) })
    expect(told(scene.alerts)).toEqual(['create SESSION_REVOKED', 'close SESSION_REVOKED'])
    expect(scene.alerts[0]?.reason.message).toBe('Too many failed attempts to answer a step-up')
  })
})

describe('a revoked session that still acts', () => {
  it('is told at once, then at most once an hour with how often, and stays open', () => {
    const scene = loggedIn()
    scene.happens(revocation(start + minutes(1)))
    scene.alerts.length = 0
    for (let n = 2; n < 182; n += 1) scene.happens({ ...thief, ...at(start + minutes(n)) })
    expect(told(scene.alerts)).toEqual([
      'create USED_AFTER_END',
      'update USED_AFTER_END',
      'update USED_AFTER_END',
    ])
    expect(scene.alerts.map(({ count }) => count)).toEqual([1, 61, 121])
    expect(new Set(scene.alerts.map(({ uid }) => uid)).size).toBe(1)
    expect(scene.alerts[0]).toMatchObject({ status: 'revoked', reason: { score: 0 } })
  })

  it('is another finding after a day of quiet', () => {
    const scene = loggedIn()
    scene.happens(revocation(start + minutes(1)))
    scene.happens({ ...thief, ...at(start + minutes(2)) })
    const again = scene.happens({ ...thief, ...at(start + hours(30)) })
    expect(told(again)).toEqual(['close USED_AFTER_END', 'create USED_AFTER_END'])
    expect(again[0]?.closedBy).toBe('quiet')
  })
})
