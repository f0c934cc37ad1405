import { describe, expect, it } from 'vitest'
import type { SessionEvent } from '../event.ts'
import type { Session } from '../state.ts'
import { credential, find, minutes, scene, start } from '../testing/scene.ts'
import { outsideRevocation } from './outside-revocation.ts'
import { refreshTokenReused } from './refresh-token-reused.ts'
import { sessionSubjectMismatch } from './session-subject-mismatch.ts'
import { usedAfterEnd } from './used-after-end.ts'

describe('refresh-token-reused', () => {
  it.each([
    ['reused', 1000],
    ['active', null],
    ['revoked', null],
    ['unknown', null],
  ] as const)('a credential that is %s', (status, score) => {
    const seen = scene({ event: { credential: credential({ status }) } })
    expect(find(refreshTokenReused, seen)?.score ?? null).toBe(score)
  })

  it('no credential', () => expect(find(refreshTokenReused, scene())).toBeNull())
})

describe('session-subject-mismatch', () => {
  it.each([
    ['another subject claimed', true, 1000],
    ['the subject of the login', false, null],
  ])('%s', (_name, claimedSubject, score) =>
    expect(find(sessionSubjectMismatch, scene({ event: { claimedSubject } }))?.score ?? null).toBe(
      score,
    ),
  )
})

describe('outside-revocation', () => {
  it.each([
    ['admin', 'Revoked from outside by an administrator'],
    ['user', 'Revoked from outside by the user'],
    ['policy', 'Revoked from outside by a policy'],
    ['system', 'Revoked from outside by a system'],
    ['unknown', 'Revoked from outside by an unnamed party'],
  ] as const)('by %s', (initiator, message) => {
    const found = find(
      outsideRevocation,
      scene({ event: { type: 'revocation', initiator, source: 'idp' } }),
    )
    expect(found).toMatchObject({
      reason: 'OUTSIDE_REVOCATION',
      score: 1000,
      halfLifeMs: 0,
      message,
      evidence: { initiator, source: 'idp' },
    })
  })

  it('a logout is none', () =>
    expect(find(outsideRevocation, scene({ event: { type: 'logout' } }))).toBeNull())
})

describe('used-after-end', () => {
  const endedAt = start + minutes(20)
  const ended: Partial<Session> = { status: 'ended', endedAt }
  const after = (ms: number, event: Partial<SessionEvent> = {}) => ({
    occurredAt: endedAt + ms,
    ...event,
  })

  type Case = [
    name: string,
    session: Partial<Session>,
    event: Partial<SessionEvent>,
    score: number | null,
  ]
  const cases: Case[] = [
    ['an action', ended, after(11_000), 1000],
    ['an action asked about before the deed', ended, after(11_000, { outcome: 'attempted' }), 1000],
    ['a device event', ended, after(11_000, { type: 'device' }), 1000],
    ['an ip event', ended, after(11_000, { type: 'ip' }), 1000],
    ['a re-authentication', ended, after(11_000, { type: 'reauthentication' }), 1000],
    ['within the grace of 10 s', ended, after(10_000), null],
    ['a late event from before the end', ended, after(-1), null],
    ['a session that has not ended', {}, after(11_000), null],
    ['an action that was refused', ended, after(11_000, { outcome: 'failure' }), null],
    [
      'a re-authentication that failed',
      ended,
      after(11_000, { type: 'reauthentication', outcome: 'failure' }),
      null,
    ],
    ['a second logout', ended, after(11_000, { type: 'logout' }), null],
    ['a revocation', ended, after(11_000, { type: 'revocation' }), null],
    ['feedback', ended, after(11_000, { type: 'feedback' }), null],
    ['a credential change', ended, after(11_000, { type: 'credential-change' }), null],
    ['a privilege change', ended, after(11_000, { type: 'privilege-change' }), null],
    ['a compliance change', ended, after(11_000, { type: 'compliance-change' }), null],
  ]
  it.each(cases)('%s', (_name, session, event, score) =>
    expect(find(usedAfterEnd, scene({ session, event }))?.score ?? null).toBe(score),
  )

  it('says what was done, and how long after', () => {
    expect(find(usedAfterEnd, scene({ session: ended, event: after(minutes(12)) }))).toMatchObject({
      reason: 'USED_AFTER_END',
      halfLifeMs: 0,
      message: 'Used again (docs.read) 12 min after its logout',
      evidence: { event: 'action', use: 'docs.read', minutesAfterEnd: 12 },
    })
  })
})
