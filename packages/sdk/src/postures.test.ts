import { describe, expect, it } from 'vitest'
import { Postures } from './postures.ts'
import { decision, riskChanged, stepUp } from './testing/decisions.ts'

const apply = (...decisions: Parameters<Postures['apply']>[0][]): Postures => {
  const postures = new Postures(100)
  for (const one of decisions) postures.apply(one)
  return postures
}
const statusOf = (postures: Postures, session = 's-1', startedAt?: number) =>
  postures.of('default', 'alice', session, startedAt)?.status ?? null

const active = { status: 'active', level: 'LOW', notAfter: null } as const
const subjectWide = (offset: number) => decision(offset, { scope: 'subject', sessionId: null })

describe('posture', () => {
  it('is that of the highest sequence, in whatever order decisions come', () => {
    const resolved = stepUp(9, { type: 'session.stepup.resolved', session: active, stepUp: null })
    expect(statusOf(apply(stepUp(5), resolved))).toBe('active')
    expect(statusOf(apply(resolved, stepUp(5)))).toBe('active')
    expect(statusOf(apply(stepUp(5), riskChanged(4)))).toBe('step_up_required')
  })

  it('tells whether a decision is the latest of its session', () => {
    const postures = new Postures(100)
    expect(postures.apply(stepUp(5))).toBe(true)
    expect(postures.apply(riskChanged(4))).toBe(false)
    expect(postures.apply(riskChanged(4, { sessionId: 's-2' }))).toBe(true)
  })

  it('stays revoked, whatever comes after and however late the revocation comes', () => {
    expect(statusOf(apply(decision(5), riskChanged(9)))).toBe('revoked')
    expect(statusOf(apply(riskChanged(9), decision(5)))).toBe('revoked')
  })

  it('knows the open step-up also where its decision comes after a later one', () => {
    const later = riskChanged(6, { session: { ...active, status: 'step_up_required' } })
    const posture = apply(later, stepUp(5)).of('default', 'alice', 's-1')
    expect(posture).toMatchObject({ status: 'step_up_required', stepUp: { acrValues: ['phr'] } })
    const closed = apply(stepUp(5), riskChanged(7)).of('default', 'alice', 's-1')
    expect(closed?.stepUp).toBeNull()
  })

  it('ends all of a subject’s sessions begun before, and none begun after', () => {
    const postures = apply(stepUp(5), subjectWide(7), riskChanged(8, { sessionId: 's-2' }))
    const { decidedAt } = subjectWide(7)
    expect(statusOf(postures, 's-1')).toBe('revoked')
    expect(statusOf(postures, 's-2')).toBe('active')
    expect(statusOf(postures, 's-3', decidedAt - 1)).toBe('revoked')
    expect(statusOf(postures, 's-3', decidedAt + 1)).toBeNull()
    expect(statusOf(postures, 's-3')).toBe('revoked')
  })

  it('never mixes subjects or tenants with the same session id', () => {
    const postures = apply(decision(5))
    expect(postures.of('default', 'bob', 's-1')).toBeNull()
    expect(postures.of('other', 'alice', 's-1')).toBeNull()
  })

  it('is bounded, and live sessions never push out revoked ones', () => {
    const postures = new Postures(10)
    postures.apply(decision(1))
    for (let n = 2; n < 100; n += 1) postures.apply(riskChanged(n, { sessionId: `s-${n}` }))
    expect(statusOf(postures, 's-1')).toBe('revoked')
    expect(statusOf(postures, 's-2')).toBeNull()
    expect(statusOf(postures, 's-99')).toBe('active')
  })
})
