import { describe, expect, it } from 'vitest'
import type { SessionEvent } from './event.ts'
import { folder } from './testing/folding.ts'
import {
  chrome,
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
const thief = { network: farNetwork, place: saoPaulo, client: chrome }
const password = { acr: 'aal1', amr: ['pwd'], authTime: null }
const twoFactors = { acr: 'aal2', amr: ['pwd', 'otp'], authTime: null }
const passkey = { acr: 'phr', amr: ['hwk'], authTime: null }
const at = (t: number): Partial<SessionEvent> => ({ occurredAt: t, receivedAt: t })

const action = (name: string, amount: number | null = null) => ({
  action: { name, resource: '', access: 'unknown' as const, amount, currency: 'EUR' },
})

/** Five logins on four days, from home, each ended. */
function withHistory() {
  const folding = folder()
  for (let day = 5; day > 0; day -= 1) {
    const t = start - hours(24 * day)
    const session = `h-${day}`
    const of = {
      sessionId: session,
      keys: { subject: 'subject-1', session, previousSession: '', parentSession: '' },
    }
    folding.happens({
      ...home,
      ...at(t),
      ...of,
      type: 'login',
      action: null,
      assurance: twoFactors,
    })
    folding.happens({ ...home, ...at(t + hours(1)), ...of, type: 'logout', action: null })
  }
  return folding
}

function loggedIn(assurance: SessionEvent['assurance'] = twoFactors) {
  const folding = withHistory()
  folding.happens({ ...home, ...at(start), type: 'login', action: null, assurance })
  expect(folding.decisions).toEqual([])
  return folding
}

const types = (folding: ReturnType<typeof folder>) => folding.decisions.map((d) => d.type)
const last = (folding: ReturnType<typeof folder>) => folding.decisions.at(-1)

describe('freshness is a requirement, asked by the action and never by the clock', () => {
  it('lets a long quiet session do what is routine', () => {
    const folding = loggedIn()
    folding.happens({ ...home, ...at(start + hours(20)) })
    expect(folding.decisions).toEqual([])
  })

  it('asks for aal2 within ten minutes at a critical action, once while it is open', () => {
    const folding = loggedIn()
    for (const n of [40, 41]) {
      folding.happens({ ...home, ...at(start + minutes(n)), ...action('payments.approve', 2500) })
    }
    expect(types(folding)).toEqual(['session.stepup.required'])
    expect(last(folding)?.stepUp).toMatchObject({ acrValues: ['aal2'], maxAge: 600, rotate: false })
    expect(last(folding)?.risk.score).toBe(0)
  })

  it('is satisfied by an authentication of the asked rank, and not by a weaker one', () => {
    const folding = loggedIn()
    folding.happens({ ...home, ...at(start + minutes(40)), ...action('payments.approve', 2500) })
    const again = { ...home, type: 'reauthentication' as const, action: null }
    folding.happens({ ...again, ...at(start + minutes(41)), assurance: password })
    expect(types(folding)).toEqual(['session.stepup.required'])
    folding.happens({ ...again, ...at(start + minutes(42)), assurance: twoFactors })
    expect(last(folding)?.resolution).toMatchObject({ outcome: 'satisfied', method: 'pwd,otp' })
    folding.happens({ ...home, ...at(start + minutes(50)), ...action('payments.approve', 9000) })
    expect(folding.decisions).toHaveLength(2)
  })

  it('is blind for a minute where the login has not been seen, then unmet', () => {
    const folding = folder()
    const pays = { ...home, ...action('payments.approve', 2500) }
    folding.happens({ ...pays, ...at(start) })
    expect(folding.decisions).toEqual([])
    folding.happens({ ...pays, ...at(start + minutes(2)) })
    expect(types(folding)).toEqual(['session.stepup.required'])
  })

  it('takes a fresher authentication that the action itself tells of', () => {
    const folding = loggedIn()
    const t = start + minutes(40)
    const told = { ...twoFactors, authTime: t - minutes(1) }
    folding.happens({ ...home, ...at(t), ...action('payments.approve', 2500), assurance: told })
    expect(folding.decisions).toEqual([])
  })
})

describe('a step-up is satisfied from the context that the risk rests on', () => {
  const stolen = () => {
    const folding = loggedIn()
    folding.happens({ ...thief, ...at(start + minutes(30)) })
    expect(last(folding)).toMatchObject({
      type: 'session.stepup.required',
      risk: { level: 'HIGH', score: 720 },
      stepUp: { acrValues: ['phr'], rotate: true, prompt: true },
    })
    return folding
  }
  const successor = {
    type: 'reauthentication' as const,
    action: null,
    sessionId: 's-2',
    previousSessionId: 's-1',
    keys: {
      subject: 'subject-1',
      session: 'session-2',
      previousSession: 'session-1',
      parentSession: '',
    },
  }

  it('stays open where the victim answers the prompt without a new session id', () => {
    const folding = stolen()
    const open = folding.decisions.length
    folding.happens({
      ...home,
      ...at(start + minutes(32)),
      type: 'reauthentication',
      action: null,
      assurance: passkey,
    })
    expect(folding.decisions).toHaveLength(open)
    expect(folding.session('session-1')?.stepUp).not.toBeNull()
  })

  it('gives the victim a clean new session and ends the stolen one', () => {
    const folding = stolen()
    folding.happens({ ...home, ...at(start + minutes(32)), ...successor, assurance: passkey })
    expect(types(folding).slice(-2)).toEqual(['session.stepup.resolved', 'session.revoked'])
    expect(folding.decisions.at(-2)?.resolution?.outcome).toBe('superseded')
    expect(last(folding)).toMatchObject({ sessionId: 's-1', session: { status: 'revoked' } })
    expect(folding.session('session-2')).toMatchObject({ score: 0, level: 'LOW', status: 'active' })
    const told = folding.decisions.length
    const { signals } = folding.happens({ ...thief, ...at(start + minutes(34)) })
    expect(folding.decisions).toHaveLength(told)
    expect(signals).toMatchObject([{ reason: 'USED_AFTER_END', score: 0 }])
  })

  it('is satisfied where the traveller answers from there with a new session id', () => {
    const folding = stolen()
    folding.happens({ ...thief, ...at(start + minutes(32)), ...successor, assurance: passkey })
    const resolved = folding.decisions.find((d) => d.type === 'session.stepup.resolved')
    expect(resolved?.resolution).toMatchObject({ outcome: 'satisfied', place: 'São Paulo, BR' })
    expect(folding.session('session-2')).toMatchObject({ score: 0, level: 'LOW' })
    const told = folding.decisions.length
    const key = successor.keys
    for (const n of [33, 34]) {
      folding.happens({
        ...thief,
        ...at(start + minutes(n)),
        sessionId: 's-2',
        keys: { ...key, previousSession: '' },
      })
    }
    expect(folding.decisions).toHaveLength(told)
  })

  it('is not shed by a password, nor by renewing the session id without authenticating', () => {
    for (const assurance of [password, null]) {
      const folding = stolen()
      folding.happens({ ...thief, ...at(start + minutes(32)), ...successor, assurance })
      expect(folding.session('session-2')).toMatchObject({ score: 720, level: 'HIGH' })
      expect(last(folding)).toMatchObject({ type: 'session.stepup.required', sessionId: 's-2' })
    }
  })

  it('ends the session where the thief goes on acting past the deadline', () => {
    const folding = stolen()
    folding.fold({ kind: 'tick', t: start + minutes(41) })
    expect(last(folding)?.resolution).toMatchObject({ outcome: 'expired' })
    expect(last(folding)?.decidedAt).toBe(start + minutes(40))
    expect(last(folding)?.session.status).toBe('step_up_required')
    folding.happens({ ...thief, ...at(start + minutes(45)) })
    expect(last(folding)).toMatchObject({
      type: 'session.revoked',
      policy: { rule: 'revoke.deadline' },
    })
  })

  it('decides the same whether ticks came or not', () => {
    const [ticked, quiet] = [stolen(), stolen()]
    ticked.fold({ kind: 'tick', t: start + minutes(41) })
    for (const folding of [ticked, quiet]) folding.happens({ ...thief, ...at(start + minutes(45)) })
    const told = (folding: typeof ticked) =>
      folding.decisions.map(({ type, decidedAt, policy }) => [type, decidedAt, policy.rule])
    expect(told(ticked)).toEqual(told(quiet))
  })

  it('ends the session at the third failed attempt', () => {
    const folding = stolen()
    for (const n of [31, 32, 33]) {
      folding.happens({
        ...thief,
        ...at(start + minutes(n)),
        type: 'reauthentication',
        action: null,
        outcome: 'failure',
      })
    }
    expect(types(folding).slice(-2)).toEqual(['session.stepup.resolved', 'session.revoked'])
    expect(folding.decisions.at(-2)?.resolution?.outcome).toBe('failed')
  })
})

describe('revocation needs more than one family, or a conclusive reason', () => {
  it('never comes from travel alone, however often', () => {
    const folding = loggedIn()
    for (let n = 20; n < 30; n += 1) folding.happens({ ...thief, ...at(start + minutes(n)) })
    expect(types(folding)).not.toContain('session.revoked')
  })

  it('comes at 900 from two families of which one is token or client', () => {
    const folding = loggedIn()
    const script = { ...thief, client: python }
    folding.happens({ ...script, ...at(start + minutes(20)) })
    expect(last(folding)).toMatchObject({ type: 'session.revoked', risk: { score: 930 } })
  })

  it('comes at once from outside, however late, and never twice', () => {
    const folding = loggedIn()
    const revoked = { type: 'revocation' as const, action: null, occurredAt: start + minutes(1) }
    for (const n of [180, 181]) folding.happens({ ...revoked, receivedAt: start + minutes(n) })
    expect(types(folding).filter((type) => type === 'session.revoked')).toHaveLength(1)
  })

  it('without a session id ends every session of the subject that began before', () => {
    const folding = loggedIn()
    folding.happens({
      ...at(start + minutes(5)),
      type: 'revocation',
      action: null,
      sessionId: '',
      keys: { subject: 'subject-1', session: '', previousSession: '', parentSession: '' },
    })
    expect(last(folding)).toMatchObject({ scope: 'subject', sessionId: null })
    expect(last(folding)?.session.status).toBe('revoked')
    const told = folding.decisions.length
    folding.happens({ ...home, ...at(start + minutes(6)), ...action('payments.approve', 9000) })
    expect(folding.decisions).toHaveLength(told)
    expect(folding.session('session-1')?.status).toBe('revoked')
  })

  it('of a workload comes from a conclusive reason only, and it is never prompted', () => {
    const folding = folder()
    const subject = { id: 'ci', kind: 'workload' as const, iss: '' }
    const credential = {
      id: 7,
      kind: 'api-key' as const,
      status: 'active' as const,
      change: null,
      issuedAt: null,
      expiresAt: null,
      boundTo: 0,
    }
    const works = { subject, credential, client: python }
    const there = { ...works, network: farNetwork, place: saoPaulo }
    const here = { ...works, network: homeNetwork, place: london }
    for (let n = 0; n < 8; n += 1) {
      folding.happens({ ...(n % 2 ? there : here), ...at(start + minutes(n)) })
    }
    expect(types(folding)).toContain('session.stepup.required')
    expect(types(folding)).not.toContain('session.revoked')
    for (const { stepUp } of folding.decisions.filter((d) => d.stepUp !== null)) {
      expect(stepUp).toMatchObject({ acrValues: [], prompt: false })
      expect(stepUp?.obligation).not.toBe('reauthenticate')
    }
  })
})

describe('late events', () => {
  it('past ten minutes neither prompt nor revoke by score, but are remembered', () => {
    const folding = loggedIn()
    const late = { occurredAt: start + minutes(20), receivedAt: start + minutes(60) }
    folding.happens({ ...thief, client: python, ...late })
    expect(types(folding)).toEqual(['session.risk.changed'])
    expect(folding.session('session-1')?.score).toBe(930)
  })
})

describe('repeats', () => {
  it('are known by the raw offset, exactly', () => {
    const folding = loggedIn()
    const origin = { topic: 'session.action', partition: 3, offset: 17 }
    const event = { ...home, ...at(start + minutes(40)), ...action('payments.approve', 2500) }
    expect(folding.happens(event, origin).outcome).toBe('applied')
    expect(folding.happens(event, origin).outcome).toBe('repeat')
    expect(folding.happens(event, { ...origin, offset: 16 }).outcome).toBe('repeat')
    expect(folding.happens(event, { ...origin, partition: 4 }).outcome).toBe('applied')
  })

  it('are known by the id where a producer sends an event twice', () => {
    const folding = loggedIn()
    const before = folding.snapshot()
    const twice = { ...home, ...at(start + minutes(40)), idHash: 4711 }
    folding.happens(twice)
    const once = JSON.stringify(folding.session('session-1'))
    expect(folding.happens(twice).outcome).toBe('repeat')
    expect(JSON.stringify(folding.session('session-1'))).toBe(once)
    expect(before).not.toEqual(folding.snapshot())
  })
})

describe('memory', () => {
  it('forgets a session 48 h after its last event', () => {
    const folding = loggedIn()
    folding.happens({ ...thief, ...at(start + minutes(20)) })
    expect(folding.session('session-1')?.score).toBe(720)
    folding.happens({ ...home, ...at(start + hours(49)) })
    expect(folding.session('session-1')?.score).toBe(0)
  })

  it('ignores a tick that is not newer than the last', () => {
    const folding = folder()
    expect(folding.fold({ kind: 'tick', t: 10 }).outcome).toBe('applied')
    expect(folding.fold({ kind: 'tick', t: 10 }).outcome).toBe('ignored')
    expect(folding.fold({ kind: 'tick', t: 9 }).meta.lastTick).toBe(10)
  })
})
