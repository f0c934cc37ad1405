import { describe, expect, it } from 'vitest'
import {
  chrome,
  client,
  find,
  isBlind,
  python,
  type SceneParts,
  scene,
  sighting,
} from '../testing/scene.ts'
import { clientSwitched } from './client-switched.ts'

const inPython = (parts: SceneParts = {}): SceneParts => ({ context: { client: python }, ...parts })

const cases: [name: string, parts: SceneParts, score: number | null][] = [
  ['a script in a browser session, from a new network', inPython(), 750],
  ['a script in a browser session, from a known network', inPython({ networkKnown: true }), 450],
  ['another browser', { context: { client: client({ browser: 'firefox' }) } }, null],
  ['a script in a script session', inPython({ base: sighting({ client: python }) }), null],
  [
    'a script in a session of an app of its own',
    inPython({ base: sighting({ client: { ...chrome, kind: 'app' } }) }),
    null,
  ],
  [
    'two apps',
    {
      base: sighting({ client: { ...chrome, app: 1 } }),
      context: { client: { ...python, app: 2 } },
    },
    null,
  ],
  [
    'one app only told by the browser',
    inPython({ base: sighting({ client: { ...chrome, app: 1 } }) }),
    750,
  ],
  ['a workload', inPython({ kind: 'workload' }), null],
  ['an agent', inPython({ kind: 'agent' }), null],
  ['a proven script', { context: { client: python, proven: true } }, null],
]

describe('client-switched', () => {
  it.each(cases)('%s', (_name, parts, score) =>
    expect(find(clientSwitched, scene(parts))?.score ?? null).toBe(score),
  )

  it('is blind without a client or a proven base', () => {
    expect(isBlind(clientSwitched, scene({ context: { client: null } }))).toBe(true)
    expect(isBlind(clientSwitched, scene({ base: null }))).toBe(true)
  })

  it('names both clients, and never decays', () => {
    expect(find(clientSwitched, scene(inPython()))).toMatchObject({
      reason: 'CLIENT_SWITCHED',
      halfLifeMs: 0,
      message: 'chrome on Windows, then python-requests in the same session',
      evidence: { previousClient: 'chrome on Windows', client: 'python-requests' },
    })
  })
})
