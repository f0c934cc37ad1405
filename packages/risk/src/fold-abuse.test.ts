/** What a thief may try, and what an honest person must not be made to pay for it. */
import { describe, expect, it } from 'vitest'
import type { Credential, SessionEvent } from './event.ts'
import { type Folder, folder } from './testing/folding.ts'
import {
  chrome,
  credential,
  farNetwork,
  homeNetwork,
  hours,
  london,
  minutes,
  network,
  newYork,
  python,
  saoPaulo,
  start,
} from './testing/scene.ts'

const home = { network: homeNetwork, place: london, client: chrome }
const thief = { network: farNetwork, place: saoPaulo, client: chrome }
const twoFactors = { acr: 'aal2', amr: ['pwd', 'otp'], authTime: null }
const passkey = { acr: 'phr', amr: ['hwk'], authTime: null }
const at = (t: number): Partial<SessionEvent> => ({ occurredAt: t, receivedAt: t })
const after = (n: number) => at(start + minutes(n))

const session = (name: string, previous = ''): Partial<SessionEvent> => ({
  sessionId: name,
  previousSessionId: previous,
  keys: { subject: 'subject-1', session: name, previousSession: previous, parentSession: '' },
})
const none = session('')
const login = { type: 'login' as const, action: null, assurance: twoFactors }
const reauthentication = { type: 'reauthentication' as const, action: null }
const act = (name: string, amount: number | null = null): Partial<SessionEvent> => ({
  action: { name, resource: '', access: 'unknown', amount, currency: 'EUR' },
})

/** Six logins from home on six days; the last one begins `s-1`. */
function atWork(): Folder {
  const folding = folder()
  for (let day = 5; day >= 0; day -= 1) {
    const of = session(day === 0 ? 's-1' : `h-${day}`)
    folding.happens({ ...home, ...of, ...login, ...at(start - hours(24 * day)) })
  }
  return folding
}

/** A known thief at HIGH, with the step-up open that asks for a new session id. */
function stolen(): Folder {
  const folding = atWork()
  folding.happens({ ...thief, ...session('s-1'), ...after(30) })
  expect(folding.session('s-1')).toMatchObject({ level: 'HIGH', score: 720 })
  return folding
}

const told = (folding: Folder, from = 0) => folding.decisions.slice(from).map((d) => d.type)

describe('a new session id', () => {
  it('does not launder risk when it is renewed from yet another place', () => {
    for (const exit of [network({ kind: 'mobile', asn: 9 }), network({ kind: 'relay', asn: 9 })]) {
      const folding = stolen()
      const renewal = { ...reauthentication, ...session('s-2', 's-1') }
      folding.happens({ ...home, network: exit, ...renewal, ...after(32) })
      expect(folding.session('s-2')?.score).toBeGreaterThanOrEqual(720)
    }
  })

  it('does not carry an authentication from before the theft as proof', () => {
    const folding = atWork()
    const unknown = { ...thief, network: { ...farNetwork, kind: 'unknown' as const } }
    folding.happens({ ...unknown, ...session('s-1'), ...after(30) })
    const silent = { ...passkey, authTime: start + minutes(1) }
    const renewal = { ...reauthentication, ...session('s-2', 's-1'), assurance: silent }
    folding.happens({ ...unknown, ...renewal, ...after(32) })
    expect(folding.session('s-2')).toMatchObject({ score: 550, level: 'MEDIUM' })
    folding.happens({ ...unknown, ...session('s-2'), ...after(33), ...act('customers.export') })
    expect(told(folding).at(-1)).toBe('session.stepup.required')
  })

  it('takes over though its first action came before its login', () => {
    const folding = stolen()
    folding.happens({ ...home, ...session('s-2'), ...after(32) })
    const answer = { ...reauthentication, ...session('s-2', 's-1'), assurance: passkey }
    folding.happens({ ...home, ...answer, ...after(32) })
    expect(folding.session('s-1')?.status).toBe('revoked')
    expect(folding.session('s-2')).toMatchObject({ status: 'active', score: 0 })
  })

  it('does not escape the revocation of all sessions', () => {
    const folding = atWork()
    folding.happens({ ...none, type: 'revocation', action: null, ...after(5) })
    folding.happens({ ...thief, ...reauthentication, ...session('s-2', 's-1'), ...after(6) })
    expect(folding.session('s-2')?.status).toBe('revoked')
    expect(folding.decisions.at(-1)).toMatchObject({ type: 'session.revoked', sessionId: 's-2' })
  })
})

describe('a revocation that names an old session id', () => {
  it('ends the session that lives on under a new one', () => {
    const folding = atWork()
    for (const [name, previous] of [
      ['s-2', 's-1'],
      ['s-3', 's-2'],
    ] as const) {
      const renewal = { ...reauthentication, ...session(name, previous), assurance: twoFactors }
      folding.happens({ ...home, ...renewal, ...after(30) })
    }
    folding.happens({ ...session('s-1'), type: 'revocation', action: null, ...after(31) })
    expect(['s-1', 's-2', 's-3'].map((name) => folding.session(name)?.status)).toEqual([
      'revoked',
      'revoked',
      'revoked',
    ])
  })
})

describe('a session that was renewed thousands of times', () => {
  it('is followed to its end without a fault, and in few decisions', () => {
    const folding = atWork()
    const renewed = 3_000
    for (let n = 1; n <= renewed; n += 1) {
      const previous = n === 1 ? 's-1' : `r-${n - 1}`
      const renewal = { ...reauthentication, ...session(`r-${n}`, previous), assurance: twoFactors }
      folding.happens({ ...home, ...renewal, ...after(30 + n / 100) })
    }
    const revocation = { type: 'revocation' as const, action: null, ...after(61) }
    const { decisions } = folding.happens({ ...session('s-1'), ...revocation })
    expect(decisions.length).toBeLessThan(999)
    folding.happens({ ...session(`r-${renewed - 200}`), ...revocation })
    expect(folding.session(`r-${renewed}`)?.status).toBe('revoked')
  })
})

describe('a prompt that a cap kept back', () => {
  it('ends nobody at its deadline, and is made once there is room', () => {
    const folding = folder()
    const second = session('s-2')
    const log = { ...home, type: 'login' as const, action: null, assurance: twoFactors }
    folding.happens({ ...log, ...session('s-1'), ...after(0) })
    folding.happens({ ...log, ...second, ...after(1) })
    folding.happens({ ...thief, ...session('s-1'), ...after(20) })
    folding.happens({ ...thief, ...second, ...after(20) })
    expect(folding.decisions.at(-1)?.stepUp?.prompt).toBe(false)
    folding.happens({ ...thief, ...second, ...after(40) })
    expect(told(folding)).not.toContain('session.revoked')
    expect(folding.decisions.at(-1)?.stepUp?.prompt).toBe(true)
  })
})

describe('assurance', () => {
  it('is not raised by an attempt that failed', () => {
    const folding = atWork()
    const failed = { ...passkey, authTime: start + minutes(60) }
    const attempt = { ...reauthentication, outcome: 'failure' as const, assurance: failed }
    folding.happens({ ...home, ...session('s-1'), ...attempt, ...after(60) })
    folding.happens({ ...home, ...session('s-1'), ...after(61), ...act('payments.approve', 9000) })
    expect(told(folding)).toEqual(['session.stepup.required'])
  })

  it('is not raised by an authenticator that the thief enrolled himself', () => {
    const folding = atWork()
    const unknown = { ...thief, network: { ...farNetwork, kind: 'unknown' as const } }
    const own: Credential = credential({ id: 99, kind: 'passkey', change: 'create' })
    folding.happens({ ...unknown, ...session('s-1'), ...after(20) })
    const enrols = { type: 'credential-change' as const, action: null, credential: own }
    folding.happens({ ...unknown, ...session('s-1'), ...enrols, ...after(21) })
    const answer = { ...reauthentication, assurance: passkey, credential: { ...own, change: null } }
    folding.happens({ ...unknown, ...session('s-2', 's-1'), ...answer, ...after(22) })
    expect(folding.session('s-2')).toMatchObject({ score: 730, level: 'HIGH' })
    expect(folding.session('s-2')?.assurance.rank).toBe(1)
  })

  it('is not lowered by a password prompt soon after a passkey', () => {
    const folding = atWork()
    const password = { acr: 'aal1', amr: ['pwd'], authTime: null }
    for (const [n, assurance] of [
      [60, passkey],
      [62, password],
    ] as const) {
      folding.happens({ ...home, ...session('s-1'), ...reauthentication, assurance, ...after(n) })
    }
    folding.happens({ ...home, ...session('s-1'), ...after(63), ...act('payments.approve', 9000) })
    expect(folding.decisions).toEqual([])
  })

  it('that an action tells of closes the step-up that asked for no more', () => {
    const folding = atWork()
    const pays = { ...home, ...session('s-1'), ...act('payments.approve', 9000) }
    folding.happens({ ...pays, ...after(60) })
    const assurance = { ...twoFactors, authTime: start + minutes(61) }
    folding.happens({ ...pays, ...after(62), assurance })
    expect(told(folding)).toEqual(['session.stepup.required', 'session.stepup.resolved'])
  })
})

describe('a revoked session', () => {
  it('stays revoked for as long as it is used', () => {
    const folding = atWork()
    folding.happens({ ...session('s-1'), type: 'revocation', action: null, ...after(1) })
    const decided = folding.decisions.length
    for (let n = 1; n < 80; n += 1) {
      folding.happens({ ...thief, ...session('s-1'), ...at(start + hours(n)) })
    }
    expect(folding.session('s-1')?.status).toBe('revoked')
    expect(folding.decisions).toHaveLength(decided)
  })

  it('is not called active again by a deadline, and leaves no timer behind', () => {
    const folding = atWork()
    folding.happens({ ...home, ...session('s-1'), ...after(60), ...act('payments.approve', 9000) })
    folding.happens({ ...none, type: 'revocation', action: null, ...after(61) })
    const decided = folding.decisions.length
    folding.fold({ kind: 'tick', t: start + minutes(90) })
    expect(folding.decisions).toHaveLength(decided)
    expect(folding.dueSubjects(start + hours(99), 9)).toEqual([])
  })

  it('is told once where all sessions of the subject are meant', () => {
    const folding = atWork()
    folding.happens({ ...none, type: 'revocation', action: null, ...after(61) })
    expect(told(folding)).toEqual(['session.revoked'])
  })

  it('is not made by a revocation or logout that failed', () => {
    const folding = atWork()
    for (const type of ['revocation', 'logout'] as const) {
      folding.happens({ ...session('s-1'), type, action: null, outcome: 'failure', ...after(1) })
    }
    folding.happens({ ...home, ...session('s-1'), ...after(3) })
    expect(folding.decisions).toEqual([])
  })

  it('is not made of a new login by the late logout of the one before', () => {
    const folding = atWork()
    folding.happens({ ...home, ...session('s-9'), ...login, ...after(61) })
    const logout = { occurredAt: start + minutes(59), receivedAt: start + minutes(62) }
    folding.happens({ ...session('s-9'), type: 'logout', action: null, ...logout })
    folding.happens({ ...home, ...session('s-9'), ...after(70) })
    expect(folding.decisions).toEqual([])
  })
})

describe('a logout', () => {
  it('hides no change of level that it brings itself', () => {
    const folding = atWork()
    folding.happens({ ...thief, ...session('s-1'), type: 'logout', action: null, ...after(20) })
    expect(told(folding)).toEqual(['session.risk.changed'])
  })
})

describe('prompts', () => {
  it('are not spent by events without a session', () => {
    const folding = atWork()
    for (const n of [1, 7, 14]) {
      const tor = { ...thief, network: { ...farNetwork, kind: 'tor' as const } }
      folding.happens({ ...tor, ...none, ...after(n), ...act('customers.export') })
    }
    expect(folding.profile('subject-1')?.prompts).toEqual([])
    folding.happens({ ...thief, ...session('s-1'), ...after(30) })
    expect(folding.decisions.at(-1)).toMatchObject({
      type: 'session.stepup.required',
      stepUp: { prompt: true },
    })
  })

  it('come late where the cap kept them back, and not never', () => {
    const folding = stolen()
    folding.happens({ ...home, ...session('s-5'), ...login, ...after(29) })
    folding.happens({ ...thief, place: newYork, ...session('s-5'), ...after(32) })
    const ofOther = () =>
      folding.decisions.filter((d) => d.sessionId === 's-5' && d.stepUp !== null)
    expect(ofOther().map((d) => d.stepUp?.prompt)).toEqual([false])
    folding.happens({ ...thief, place: newYork, ...session('s-5'), ...after(36) })
    expect(ofOther().map((d) => d.stepUp?.prompt)).toEqual([false, true])
  })

  it('expire for every session, however many wait', () => {
    const folding = atWork()
    for (let n = 0; n < 20; n += 1) {
      const of = session(`p-${n}`)
      folding.happens({ ...home, ...of, ...login, ...at(start + minutes(1)) })
      folding.happens({ ...home, ...of, ...after(40), ...act('payments.approve', 9000) })
    }
    for (let n = 0; n < 20; n += 1) folding.happens({ ...home, ...session(`p-${n}`), ...after(60) })
    const outcomes = folding.decisions.flatMap((d) => d.resolution?.outcome ?? [])
    expect(outcomes).toEqual(new Array(20).fill('expired'))
  })
})

describe('a workload', () => {
  const key = credential({ id: 7, kind: 'api-key' })
  const works = { subject: { id: 'ci', kind: 'workload' as const, iss: '' }, client: python }

  it('is known by where its key was first used, and noticed elsewhere', () => {
    const folding = folder()
    const job = { ...works, credential: key, network: homeNetwork, place: london }
    for (let n = 0; n < 40; n += 1) folding.happens({ ...job, ...at(start + hours(n)) })
    const away = {
      ...job,
      network: network({ kind: 'hosting', asn: 14061, country: 'US' }),
      place: newYork,
    }
    const { signals } = folding.happens({ ...away, ...at(start + hours(41)) })
    expect(signals.map(({ reason }) => reason)).toContain('ANONYMIZER')
  })

  it('does not prove a context with a credential that was refused or revoked', () => {
    for (const refused of [
      { outcome: 'failure' as const },
      { credential: { ...key, status: 'revoked' as const } },
    ]) {
      const folding = folder()
      folding.happens({ ...works, credential: key, ...thief, ...after(1), ...refused })
      expect(folding.profile('subject-1')?.contexts).toEqual([])
    }
  })
})

describe('what goes on after a proof', () => {
  const broken = { posture: { managed: true, compliant: false } }
  const mended = { posture: { managed: true, compliant: true } }
  const here = { ...home, ...session('s-1') }
  const pays = { ...here, ...act('payments.approve', 50) }
  const proves = { ...here, ...reauthentication, assurance: twoFactors }
  const expired = { credential: credential({ kind: 'api-key', expiresAt: start }) }

  it.each([
    ['a device that is not compliant', broken, 450],
    ['a credential that has expired', expired, 600],
  ])('is asked about once: %s', (_name, told, score) => {
    const folding = atWork()
    folding.happens({ ...here, ...told, ...after(10) })
    expect(folding.session('s-1')).toMatchObject({ level: 'MEDIUM', score })
    folding.happens({ ...pays, ...told, ...after(11) })
    folding.happens({ ...proves, ...told, ...after(12) })
    for (let n = 13; n < 20; n += 1) folding.happens({ ...pays, ...told, ...after(n) })
    const asked = folding.decisions.filter((d) => d.type === 'session.stepup.required')
    expect(asked).toHaveLength(1)
    expect(folding.session('s-1')).toMatchObject({ stepUp: null, score: score / 2 })
  })

  it('is not undone by a report that the device is compliant again', () => {
    const folding = atWork()
    folding.happens({ ...here, ...broken, ...after(10) })
    folding.happens({ ...here, ...mended, ...after(11) })
    expect(folding.session('s-1')).toMatchObject({ level: 'MEDIUM', score: 450 })
  })

  it('is found again where the device breaks the rules anew', () => {
    const folding = atWork()
    folding.happens({ ...here, ...broken, ...after(10) })
    folding.happens({ ...proves, ...after(11) })
    for (const [n, posture] of [mended, broken].entries()) {
      folding.happens({ ...here, ...posture, ...after(12 + n) })
    }
    expect(folding.session('s-1')).toMatchObject({ level: 'MEDIUM', score: 450 })
  })
})

describe('login, address and device that come one by one', () => {
  it('make one proven context, against which a thief stands out', () => {
    const folding = folder()
    for (let day = 5; day >= 0; day -= 1) {
      const t = start - hours(24 * day)
      const of = session(day === 0 ? 's-1' : `h-${day}`)
      const quiet = { action: null, network: null, place: null, client: null }
      folding.happens({ ...quiet, ...of, ...login, ...at(t) })
      folding.happens({
        ...quiet,
        ...of,
        type: 'ip',
        ...at(t + 1000),
        network: homeNetwork,
        place: london,
      })
      folding.happens({ ...quiet, ...of, type: 'device', ...at(t + 2000), client: chrome })
    }
    folding.happens({ ...home, ...session('s-1'), ...after(5) })
    expect(folding.decisions).toEqual([])
    folding.happens({ ...thief, ...session('s-1'), ...after(30) })
    expect(folding.session('s-1')?.score).toBe(720)
  })
})

it('an authenticator of today answers for freshness, and neither proves its context nor sheds its risk', () => {
  const folding = atWork()
  const elsewhere = {
    ...home,
    network: network({ asn: 20115, country: 'GB', address: 9, prefix: 9 }),
  }
  folding.happens({ ...elsewhere, ...session('s-1'), ...after(30) })
  expect(folding.session('s-1')).toMatchObject({ level: 'LOW', score: 200 })
  folding.happens({ ...elsewhere, ...session('s-1'), ...after(500), ...act('payments.approve', 5) })
  expect(folding.session('s-1')?.stepUp?.riskDriven).toBe(false)
  const fresh = credential({ id: 50, kind: 'passkey', issuedAt: start + minutes(490) })
  folding.happens({
    ...elsewhere,
    ...session('s-1'),
    ...reauthentication,
    assurance: passkey,
    credential: fresh,
    ...after(501),
  })
  expect(folding.session('s-1')).toMatchObject({ stepUp: null, score: 200 })
  expect(folding.session('s-1')?.contexts.filter((c) => c.proven)).toHaveLength(1)
})
