/** A session's end by time, and the end of all of a subject's sessions. */
import { describe, expect, it } from 'vitest'
import type { SessionEvent } from './event.ts'
import { type Folder, folder } from './testing/folding.ts'
import {
  chrome,
  credential,
  farNetwork,
  homeNetwork,
  hours,
  london,
  minutes,
  saoPaulo,
  start,
} from './testing/scene.ts'

const home = { network: homeNetwork, place: london, client: chrome }
const away = { network: farNetwork, place: saoPaulo, client: chrome }
const twoFactors = { acr: 'aal2', amr: ['pwd', 'otp'], authTime: null }
const passkey = { acr: 'phr', amr: ['hwk'], authTime: null }
const after = (n: number): Partial<SessionEvent> => {
  const t = start + minutes(n)
  return { occurredAt: t, receivedAt: t }
}
const session = (name: string, previous = ''): Partial<SessionEvent> => ({
  sessionId: name,
  previousSessionId: previous,
  keys: { subject: 'subject-1', session: name, previousSession: previous, parentSession: '' },
})
const login = { type: 'login' as const, action: null, assurance: twoFactors }
const reauthentication = { type: 'reauthentication' as const, action: null }
const revocation = { type: 'revocation' as const, action: null }

function loggedIn(): Folder {
  const folding = folder()
  for (let day = 3; day >= 0; day -= 1) {
    const of = session(day === 0 ? 's-1' : `h-${day}`)
    folding.happens({ ...home, ...of, ...login, ...after(-1440 * day) })
  }
  return folding
}

/** A traveller who was asked at HIGH, and answered with a new session id 12 min after. */
function proven(): Folder {
  const folding = loggedIn()
  folding.happens({ ...away, ...session('s-1'), ...after(20) })
  const answer = { ...session('s-2', 's-1'), ...reauthentication, assurance: passkey }
  folding.happens({ ...away, ...answer, ...after(32) })
  return folding
}
const end = start + minutes(32) + hours(1)
const ends = (folding: Folder) =>
  folding.decisions.filter((d) => d.policy.rule === 'revoke.not-after')

describe('a session that answered a step-up at HIGH', () => {
  it('lives for an hour more, and each decision says so', () => {
    const folding = proven()
    expect(folding.session('s-2')?.notAfter).toBe(end)
    expect(folding.profile('subject-1')?.timers).toEqual([{ session: 's-2', due: end }])
    folding.happens({
      ...away,
      ...session('s-2'),
      ...after(45),
      action: { name: 'secrets.read', resource: '', access: 'read', amount: null, currency: '' },
    })
    expect(folding.decisions.at(-1)).toMatchObject({
      sessionId: 's-2',
      session: { status: 'step_up_required', notAfter: end },
    })
  })

  it('ends once, though the session that it was begun from is revoked in the same record', () => {
    const folding = proven()
    folding.happens({ ...home, ...session('sso'), ...login, ...after(33) })
    const { keys } = session('s-2')
    const begun = { parentSessionId: 'sso', keys: { ...keys!, parentSession: 'sso' } }
    folding.happens({ ...away, ...session('s-2'), ...begun, ...after(34) })
    expect(folding.session('sso')?.children).toEqual(['s-2'])
    const { decisions } = folding.happens({ ...session('sso'), ...revocation, ...after(120) })
    expect(decisions.map((d) => [d.type, d.sessionId, d.policy.rule])).toEqual([
      ['session.revoked', 's-2', 'revoke.not-after'],
      ['session.risk.changed', 'sso', 'level'],
      ['session.revoked', 'sso', 'revoke.conclusive'],
    ])
  })

  it('ends then by a tick, with a revocation that apps can act on', () => {
    const folding = proven()
    folding.fold({ kind: 'tick', t: end - 1 })
    expect(ends(folding)).toEqual([])
    folding.fold({ kind: 'tick', t: end + 5_000 })
    expect(ends(folding)).toMatchObject([
      {
        type: 'session.revoked',
        sessionId: 's-2',
        decidedAt: end,
        session: { status: 'revoked', notAfter: end },
        risk: { score: 0 },
        reasons: [],
      },
    ])
    expect(folding.profile('subject-1')?.timers).toEqual([])
  })

  it('ends the same where its own next event comes before any tick', () => {
    const [ticked, quiet] = [proven(), proven()]
    ticked.fold({ kind: 'tick', t: end })
    for (const folding of [ticked, quiet]) {
      const { signals } = folding.happens({ ...away, ...session('s-2'), ...after(100) })
      expect(signals).toMatchObject([{ reason: 'USED_AFTER_END', score: 0 }])
    }
    const told = (folding: Folder) =>
      folding.decisions.map(({ type, decidedAt, policy }) => [type, decidedAt, policy.rule])
    expect(told(ticked)).toEqual(told(quiet))
    expect(ends(quiet)).toHaveLength(1)
  })

  it('closes what was asked of it, after a deadline that came before', () => {
    const folding = proven()
    const secrets = {
      name: 'secrets.read',
      resource: '',
      access: 'read' as const,
      amount: null,
      currency: '',
    }
    for (const n of [60, 85]) {
      folding.happens({ ...away, ...session('s-2'), ...after(n), action: secrets })
    }
    folding.fold({ kind: 'tick', t: end + hours(1) })
    const outcomes = folding.decisions.flatMap((d) => (d.resolution ? [d.resolution] : []))
    expect(outcomes.slice(-2)).toMatchObject([
      { outcome: 'expired', at: start + minutes(70) },
      { outcome: 'superseded', at: end },
    ])
  })

  it('keeps its end under a new id, and loses it by a new login', () => {
    const folding = proven()
    const renewal = { ...session('s-3', 's-2'), ...reauthentication, assurance: twoFactors }
    folding.happens({ ...away, ...renewal, ...after(50) })
    expect(folding.session('s-3')?.notAfter).toBe(end)
    folding.happens({ ...away, ...session('s-4'), ...login, ...after(55) })
    expect(folding.session('s-4')?.notAfter).toBe(0)
  })

  it('ends nothing that was begun from it', () => {
    const folding = proven()
    const child = { ...session('app'), parentSessionId: 's-2' }
    const keys = { subject: 'subject-1', session: 'app', previousSession: '', parentSession: 's-2' }
    folding.happens({ ...away, ...child, keys, ...login, ...after(40) })
    folding.fold({ kind: 'tick', t: end })
    folding.happens({ ...away, ...child, keys, ...after(100) })
    expect(folding.session('app')?.status).toBe('active')
  })
})

it('a session that answered at MEDIUM, or that nobody asked, has no such end', () => {
  const folding = loggedIn()
  const unknown = { ...away, network: { ...farNetwork, kind: 'unknown' as const } }
  folding.happens({ ...unknown, ...session('s-1'), ...after(20) })
  const answer = { ...session('s-2', 's-1'), ...reauthentication, assurance: passkey }
  folding.happens({ ...unknown, ...answer, ...after(32) })
  expect(folding.session('s-2')).toMatchObject({ score: 0, notAfter: 0 })
})

describe('the revocation of all of a subject’s sessions', () => {
  const all = { ...session(''), ...revocation }
  const token = (issuedAt: number, kind: 'session-token' | 'api-key' = 'session-token') => ({
    credential: credential({ kind, issuedAt }),
  })
  const met = (over: Partial<SessionEvent>) => {
    const folding = loggedIn()
    folding.happens({ ...all, ...after(10) })
    const told = folding.decisions.length
    folding.happens({ ...home, ...session('s-9'), ...after(20), ...over })
    expect(folding.decisions).toHaveLength(told)
    return folding.session('s-9')?.status
  }

  it.each([
    ['whose login was made before', { ...login, assurance: { ...twoFactors, authTime: start } }],
    [
      'whose action tells of an earlier authentication',
      { assurance: { ...twoFactors, authTime: start } },
    ],
    ['whose token was issued before', token(start)],
    ['of which a late event tells', { occurredAt: start + minutes(9) }],
  ])('reaches an unknown session %s', (_name, over) => expect(met(over)).toBe('revoked'))

  it.each([
    ['whose login was made after', login],
    ['whose token was issued after', token(start + minutes(15))],
    ['of which nothing is told', {}],
    ['with a key that was issued before, which is no session', token(start, 'api-key')],
  ])('leaves a new session %s', (_name, over) => expect(met(over)).toBe('active'))

  it('is not taken back by an earlier one that comes late', () => {
    const folding = loggedIn()
    folding.happens({ ...all, ...after(10) })
    folding.happens({ ...all, occurredAt: start - hours(1), receivedAt: start + minutes(11) })
    folding.happens({ ...home, ...session('s-1'), ...after(12) })
    expect(folding.session('s-1')?.status).toBe('revoked')
  })
})
