import { describe, expect, it } from 'vitest'
import { emptySession, type Session } from '../state.ts'
import { find, isBlind, minutes, scene, start } from '../testing/scene.ts'
import { parentRevoked } from './parent-revoked.ts'

const parent = (over: Partial<Session> = {}): Session => ({
  ...emptySession,
  sessionId: 's-0',
  startedAt: start,
  ...over,
})
const endedAt = start + minutes(10)

describe('parent-revoked', () => {
  it.each([
    ['a parent that lives', parent(), 0, null],
    ['one that was revoked', parent({ status: 'revoked', endedAt }), 0, 1000],
    ['one that logged out', parent({ status: 'ended', endedAt }), 0, null],
    [
      'one whose life was cut and ran out',
      parent({ status: 'revoked', endedAt, notAfter: endedAt }),
      0,
      null,
    ],
    [
      'one that was revoked before its life ran out',
      parent({ status: 'revoked', endedAt, notAfter: endedAt + 1 }),
      0,
      1000,
    ],
    ['one that was revoked with all of its subject', parent(), start + 1, 1000],
    ['one that began after all others were revoked', parent(), start, null],
  ] as const)('%s', (_name, of, notBefore, score) =>
    expect(find(parentRevoked, scene({ parent: of, profile: { notBefore } }))?.score ?? null).toBe(
      score,
    ),
  )

  it('is blind where no parent is known', () => {
    expect(isBlind(parentRevoked, scene())).toBe(true)
    expect(isBlind(parentRevoked, scene({ parent: parent() }))).toBe(false)
  })

  it('names the parent', () =>
    expect(
      find(parentRevoked, scene({ parent: parent({ status: 'revoked', endedAt }) })),
    ).toMatchObject({
      reason: 'PARENT_REVOKED',
      family: 'token',
      message: 'The session that this one was begun from has been revoked',
      evidence: { parentSession: 's-0' },
    }))
})
