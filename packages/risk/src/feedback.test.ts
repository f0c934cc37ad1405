/** What an operator says of a decision changes what its context may prove, and nobody else's word does. */
import { describe, expect, it } from 'vitest'
import type { SessionEvent } from './event.ts'
import type { FoldResult } from './fold-types.ts'
import { type Folder, folder } from './testing/folding.ts'
import {
  chrome,
  client,
  event,
  farNetwork,
  homeNetwork,
  hours,
  london,
  minutes,
  saoPaulo,
  start,
} from './testing/scene.ts'
import { followUps } from './wanted.ts'

const home = { network: homeNetwork, place: london, client: chrome }
const away = { network: farNetwork, place: saoPaulo, client: chrome }
const unlisted = { ...away, network: { ...farNetwork, kind: 'unknown' as const } }
const passkey = { acr: 'phr', amr: ['hwk'], authTime: null }
const twoFactors = { acr: 'aal2', amr: ['pwd', 'otp'], authTime: null }
const login = { type: 'login' as const, action: null, assurance: twoFactors }
const proof = { type: 'reauthentication' as const, action: null, assurance: passkey }
const after = (n: number): Partial<SessionEvent> => {
  const t = start + minutes(n)
  return { occurredAt: t, receivedAt: t }
}
const session = (name: string, previous = ''): Partial<SessionEvent> => ({
  sessionId: name,
  previousSessionId: previous,
  keys: { subject: 'subject-1', session: name, previousSession: previous, parentSession: '' },
})
const act = (name: string): Partial<SessionEvent> => ({
  action: { name, resource: '', access: 'unknown', amount: null, currency: '' },
})

/** Six logins from home; the last one begins `s-1`, which is then used from far away, at `place`. */
function seenFarAway(place: typeof away | typeof unlisted = unlisted): Folder {
  const folding = folder()
  for (let day = 5; day >= 0; day -= 1) {
    const t = start - hours(24 * day)
    const of = session(day === 0 ? 's-1' : `h-${day}`)
    folding.happens({ ...home, ...of, ...login, occurredAt: t, receivedAt: t })
  }
  folding.happens({ ...place, ...session('s-1'), ...after(30) })
  return folding
}

const lastId = (folding: Folder): string => folding.decisions.at(-1)?.decisionId ?? ''

function say(
  folding: Folder,
  verdict: string,
  minute: number,
  over: Partial<SessionEvent> = {},
  decisionId = lastId(folding),
): FoldResult {
  return folding.happens({
    type: 'feedback',
    action: null,
    initiator: 'admin',
    feedback: { decisionId, verdict },
    // The operator's own desk, which is no context of the session.
    network: { ...homeNetwork, asn: 64500, address: 900, prefix: 901 },
    client: client({ os: 'linux', device: 999 }),
    ...session('s-1'),
    ...after(minute),
    ...over,
  })
}

const types = (result: FoldResult) => result.decisions.map((d) => d.type)
const scoreOf = (folding: Folder, key = 's-1') => folding.session(key)?.score

describe('a confirmed decision', () => {
  it('keeps the risk, and lets its context prove nothing, however well it authenticates', () => {
    const folding = seenFarAway(away)
    const said = say(folding, 'confirmed', 31)
    expect([said.outcome, types(said), scoreOf(folding)]).toEqual(['applied', [], 720])
    folding.happens({ ...away, ...proof, ...session('s-2', 's-1'), ...after(32) })
    expect(scoreOf(folding, 's-2')).toBe(720)
    expect(folding.session('s-2')?.contexts.filter((c) => c.proven)).toMatchObject([
      { network: { country: 'GB' } },
    ])
  })

  it('proves it before, and unproves it after', () => {
    const folding = seenFarAway()
    folding.happens({ ...unlisted, ...session('s-1'), ...after(31), ...act('customers.export') })
    const asked = lastId(folding)
    folding.happens({ ...unlisted, ...proof, ...session('s-2', 's-1'), ...after(32) })
    const isKnown = () =>
      folding.profile('subject-1')?.contexts.some((c) => c.network?.country === 'BR')
    expect([scoreOf(folding, 's-2'), isKnown()]).toEqual([0, true])
    say(folding, 'confirmed', 33, {}, asked)
    expect(isKnown()).toBe(false)
    // The session that lives on under the new id is meant too.
    expect(folding.session('s-2')?.assurance.rank).toBe(1)
    folding.happens({ ...unlisted, ...login, ...session('s-3'), ...after(60) })
    expect(folding.session('s-3')?.contexts.some((c) => c.proven)).toBe(false)
    expect(isKnown()).toBe(false)
  })

  it('reaches the session that took over, which is loaded for it', () => {
    const folding = seenFarAway(away)
    folding.happens({ ...home, ...proof, ...session('s-2', 's-1'), ...after(32) })
    const feedback = event({ type: 'feedback', ...session('s-1'), ...after(33) })
    expect(followUps({ kind: 'event', event: feedback, origin: null }, folding)).toEqual(['s-2'])
  })

  it('counts for what could be its context or the subject’s own', () => {
    const folding = seenFarAway({ ...away, network: { ...homeNetwork, asn: 64501 } })
    folding.happens({ ...home, ...session('h-9'), ...login, ...after(31) })
    const near = { ...home, network: { ...homeNetwork, asn: 64501, address: 5, prefix: 5 } }
    folding.happens({ ...near, ...session('h-9'), ...after(40), ...act('admin.users.list') })
    folding.happens({ ...near, ...session('h-9'), ...after(41), ...act('secrets.read') })
    expect(say(folding, 'confirmed', 42, session('h-9')).outcome).toBe('applied')
    const unnumbered = { ...home, network: { ...homeNetwork, asn: 0 } }
    folding.happens({ ...unnumbered, ...session('s-5'), ...login, ...after(90) })
    expect(folding.session('s-5')?.contexts.some((c) => c.proven)).toBe(false)
  })

  it('leaves the subject’s own context as it was', () => {
    const folding = seenFarAway(away)
    say(folding, 'confirmed', 31)
    folding.happens({ ...home, ...proof, ...session('s-2', 's-1'), ...after(32) })
    expect(scoreOf(folding, 's-2')).toBe(0)
  })

  it('is remembered when the session is over', () => {
    const folding = seenFarAway(away)
    const asked = lastId(folding)
    folding.happens({ ...home, ...proof, ...session('s-2', 's-1'), ...after(32) })
    expect(folding.session('s-1')?.status).toBe('revoked')
    expect(say(folding, 'confirmed', 40, {}, asked).outcome).toBe('applied')
    folding.happens({ ...away, ...login, assurance: passkey, ...session('s-3'), ...after(90) })
    expect(folding.session('s-3')?.contexts.some((c) => c.proven)).toBe(false)
  })

  it('bounds what a workload’s first use of a credential proves', () => {
    const folding = seenFarAway(away)
    say(folding, 'confirmed', 31)
    const poisoned = folding.profile('subject-1')?.poisoned
    expect(poisoned).toHaveLength(1)
    const subject = { id: 'alice', kind: 'workload' as const, iss: '' }
    const credential = {
      id: 77,
      kind: 'api-key' as const,
      status: 'active' as const,
      change: null,
      issuedAt: null,
      expiresAt: null,
      boundTo: 0,
    }
    folding.happens({ ...away, subject, credential, ...session('w-1'), ...after(40) })
    expect(folding.session('w-1')?.contexts.some((c) => c.proven)).toBe(false)
  })
})

describe('a dismissed decision', () => {
  it('proves its context, and sheds half of its risk', () => {
    const folding = seenFarAway()
    const said = say(folding, 'dismissed', 31)
    expect([types(said), scoreOf(folding)]).toEqual([['session.risk.changed'], 275])
    folding.happens({ ...unlisted, ...login, ...session('s-2'), ...after(60) })
    expect(scoreOf(folding, 's-2')).toBe(0)
  })

  it('closes the step-up that asked for it', () => {
    const folding = seenFarAway()
    folding.happens({ ...unlisted, ...session('s-1'), ...after(31), ...act('customers.export') })
    const before = scoreOf(folding) ?? 0
    expect(before).toBeGreaterThan(550)
    const said = say(folding, 'dismissed', 32)
    expect(folding.session('s-1')).toMatchObject({ level: 'MEDIUM', score: 383 })
    expect(types(said)).toEqual([])
    const quiet = seenFarAway()
    quiet.happens({
      ...unlisted,
      ...session('s-1'),
      ...after(31),
      action: { name: 'payments.approve', resource: '', access: 'write', amount: 5, currency: '' },
    })
    expect(quiet.session('s-1')?.stepUp?.riskDriven).toBe(true)
    expect(types(say(quiet, 'dismissed', 32))).toEqual([
      'session.stepup.resolved',
      'session.risk.changed',
    ])
    expect(quiet.session('s-1')?.stepUp).toBeNull()
    expect(quiet.profile('subject-1')?.timers).toEqual([])
  })

  it('sheds nothing of token or client', () => {
    const folding = folder()
    for (const day of [2, 1, 0]) {
      const t = start - hours(24 * day)
      folding.happens({
        ...home,
        ...login,
        ...session(day === 0 ? 's-1' : `h-${day}`),
        occurredAt: t,
        receivedAt: t,
      })
    }
    folding.happens({
      ...home,
      client: client({ os: 'macos', device: 9 }),
      ...session('s-1'),
      ...after(5),
    })
    expect(scoreOf(folding)).toBe(500)
    say(folding, 'dismissed', 6)
    expect(scoreOf(folding)).toBe(500)
  })

  it('brings no revoked session back', () => {
    const folding = seenFarAway(away)
    const asked = lastId(folding)
    folding.happens({ ...home, ...proof, ...session('s-2', 's-1'), ...after(32) })
    expect(types(say(folding, 'dismissed', 33, {}, asked))).toEqual([])
    expect(folding.session('s-1')).toMatchObject({ status: 'revoked', score: 720 })
  })

  it('takes a confirmation back: the last word counts, by when it was said', () => {
    const folding = seenFarAway()
    const id = lastId(folding)
    say(folding, 'confirmed', 31, {}, id)
    say(folding, 'dismissed', 33, {}, id)
    expect(folding.profile('subject-1')?.poisoned).toEqual([])
    expect(say(folding, 'confirmed', 32, {}, id).outcome).toBe('repeat')
    expect(scoreOf(folding)).toBe(275)
  })
})

describe('feedback changes nothing', () => {
  const nothing: readonly [string, Partial<SessionEvent>, string | undefined][] = [
    ['from the user, who may be the thief', { initiator: 'user' }, undefined],
    ['from nobody', { initiator: 'unknown' }, undefined],
    ['that failed', { outcome: 'failure' }, undefined],
    ['about an unknown decision', {}, '1.7.999.0'],
    ['about a decision of another session', session('h-1'), undefined],
    ['about an unknown session', session('s-9'), undefined],
    ['without a session', session(''), undefined],
  ]
  it.each(nothing)('%s', (_name, over, id) => {
    for (const verdict of ['confirmed', 'dismissed']) {
      const folding = seenFarAway()
      const before = JSON.stringify(folding.states())
      const said = say(folding, verdict, 31, over, id)
      expect([said.outcome, said.decisions]).toEqual(['unheard', []])
      expect(JSON.stringify(folding.states())).toBe(before)
    }
  })

  it('with an unknown verdict, or none at all', () => {
    const folding = seenFarAway()
    const before = JSON.stringify(folding.states())
    expect(say(folding, 'perhaps', 31).outcome).toBe('unheard')
    expect(say(folding, '', 31, { feedback: null }).outcome).toBe('unheard')
    expect(JSON.stringify(folding.states())).toBe(before)
  })

  it('said again, or of another decision about the same context', () => {
    const folding = seenFarAway()
    const first = lastId(folding)
    folding.happens({ ...unlisted, ...session('s-1'), ...after(31), ...act('customers.export') })
    say(folding, 'dismissed', 32)
    const before = JSON.stringify(folding.states())
    expect(say(folding, 'dismissed', 33).outcome).toBe('repeat')
    expect(say(folding, 'dismissed', 33, {}, first).outcome).toBe('repeat')
    expect(JSON.stringify(folding.states())).toBe(before)
  })

  it('to where the session is, or how long it lives', () => {
    const folding = seenFarAway()
    const before = folding.session('s-1')
    say(folding, 'dismissed', 40)
    const session = folding.session('s-1')
    expect(session?.contexts.map((c) => c.network?.asn)).toEqual(
      before?.contexts.map((c) => c.network?.asn),
    )
    expect([session?.currentContext, session?.lastSeen]).toEqual([
      before?.currentContext,
      before?.lastSeen,
    ])
  })
})

it('a forgotten profile still ends what was asked of its sessions', () => {
  const folding = folder()
  folding.happens({
    ...home,
    ...session('s-1'),
    ...after(0),
    network: { ...homeNetwork, kind: 'tor' },
    credential: null,
  })
  folding.happens({ ...home, ...session('s-1'), ...after(1), ...act('payments.approve') })
  const asked = folding.decisions.filter((d) => d.type === 'session.stepup.required')
  expect(asked).toHaveLength(1)
  folding.happens({ ...home, ...login, ...session('s-1'), ...after(90) })
  const ended = folding.decisions.filter((d) => d.resolution?.outcome === 'expired')
  expect(ended.map((d) => d.resolution?.stepUpId)).toEqual(asked.map((d) => d.stepUp?.id))
})
