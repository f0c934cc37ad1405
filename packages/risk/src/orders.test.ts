/** Orders of operators: release, drop, observe-only. */
import { describe, expect, it } from 'vitest'
import type { Alert } from './alert.ts'
import { controlCaps } from './control.ts'
import { endLife } from './deadline.ts'
import type { LogRecord, SessionEvent } from './event.ts'
import { answer, login, of, order, reuse, stolen } from './testing/crowd.ts'
import { folder } from './testing/folding.ts'
import { hours, minutes, start } from './testing/scene.ts'
import { followUps } from './wanted.ts'

const types = (decisions: readonly { readonly type: string }[]) => decisions.map((d) => d.type)

/** A person's session that was begun from another of theirs. */
const begunFrom = (parent: string, sessionId: string, subject = 'p-5'): Partial<SessionEvent> => ({
  sessionId,
  parentSessionId: parent,
  keys: {
    subject,
    session: `${subject}/${sessionId}`,
    previousSession: '',
    parentSession: `${subject}/${parent}`,
  },
})
const app = begunFrom('s-5', 'app')

/** Five revoked, the sixth held. */
function held(...others: readonly LogRecord[]) {
  const folding = folder()
  for (let n = 0; n < 6; n += 1) folding.fold(login(n, 0))
  for (const other of others) folding.fold(other)
  for (let n = 0; n < 6; n += 1) folding.fold(reuse(n, minutes(5)))
  const id = folding.shadow[0]?.decisionId ?? ''
  expect(folding.session('p-5/s-5')?.held).toBe(id)
  return { folding, id }
}

describe('a release', () => {
  it('revokes the session by a new decision that supersedes the held one', () => {
    const { folding, id } = held()
    const { decisions, outcome } = folding.fold(answer('release', 5, minutes(9), id))
    expect(outcome).toBe('applied')
    expect(types(decisions)).toEqual(['session.stepup.resolved', 'session.revoked'])
    expect(decisions[1]).toMatchObject({
      sessionId: 's-5',
      supersedes: id,
      decidedAt: start + minutes(9),
      session: { status: 'revoked' },
      policy: { rule: 'operator.release' },
      risk: { score: 1000 },
    })
    expect(folding.profile('p-5')?.timers).toEqual([])
    folding.fold(of(5, minutes(10)))
    expect(folding.decisions.at(-1)).toBe(decisions[1])
  })

  it('ends what was begun from the session in the same record, and what is held of it too', () => {
    const nested = begunFrom('app', 'nested')
    const { folding, id } = held(login(5, minutes(1), app), login(5, minutes(2), nested))
    folding.fold(reuse(5, minutes(6), app))
    const heldToo = folding.session('p-5/app')?.held ?? ''
    expect(heldToo).not.toBe('')
    const release = answer('release', 5, minutes(9), id)
    expect(followUps(release, folding)).toEqual(['p-5/app', 'p-5/nested'])
    const { decisions } = folding.fold(release)
    const ends = decisions.filter(({ type }) => type === 'session.revoked')
    expect(
      ends.map(({ sessionId, supersedes, policy: { rule } }) => [sessionId, supersedes, rule]),
    ).toEqual([
      ['s-5', id, 'operator.release'],
      ['app', heldToo, 'revoke.parent'],
      ['nested', null, 'revoke.parent'],
    ])
    expect(new Set(ends.map(({ cause }) => cause.eventId)).size).toBe(1)
    expect(folding.session('p-5/nested')).toMatchObject({ status: 'revoked', held: '' })
    expect(folding.published.slice(-ends.length)).toEqual(decisions.slice(-ends.length))
  })

  it('comes after what time has done to the session by then', () => {
    const { folding, id } = held()
    const { stepUp } = folding.session('p-5/s-5') ?? {}
    const { decisions } = folding.fold(answer('release', 5, minutes(30), id))
    expect(decisions[0]).toMatchObject({
      resolution: { stepUpId: stepUp?.id, outcome: 'expired' },
      decidedAt: stepUp?.deadline,
    })
    expect(types(decisions).filter((type) => type === 'session.stepup.resolved')).toHaveLength(1)
  })

  it('is remembered as long as any revocation that was made now', () => {
    const { folding, id } = held()
    folding.fold(answer('release', 5, hours(47), id))
    const { decisions, signals } = folding.fold(of(5, hours(94)))
    expect(decisions).toEqual([])
    expect(signals.map(({ reason }) => reason)).toEqual(['USED_AFTER_END'])
  })

  it('that comes twice, or for what is not held, changes nothing', () => {
    const { folding, id } = held()
    const release = answer('release', 5, minutes(9), id)
    folding.fold(release)
    expect(folding.fold(release).outcome).toBe('repeat')
    expect(folding.fold(answer('release', 5, minutes(9), id)).outcome).toBe('ignored')
    expect(folding.fold(answer('release', 4, minutes(9), id)).outcome).toBe('ignored')
    expect(folding.fold(answer('release', 77, minutes(9), id)).outcome).toBe('ignored')
  })

  it('reaches the apps also where the tenant is only observed', () => {
    const { folding, id } = held()
    folding.fold(order('observe-only', minutes(8), { on: true }))
    folding.fold(answer('release', 5, minutes(9), id))
    expect(folding.published.at(-1)).toMatchObject({ type: 'session.revoked', supersedes: id })
  })
})

describe('a drop', () => {
  it('leaves what was begun from the session as it is', () => {
    const { folding, id } = held(login(5, minutes(1), app))
    folding.fold(answer('drop', 5, minutes(9), id))
    expect(folding.session('p-5/app')?.status).toBe('active')
  })

  it('lets the session go on, and the same grounds hold it no more', () => {
    const { folding, id } = held()
    const { decisions } = folding.fold(answer('drop', 5, minutes(9), id))
    expect(types(decisions)).toEqual(['session.stepup.resolved', 'session.risk.changed'])
    expect(decisions[1]).toMatchObject({
      supersedes: id,
      session: { status: 'active' },
      policy: { rule: 'operator.drop' },
    })
    folding.fold(reuse(5, minutes(10)))
    const session = folding.session('p-5/s-5')
    expect(session).toMatchObject({ held: '', status: 'active', level: 'HIGH' })
    expect(folding.published.at(-1)).toMatchObject({
      type: 'session.stepup.required',
      session: { status: 'step_up_required' },
    })
  })

  it('is no pardon for what is found later', () => {
    const { folding, id } = held()
    folding.fold(answer('drop', 5, minutes(9), id))
    folding.fold(of(5, minutes(20), { claimedSubject: true }))
    expect(folding.session('p-5/s-5')?.status).toBe('revoked')
  })
})

describe('the finding of a held revocation', () => {
  const ofHold = (alerts: readonly Alert[]) =>
    alerts.filter(({ reason }) => reason.reason === 'REVOCATION_HELD')
  /** The five before it, and then the sixth. */
  const created = () => {
    const folding = folder()
    for (let n = 0; n < 6; n += 1) folding.fold(login(n, 0))
    for (let n = 0; n < 5; n += 1) folding.fold(reuse(n, minutes(5)))
    const alerts = ofHold(folding.fold(reuse(5, minutes(5))).alerts)
    expect(alerts.map(({ activity }) => activity)).toEqual(['create'])
    return { folding, alert: alerts[0]!, id: folding.session('p-5/s-5')?.held ?? '' }
  }

  it.each([
    ['release', 'revoked'],
    ['drop', 'active'],
  ] as const)('is closed by a %s', (kind, status) => {
    const { folding, alert, id } = created()
    const { alerts } = folding.fold(answer(kind, 5, minutes(9), id))
    expect(ofHold(alerts)).toMatchObject([
      { uid: alert.uid, activity: 'close', closedBy: 'answered', sessionId: 's-5', status },
    ])
    expect(ofHold(alerts)[0]).toMatchObject({
      firstSeen: alert.at,
      at: start + minutes(9),
      subject: alert.subject,
      reason: { evidence: { rule: `operator.${kind}` } },
    })
  })

  it.each([
    ['a logout', 'ended', () => of(5, minutes(9), { type: 'logout', action: null })],
    [
      'a revocation from outside',
      'revoked',
      () => of(5, minutes(9), { type: 'revocation', action: null, initiator: 'admin' }),
    ],
    ['its silence, where it comes back', 'expired', () => of(5, hours(60))],
  ])('is closed by %s', (_, closedBy, happens) => {
    const { folding, alert } = created()
    const { alerts } = folding.fold(happens())
    expect(ofHold(alerts)).toMatchObject([
      { uid: alert.uid, activity: 'close', closedBy, subject: alert.subject },
    ])
  })

  it('is closed at the first event after all sessions of the subject were revoked', () => {
    const { folding, alert } = created()
    const keys = { subject: 'p-5', session: '', previousSession: '', parentSession: '' }
    const whole = { type: 'revocation', action: null, initiator: 'admin', keys } as const
    const revocation = of(5, minutes(9), whole)
    if (revocation.kind === 'event')
      folding.fold({ ...revocation, event: { ...revocation.event, sessionId: '' } })
    expect(ofHold(folding.fold(of(5, minutes(10))).alerts)).toMatchObject([
      { uid: alert.uid, activity: 'close', closedBy: 'revoked', subject: alert.subject },
    ])
  })

  it('stays open while the session is held, whatever it does', () => {
    const { folding } = created()
    for (let n = 6; n < 30; n += 1)
      expect(ofHold(folding.fold(reuse(5, minutes(n))).alerts)).toEqual([])
  })
})

describe('observe-only', () => {
  it('that sees the life of a held session run out leaves it held', () => {
    const { folding, id } = held()
    const over = { ...folding.session('p-5/s-5')!, notAfter: start + minutes(20) }
    const { session, decisions } = endLife(over, 'p-5/s-5', start + minutes(21), true)
    expect(session.held).toBe(id)
    expect(decisions.map(({ supersedes }) => supersedes)).toEqual([''])
  })

  const observed = (tenant = '') => {
    const folding = folder()
    folding.fold(login(1, 0))
    folding.fold(order('observe-only', 1, { tenant, on: true }))
    return folding
  }

  it('keeps every decision from the apps, and revokes no session', () => {
    const folding = observed()
    folding.fold(stolen(1, minutes(20)))
    folding.fold(reuse(1, minutes(21)))
    expect(folding.published).toEqual([])
    expect(types(folding.shadow)).toContain('session.stepup.required')
    expect(types(folding.shadow)).toContain('session.revoked')
    expect(folding.session('p-1/s-1')).toMatchObject({ status: 'active', held: '' })
    expect(folding.shadow.every(({ session }) => session.status === 'active')).toBe(true)
  })

  it('tells the same grounds once, and not at each event', () => {
    const folding = observed()
    for (let n = 0; n < 20; n += 1) folding.fold(reuse(1, minutes(20) + n))
    expect(types(folding.shadow).filter((type) => type === 'session.revoked')).toHaveLength(1)
    expect(types(folding.shadow).filter((type) => type === 'session.stepup.required').length).toBe(
      1,
    )
  })

  it('turned off ends nobody for what was only observed: the next event asks for proof', () => {
    const folding = observed()
    folding.fold(stolen(1, minutes(20)))
    folding.fold(reuse(1, minutes(21)))
    folding.fold({ kind: 'tick', t: start + minutes(40) })
    folding.fold(order('observe-only', minutes(41), { on: false }))
    folding.fold(of(1, minutes(42)))
    expect(types(folding.published)).toEqual(['session.stepup.required'])
    expect(folding.published[0]).toMatchObject({
      stepUp: { prompt: true },
      session: { status: 'step_up_required' },
    })
  })

  it('still tells the apps how a step-up ended that they were told of', () => {
    const folding = folder()
    folding.fold(login(1, 0))
    folding.fold(stolen(1, minutes(20)))
    folding.fold(order('observe-only', minutes(21), { on: true }))
    folding.fold({ kind: 'tick', t: start + minutes(40) })
    expect(types(folding.published)).toEqual([
      'session.risk.changed',
      'session.stepup.required',
      'session.stepup.resolved',
    ])
  })

  it('of one tenant leaves the others as they are', () => {
    const folding = observed('acme')
    folding.fold(stolen(1, minutes(20)))
    expect(folding.shadow).toEqual([])
    expect(types(folding.published)).toContain('session.stepup.required')
  })

  it('passes on a revocation from outside, which the engine did not decide', () => {
    const folding = observed()
    folding.fold(of(1, minutes(20), { type: 'revocation', action: null, initiator: 'admin' }))
    expect(types(folding.published)).toContain('session.revoked')
    expect(folding.session('p-1/s-1')?.status).toBe('revoked')
  })

  it('tells once of what would have ended with its parent, and ends it not when it is off', () => {
    const folding = observed()
    const app = begunFrom('s-1', 'app', 'p-1')
    folding.fold(login(1, minutes(1), app))
    folding.fold(of(1, minutes(20), { type: 'revocation', action: null, initiator: 'admin' }))
    for (let n = 21; n < 25; n += 1) folding.fold(of(1, minutes(n), app))
    const ends = folding.shadow.filter(({ type }) => type === 'session.revoked')
    expect(ends.map(({ sessionId }) => sessionId)).toEqual(['app'])
    folding.fold(order('observe-only', minutes(30), { on: false }))
    folding.fold(of(1, minutes(31)))
    folding.fold(of(1, minutes(32), app))
    expect(folding.session('p-1/app')?.status).toBe('active')
  })

  it('is told by one partition, once for each turn of the switch', () => {
    const folding = folder(undefined, 0)
    folding.fold(order('observe-only', 0, { tenant: 'acme', on: true }))
    folding.fold(order('observe-only', 1, { tenant: 'acme', on: false }))
    expect(
      folding.notices.map(({ code, tenant, evidence }) => [code, tenant, evidence['on']]),
    ).toEqual([
      ['observe_only', 'acme', true],
      ['observe_only', 'acme', false],
    ])
    folding.fold(order('observe-only', 2, { tenant: 'acme', on: false }))
    expect(folding.notices).toHaveLength(2)
    const other = folder(undefined, 1)
    other.fold(order('observe-only', 0, { on: true }))
    expect(other.notices).toEqual([])
  })

  it.each(['', 'acme'])('is one finding until it is turned back, of %j', (tenant) => {
    const folding = folder(undefined, 0)
    const turn = (t: number, on: boolean) =>
      folding.fold(order('observe-only', t, { tenant, on })).alerts
    const alerts = [
      ...turn(minutes(1), true),
      ...turn(minutes(2), true),
      ...turn(minutes(3), false),
      ...turn(minutes(4), true),
    ]
    expect(alerts.map(({ activity, closedBy }) => [activity, closedBy])).toEqual([
      ['create', null],
      ['update', null],
      ['close', 'answered'],
      ['create', null],
    ])
    const uids = alerts.map(({ uid }) => uid)
    expect(new Set(uids.slice(0, 3)).size).toBe(1)
    expect(uids[3]).not.toBe(uids[0])
    expect(alerts[2]).toMatchObject({ firstSeen: start + minutes(1), at: start + minutes(3) })
  })

  it('is refused for one tenant too many, with a notice, and forgets none', () => {
    const folding = folder(undefined, 0)
    for (let n = 0; n <= controlCaps.observed; n += 1)
      folding.fold(order('observe-only', n, { tenant: `t-${n}`, on: true }))
    const { meta } = folding.fold(order('observe-only', 9_999, { tenant: 't-1', on: true }))
    expect(meta.control.observed).toHaveLength(controlCaps.observed)
    expect(meta.control.observed).toContainEqual({ tenant: 't-0', since: start })
    const refused = folding.notices.filter(({ tenant }) => tenant === 't-1000')
    expect(refused.map(({ activity, closedBy }) => [activity, closedBy])).toEqual([
      ['create', null],
      ['close', 'refused'],
    ])
    expect(refused[0]?.message).toMatch(/was not turned on for tenant t-1000/)
    expect(meta.control.applied).toHaveLength(controlCaps.applied)
  })
})
