import { describe, expect, it } from 'vitest'
import type { SessionEvent } from './event.ts'
import { folder } from './testing/folding.ts'
import {
  chrome,
  client,
  copied,
  credential,
  farNetwork,
  homeNetwork,
  hours,
  london,
  minutes,
  network,
  saoPaulo,
  start,
} from './testing/scene.ts'

const home = { network: homeNetwork, place: london, client: chrome }
const server = network({ kind: 'hosting', asn: 14061, country: 'NL', address: 9, prefix: 90 })
/** A rented server: MEDIUM by itself. */
const hosted = { network: server, place: null, client: copied }
const cafe = {
  network: network({ asn: 5089, address: 8, prefix: 80 }),
  place: london,
  client: copied,
}
const code = { acr: 'aal2', amr: ['pwd', 'otp'], authTime: null }
const at = (t: number): Partial<SessionEvent> => ({ occurredAt: t, receivedAt: t })
const does = (name: string, amount: number | null = null): Partial<SessionEvent> => ({
  action: { name, resource: '', access: 'write', amount, currency: '' },
})
const pays = does('payments.create', 20)
const keys = (session: string, previousSession = '') => ({
  subject: 'subject-1',
  session,
  previousSession,
  parentSession: '',
})

/** Alice at work after five honest days. */
function atWork() {
  const folding = folder()
  for (let day = 5; day >= 0; day -= 1) {
    const t = start - hours(24 * day)
    const of = { ...home, sessionId: `s-${day}`, keys: keys(`s-${day}`), action: null }
    folding.happens({ ...of, ...at(t), type: 'login', assurance: code })
  }
  const of = { sessionId: 's-0', keys: keys('s-0') }
  /** The step-up that is asked for, if one is. */
  const asked = (minute: number, over: Partial<SessionEvent>) => {
    const { decisions } = folding.happens({ ...of, ...at(start + minutes(minute)), ...over })
    const stepUp = decisions.find(({ type }) => type === 'session.stepup.required')
    return stepUp && { rule: stepUp.policy.rule, rotate: stepUp.stepUp?.rotate }
  }
  return { ...folding, asked }
}

describe('what is asked of a session at MEDIUM', () => {
  it('is asked where the risk was found, and not of the owner at home', () => {
    const { asked } = atWork()
    expect(asked(10, hosted)).toBeUndefined()
    expect(asked(20, { ...home, ...pays })).toBeUndefined()
    expect(asked(30, { ...hosted, ...pays })).toMatchObject({ rule: 'require.medium.sensitive' })
  })

  it('leaves the owner at home with the freshness that the action asks of anybody', () => {
    const { asked } = atWork()
    asked(10, hosted)
    expect(asked(20, { ...home, ...does('payments.create', 5_000) })).toEqual({
      rule: 'require.low.critical',
      rotate: false,
    })
  })

  it('is asked at home for what speaks of the subject, not of a place', () => {
    const { asked, session } = atWork()
    const granted = { type: 'privilege-change', initiator: 'admin', action: null } as const
    asked(10, { ...home, ...granted })
    expect(asked(12, { ...home, ...does('reports.export') })?.rule).toBe('require.medium.sensitive')
    expect(session('s-0')?.level).toBe('MEDIUM')
  })

  it('is asked everywhere once the level is HIGH', () => {
    const { asked, decisions } = atWork()
    const far = { network: farNetwork, place: saoPaulo, client: copied }
    expect(asked(10, far)?.rule).toBe('require.high.routine')
    asked(15, { ...home, ...pays })
    expect(decisions.at(-1)?.session.status).toBe('step_up_required')
    // Past the deadline, whoever acts.
    asked(21, { ...home, ...pays })
    expect(decisions.at(-1)).toMatchObject({
      type: 'session.revoked',
      policy: { rule: 'revoke.deadline' },
    })
  })

  it('is answered by each place for itself: who moved on is asked there once', () => {
    const { asked, happens, session } = atWork()
    asked(10, hosted)
    expect(asked(20, { ...cafe, ...pays })?.rotate).toBe(true)
    const proof = { type: 'reauthentication', assurance: code, action: null } as const
    const renewed = { sessionId: 'n-1', previousSessionId: 's-0', keys: keys('n-1', 's-0') }
    happens({ ...cafe, ...at(start + minutes(21)), ...proof, ...renewed })
    expect(session('n-1')).toMatchObject({ level: 'LOW', stepUp: null })
    expect(asked(22, { ...cafe, ...pays, ...renewed, previousSessionId: '' })).toBeUndefined()
  })

  it('is asked anew where its person has moved before answering', () => {
    const { asked, happens, session } = atWork()
    expect(asked(10, { ...hosted, ...pays })).toBeDefined()
    expect(asked(16, { ...cafe, ...pays })).toBeDefined()
    const proof = { type: 'reauthentication', assurance: code, action: null } as const
    const renewed = { sessionId: 'n-1', previousSessionId: 's-0', keys: keys('n-1', 's-0') }
    happens({ ...cafe, ...at(start + minutes(17)), ...proof, ...renewed })
    expect(session('n-1')).toMatchObject({ level: 'LOW', stepUp: null })
  })

  it('is not answered by the very login that was at risk', () => {
    const { asked, happens } = atWork()
    const stranger = { ...hosted, client: client({ device: 9, fingerprint: 0 }) }
    const theirs = { sessionId: 't-1', keys: keys('t-1') }
    const login = { type: 'login', assurance: code, action: null } as const
    happens({ ...stranger, ...at(start + minutes(5)), ...login, ...theirs })
    expect(asked(6, { ...stranger, ...theirs, ...pays })?.rule).toBe('require.medium.sensitive')
  })
})

describe('what is conclusive', () => {
  it('ends the session though the same event renews it and proves it by a passkey', () => {
    const { happens } = atWork()
    const passkey = { acr: 'phr', amr: ['hwk'], authTime: null }
    const reused = credential({ status: 'reused' })
    const proof = { type: 'reauthentication', assurance: passkey, credential: reused } as const
    const { decisions } = happens({
      ...home,
      ...at(start + minutes(10)),
      ...proof,
      action: null,
      sessionId: 'n-1',
      previousSessionId: 's-0',
      keys: keys('n-1', 's-0'),
    })
    expect(decisions.at(-1)).toMatchObject({
      type: 'session.revoked',
      policy: { rule: 'revoke.conclusive' },
    })
  })
})

describe('a login that is told in pieces', () => {
  const stranger = client({ os: 'linux', device: 9, fingerprint: 0 })
  const theirs = { sessionId: 't-1', keys: keys('t-1') }
  const brazil = { network: farNetwork, place: saoPaulo }
  const login = { type: 'login', assurance: code, action: null } as const
  const device = { type: 'device', action: null } as const

  /** The same login whole, or address first and the device a moment later; what is left in the session. */
  const left = (inPieces: boolean, where: Partial<SessionEvent>, on: typeof stranger) => {
    const { happens, session, profile } = atWork()
    const t = start + minutes(5)
    happens({ ...where, ...at(t), ...login, ...theirs, client: inPieces ? null : on })
    if (inPieces) happens({ ...at(t), ...device, ...theirs, client: on })
    const { level, score, contexts } = session('t-1') ?? {}
    const known = profile('subject-1')?.contexts.map((c) => [c.network?.asn, c.client?.os])
    return { level, score, proven: contexts?.map((c) => c.proven), known }
  }

  it.each([
    ['by a thief on a new device abroad', brazil, stranger, 'MEDIUM', false],
    ['by the owner at home', { ...home, client: null }, chrome, 'LOW', true],
    ['by the owner on a new device at home', { ...home, client: null }, stranger, 'LOW', true],
  ])('%s, is judged as if it were told at once', (_name, where, on, level, proven) => {
    expect(left(true, where, on)).toEqual(left(false, where, on))
    expect(left(true, where, on)).toMatchObject({ level, proven: [proven] })
  })

  it('is judged whole by the passkey that it was made with', () => {
    const { happens, session } = atWork()
    const passkey = { acr: 'phr', amr: ['hwk'], authTime: null }
    happens({ ...brazil, ...at(start + minutes(5)), ...login, assurance: passkey, ...theirs })
    happens({ ...at(start + minutes(5) + 100), ...device, ...theirs, client: stranger })
    expect(session('t-1')?.contexts.map((c) => c.proven)).toEqual([true])
  })

  it('is over after a minute: another client then is another client', () => {
    const { happens, session } = atWork()
    happens({ ...home, ...at(start + minutes(5)), ...login, ...theirs, client: null })
    happens({ ...at(start + minutes(7)), ...device, ...theirs, client: stranger })
    expect(session('t-1')?.contexts.map((c) => c.proven)).toEqual([true, false])
  })
})
