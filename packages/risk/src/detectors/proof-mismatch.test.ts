import { describe, expect, it } from 'vitest'
import type { Scene } from '../detector.ts'
import type { Credential, SessionEvent } from '../event.ts'
import { credential, find, scene } from '../testing/scene.ts'
import { proofMismatch } from './proof-mismatch.ts'

const bound = (
  boundTo: number,
  over: Partial<Credential> = {},
  event: Partial<SessionEvent> = {},
) => scene({ event: { credential: credential({ boundTo, ...over }), ...event } })
const rotation = { type: 'credential-change' } as const
const update = { change: 'update' } as const

type Case = [name: string, scenes: Scene[], score: number | null]
const cases: Case[] = [
  ['another key', [bound(1), bound(2)], 1000],
  ['another key, the credential id new too', [bound(1), bound(2, { id: 702 })], 1000],
  ['another key, the kind untold', [bound(1), bound(2, { kind: 'unknown' })], 1000],
  ['another key, once more', [bound(1), bound(2), bound(2)], 1000],
  ['the first key', [bound(1)], null],
  ['the same key', [bound(1), bound(1)], null],
  ['an unbound credential in between', [bound(1), bound(0), bound(1)], null],
  ['no credential told', [bound(1), scene()], null],
  ['a declared rotation itself', [bound(1), bound(2, update, rotation)], null],
  ['after a declared rotation', [bound(1), bound(2, update, rotation), bound(2)], null],
  ['the old key after a declared rotation', [bound(1), bound(2, update, rotation), bound(1)], 1000],
  [
    'a rotation that failed',
    [bound(1), bound(2, update, { ...rotation, outcome: 'failure' })],
    1000,
  ],
  ['a credential created, not rotated', [bound(1), bound(2, { change: 'create' }, rotation)], 1000],
  [
    'a new session id with a new token',
    [bound(1), bound(2, {}, { type: 'reauthentication', previousSessionId: 's-0' }), bound(2)],
    null,
  ],
  [
    'a failed authentication with a new key',
    [bound(1), bound(2, {}, { type: 'login', outcome: 'failure', previousSessionId: 's-0' })],
    1000,
  ],
  ['a certificate with a key of its own', [bound(1), bound(2, { kind: 'certificate' })], null],
  [
    'a re-authentication in the same session with another key',
    [bound(1), bound(2, {}, { type: 'reauthentication' })],
    1000,
  ],
  [
    'a token and a certificate, each with its key',
    [bound(1), bound(2, { kind: 'certificate' }), bound(1)],
    null,
  ],
  [
    'a certificate with another key than before',
    [bound(1), bound(2, { kind: 'certificate' }), bound(3, { kind: 'certificate' })],
    1000,
  ],
  [
    'the second of two keys, the kind untold',
    [bound(1), bound(2, { kind: 'certificate' }), bound(2, { kind: 'unknown' })],
    null,
  ],
]

describe('proof-mismatch', () => {
  it.each(cases)('%s', (_name, scenes, score) =>
    expect(find(proofMismatch, ...scenes)?.score ?? null).toBe(score),
  )

  it('names the credential', () => {
    expect(find(proofMismatch, bound(1), bound(2))).toMatchObject({
      reason: 'PROOF_MISMATCH',
      halfLifeMs: 0,
      message: 'The session-token is bound to another key than before',
      evidence: { credentialKind: 'session-token', event: 'action' },
    })
  })
})
