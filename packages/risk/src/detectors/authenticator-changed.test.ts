import { describe, expect, it } from 'vitest'
import type { Credential, SessionEvent } from '../event.ts'
import {
  credential,
  find,
  home,
  hours,
  isBlind,
  minutes,
  type SceneParts,
  scene,
  start,
} from '../testing/scene.ts'
import { authenticatorChanged } from './authenticator-changed.ts'

const noon = start + hours(2)

const happens = (
  event: Partial<SessionEvent>,
  of: Partial<Credential> = {},
  parts: SceneParts = {},
) =>
  scene({
    ...parts,
    event: { action: null, credential: credential({ kind: 'passkey', ...of }), ...event },
  })
/** From an unproven context, unless said otherwise. */
const changes = (change: Credential['change'], of: Partial<Credential> = {}, parts?: SceneParts) =>
  happens({ type: 'credential-change', occurredAt: noon }, { change, ...of }, parts)
const logsIn = (ms: number, of: Partial<Credential> = {}, parts?: SceneParts) =>
  happens({ type: 'login', occurredAt: noon + ms }, of, parts)
const atHome = { context: home }
const nowhere = { context: { network: null, client: null } }

type Case = [name: string, scenes: ReturnType<typeof happens>[], score: number | null]
const cases: Case[] = [
  ['a passkey enrolled', [changes('create')], 400],
  ['a password changed', [changes('update', { kind: 'password' })], 400],
  ['an API key minted', [changes('create', { kind: 'api-key' })], 400],
  ['an authenticator without an id enrolled', [changes('create', { id: 0 })], 400],
  ['a passkey enrolled from a proven context', [changes('create', {}, atHome)], null],
  ['a session token renewed', [changes('update', { kind: 'session-token' })], null],
  ['a passkey removed', [changes('delete')], null],
  ['a passkey revoked', [changes('revoke')], null],
  [
    'an enrolment that failed',
    [happens({ type: 'credential-change', outcome: 'failure' }, { change: 'create' })],
    null,
  ],
  [
    'an enrolment only attempted',
    [happens({ type: 'credential-change', outcome: 'attempted' }, { change: 'create' })],
    null,
  ],
  ['a login with an authenticator of old', [logsIn(0)], null],
  ['a login with what was enrolled', [changes('create'), logsIn(minutes(40))], 400],
  [
    'a re-authentication with it',
    [changes('create'), happens({ type: 'reauthentication', occurredAt: noon + minutes(5) })],
    400,
  ],
  ['a login with a changed password', [changes('update'), logsIn(hours(23))], 400],
  ['a login with it a day later', [changes('create'), logsIn(hours(24))], null],
  ['a login before it was enrolled, told late', [changes('create'), logsIn(-1)], null],
  ['a login with it from a proven context', [changes('create'), logsIn(0, {}, atHome)], null],
  ['a login with another authenticator', [changes('create'), logsIn(0, { id: 702 })], null],
  ['a login with one of no id', [changes('create', { id: 0 }), logsIn(0, { id: 0 })], null],
  ['what was enrolled at home', [changes('create', {}, atHome), logsIn(minutes(40))], null],
  ['what was enrolled from nobody knows where', [changes('create', {}, nowhere), logsIn(1)], null],
  [
    'what was changed again at home',
    [
      changes('update'),
      happens({ type: 'credential-change', occurredAt: noon + 1 }, { change: 'update' }, atHome),
      logsIn(minutes(40)),
    ],
    null,
  ],
  [
    'a login that failed with it',
    [changes('create'), happens({ type: 'login', occurredAt: noon, outcome: 'failure' })],
    null,
  ],
  ['an action with it', [changes('create'), happens({ type: 'action', occurredAt: noon })], null],
]

describe('authenticator-changed', () => {
  it.each(cases)('%s', (_name, scenes, score) =>
    expect(find(authenticatorChanged, ...scenes)?.score ?? null).toBe(score),
  )

  it('is blind where nobody tells from where', () => {
    expect(isBlind(authenticatorChanged, changes('create', {}, nowhere))).toBe(true)
    expect(isBlind(authenticatorChanged, changes('create'))).toBe(false)
  })

  it('names the authenticator and both contexts, and fades in a day', () => {
    expect(find(authenticatorChanged, changes('create'))).toMatchObject({
      reason: 'AUTHENTICATOR_CHANGED',
      family: 'credential',
      halfLifeMs: hours(24),
      message:
        'Passkey was added in an unproven context: chrome on Windows, residential network AS28573, BR',
      evidence: {
        authenticator: 'passkey',
        change: 'added',
        previousContext: 'chrome on Windows, residential network AS2856, GB',
        context: 'chrome on Windows, residential network AS28573, BR',
      },
    })
    expect(find(authenticatorChanged, changes('create'), logsIn(minutes(40)))).toMatchObject({
      message:
        'Passkey changed 40 min ago was used in an unproven context: chrome on Windows, residential network AS28573, BR',
      evidence: { authenticator: 'passkey', minutesSinceChange: 40 },
    })
  })
})
