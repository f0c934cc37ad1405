import { describe, expect, it } from 'vitest'
import type { Credential, SessionEvent } from '../event.ts'
import {
  credential,
  find,
  hours,
  isBlind,
  minutes,
  type SceneParts,
  scene,
  start,
} from '../testing/scene.ts'
import { staleCredential } from './stale-credential.ts'

const days = (n: number) => hours(24 * n)
const noon = start + hours(2)

const uses = (of: Partial<Credential>, event: Partial<SessionEvent> = {}, parts: SceneParts = {}) =>
  scene({
    ...parts,
    event: {
      occurredAt: noon,
      credential: credential({ kind: 'api-key', issuedAt: noon - days(1), ...of }),
      ...event,
    },
  })
const aged = { issuedAt: noon - days(200) }
const expired = { expiresAt: noon - hours(3) }

type Case = [name: string, scenes: ReturnType<typeof uses>[], score: number | null]
const cases: Case[] = [
  ['a key of 200 days', [uses(aged)], 300],
  ['a key of 90 days and a second', [uses({ issuedAt: noon - days(90) - 1000 })], 300],
  ['a key of 90 days', [uses({ issuedAt: noon - days(90) })], null],
  ['a key issued in the future', [uses({ issuedAt: noon + days(200) })], null],
  ['a key that expired', [uses(expired)], 600],
  ['a key that expired, and is old', [uses({ ...aged, ...expired })], 600],
  ['a key that expires today', [uses({ expiresAt: noon + hours(1) })], null],
  ['a key that expired a minute ago: clocks differ', [uses({ expiresAt: noon - 60_000 })], null],
  ['a key that nobody could check', [uses({ status: 'unknown' })], 300],
  ['an old key that nobody could check', [uses({ ...aged, status: 'unknown' })], 300],
  ['a key that was revoked', [uses({ status: 'revoked' })], 600],
  ['a key that was reused is another finding', [uses({ status: 'reused' })], null],
  ['an old certificate', [uses({ ...aged, kind: 'certificate' })], 300],
  ['an old workload identity', [uses({ ...aged, kind: 'workload-identity' })], 300],
  ['an old session token', [uses({ ...aged, kind: 'session-token' })], 300],
  ['an old password', [uses({ ...aged, kind: 'password' })], null],
  ['an old passkey', [uses({ ...aged, kind: 'passkey' })], null],
  ['an expired password', [uses({ ...expired, kind: 'password' })], 600],
  ['an old credential of an unknown kind', [uses({ ...aged, kind: 'unknown' })], null],
  [
    'a workload’s old credential of an unknown kind',
    [uses({ ...aged, kind: 'unknown' }, {}, { kind: 'workload' })],
    300,
  ],
  ['a login with it', [uses(aged, { type: 'login' })], 300],
  ['a use only attempted', [uses(aged, { outcome: 'attempted' })], 300],
  ['a use that was refused', [uses(expired, { outcome: 'failure' })], null],
  ['its rotation', [uses(aged, { type: 'credential-change' })], null],
  ['a logout with it', [uses(expired, { type: 'logout' })], null],
  ['the same once more', [uses(aged), uses(aged)], null],
  ['another old key', [uses(aged), uses({ ...aged, id: 702 })], 300],
  ['the old key, now expired', [uses(aged), uses({ ...aged, ...expired })], 600],
  ['the expired key, told only as old', [uses(expired), uses(aged)], null],
]

describe('stale-credential', () => {
  it.each(cases)('%s', (_name, scenes, score) =>
    expect(find(staleCredential, ...scenes)?.score ?? null).toBe(score),
  )

  it.each([
    ['no credential', null, true],
    ['a credential of which no time is told', {}, true],
    ['a time of issue', { issuedAt: noon }, false],
    ['a time of expiry', { expiresAt: noon }, false],
    ['a revocation that could not be checked', { status: 'unknown' }, false],
  ] as const)('with %s it is blind: %s', (_name, of, blind) => {
    const told = of === null ? null : credential(of)
    expect(isBlind(staleCredential, scene({ event: { credential: told } }))).toBe(blind)
  })

  it('names the credential, its age and what is allowed, and never decays', () => {
    expect(find(staleCredential, uses(aged))).toMatchObject({
      reason: 'STALE_CREDENTIAL',
      family: 'credential',
      halfLifeMs: 0,
      message: 'The API key in use was issued 200 days ago',
      evidence: { credential: 'API key', status: 'active', ageDays: 200, ageDaysMax: 90 },
    })
    expect(find(staleCredential, uses({ expiresAt: noon - minutes(200) }))).toMatchObject({
      message: 'The API key in use expired 3 h 20 min ago',
      evidence: { credential: 'API key', status: 'active', minutesSinceExpiry: 200 },
    })
    expect(find(staleCredential, uses({ status: 'unknown' }))).toMatchObject({
      message: 'The API key in use could not be checked for revocation',
      evidence: { credential: 'API key', status: 'unknown' },
    })
  })
})
