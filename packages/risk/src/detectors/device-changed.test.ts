import { describe, expect, it } from 'vitest'
import {
  client,
  find,
  home,
  hours,
  isBlind,
  python,
  type SceneParts,
  scene,
  sighting,
} from '../testing/scene.ts'
import { deviceChanged } from './device-changed.ts'

const changed = client({ device: 502, os: 'macos', browser: 'safari' })
const android = client({ os: 'android', browser: 'mobile chrome', device: 0 })
const now = (parts: Parameters<typeof client>[0], more: SceneParts = {}): SceneParts => ({
  ...more,
  context: { client: client(parts) },
})
const login: SceneParts = { begins: true, base: null }

const cases: [name: string, parts: SceneParts, score: number | null][] = [
  ['another device id from a new network', now({ device: 502 }), 720],
  ['another device id from a known network', now({ device: 502 }, { networkKnown: true }), 500],
  ['another operating system', now({ os: 'linux', device: 0 }), 720],
  ['another operating system under a copied device id', now({ os: 'linux' }), 720],
  ['another browser', now({ browser: 'firefox' }), 720],
  ['mid-session before any history', now({ device: 502 }, { hasHistory: false }), 720],
  ['the same client', now({}), null],
  ['a version upgrade', now({ version: 141 }), null],
  [
    'a desktop-mode switch',
    {
      base: sighting({ client: android }),
      context: { client: client({ os: 'linux', device: 0 }) },
    },
    null,
  ],
  ['a proven new device', { context: { client: changed, proven: true } }, null],
  ['a programmatic client', { context: { client: python } }, null],
  [
    'another app',
    { base: sighting({ client: client({ app: 1 }) }), context: { client: { ...changed, app: 2 } } },
    null,
  ],
  [
    'no client in the base',
    { base: sighting({ client: null }), context: { client: changed } },
    null,
  ],
  ['no proven base', { base: null, context: { client: changed } }, null],
  ['a new device at login', { ...login, context: { client: changed } }, 250],
  [
    'a new device at login, without device ids',
    { ...login, context: { client: { ...changed, device: 0 } } },
    250,
  ],
  ['a known device at login, in another browser', { ...now({ browser: 'firefox' }, login) }, null],
  ['a known device at login, in another app', { ...now({ app: 9 }, login) }, null],
  ['a known client at login, no device id told', { ...now({ device: 0 }, login) }, null],
  ['a programmatic client at login', { ...login, context: { client: python } }, null],
  ['the first login', { ...login, hasHistory: false, context: { client: changed } }, null],
  [
    'no client ever seen',
    { ...login, context: { client: changed }, profile: { contexts: [{ ...home, client: null }] } },
    null,
  ],
]

describe('device-changed', () => {
  it.each(cases)('%s', (_name, parts, score) =>
    expect(find(deviceChanged, scene(parts))?.score ?? null).toBe(score),
  )

  it('is blind without a client', () =>
    expect(isBlind(deviceChanged, scene({ context: { client: null } }))).toBe(true))

  it('mid-session names both clients and what differs, and never decays', () => {
    expect(find(deviceChanged, scene({ context: { client: changed } }))).toMatchObject({
      reason: 'DEVICE_CHANGED',
      halfLifeMs: 0,
      message:
        'chrome on Windows then safari on macOS in one session: other device id, operating system, browser',
      evidence: {
        previousClient: 'chrome on Windows',
        client: 'safari on macOS',
        changed: 'device id, operating system, browser',
        networkKnown: false,
      },
    })
  })

  it('at login names the client, and fades in a day', () => {
    expect(find(deviceChanged, scene({ ...login, context: { client: changed } }))).toMatchObject({
      halfLifeMs: hours(24),
      message: 'Login on a new device: safari on macOS',
      evidence: { previousClient: 'chrome on Windows', client: 'safari on macOS' },
    })
  })
})
