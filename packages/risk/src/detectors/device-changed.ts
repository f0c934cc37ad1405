/** Another device, operating system or browser in a session, or a new device at its login. */
import { type ClientPiece, clientChanges, type SeenClient, sameApp } from '../client.ts'
import { deviceKnown } from '../context.ts'
import { defineDetector, type Finding, noMemory, type Scene } from '../detector.ts'
import { clientName } from './describe.ts'
import { firstDays, hasHabits } from './first-days.ts'

interface Params {
  readonly scoreNewNetwork: number
  readonly scoreKnownNetwork: number
  readonly scoreLogin: number
  readonly loginHalfLifeMs: number
  readonly loginsMin: number
  readonly loginDaysMin: number
}

const pieceNames: Readonly<Record<ClientPiece, string>> = {
  device: 'device id',
  os: 'operating system',
  browser: 'browser',
}

const textOf = (changes: readonly ClientPiece[]) => changes.map((c) => pieceNames[c]).join(', ')

function atLogin(scene: Scene, client: SeenClient, params: Params): Finding | null {
  const { profile } = scene
  if (!hasHabits(scene, params)) return null
  const latest = profile.contexts.findLast((c) => c.client !== null)?.client ?? null
  if (latest === null || deviceKnown(profile, client)) return null
  return {
    reason: 'DEVICE_CHANGED',
    score: params.scoreLogin,
    halfLifeMs: params.loginHalfLifeMs,
    message: `Login on a new device: ${clientName(client)}`,
    evidence: { previousClient: clientName(latest), client: clientName(client) },
  }
}

function inSession({ base, networkKnown }: Scene, client: SeenClient, params: Params) {
  const previous = base?.context.client ?? null
  if (previous === null || !sameApp(previous, client)) return null
  const changes = clientChanges(previous, client)
  if (changes.length === 0) return null
  const [before, now] = [clientName(previous), clientName(client)]
  return {
    reason: 'DEVICE_CHANGED',
    score: networkKnown ? params.scoreKnownNetwork : params.scoreNewNetwork,
    halfLifeMs: 0,
    message: `${before} then ${now} in one session: other ${textOf(changes)}`,
    evidence: { previousClient: before, client: now, changed: textOf(changes), networkKnown },
  }
}

export const deviceChanged = defineDetector({
  name: 'device-changed',
  version: 1,
  family: 'client',
  reasons: {
    DEVICE_CHANGED:
      "Device id, operating system or browser differ from the session's last proven client, or a login comes from a device that the subject never used.",
  },
  about: {
    sees: "Device id, operating system and browser family of an event against the session's last proven client; at a login, against all devices that the subject has proven.",
    misses: [
      'A thief who copies the user agent and sends no device id, or the same one.',
      'Programs, which are left to client-switched.',
      'Clients that declare another `appId`: they are not compared.',
      "A new device in a person's first days.",
    ],
    mistakes: [
      'A cleared device id, and a system or browser that names itself anew: where the network is known it counts less.',
      'A subject with one session in two browsers.',
    ],
  },
  params: {
    scoreNewNetwork: 720,
    scoreKnownNetwork: 500,
    scoreLogin: 250,
    loginHalfLifeMs: 24 * 3_600_000,
    ...firstDays,
  },
  needs: ['client'],
  memory: noMemory,
  detect(scene, _memory, params) {
    const client = scene.context.client
    // A programmatic client is CLIENT_SWITCHED's business.
    if (client === null || client.kind === 'programmatic' || scene.context.proven) return null
    return scene.begins ? atLogin(scene, client, params) : inSession(scene, client, params)
  },
  remember: (_scene, memory) => memory,
})
