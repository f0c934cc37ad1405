/**
 * A device that says it does not keep the organisation's rules (CAEP device-compliance-change).
 *
 * A finding is made once of each device in a session. It stays until a proof, a rotation or the end clears
 * it: a report that all is well again clears nothing, as it may come from another device, or from a thief's.
 * It only makes the next breach news.
 */
import { defineDetector, type Scene } from '../detector.ts'
import { flag, hash, list, type ValueOf } from '../fields.ts'
import { clientName, postureName } from './describe.ts'

const deviceList = list(3, hash)

const remembered = {
  /** True once a compliant device was seen in a proven context of the session. */
  compliant: flag,
  /** Devices that it was found of; 0 is the one without an id. */
  found: deviceList,
} as const

interface Kept {
  readonly compliant: boolean
  readonly found: ValueOf<typeof deviceList>
}

const deviceOf = ({ context }: Scene): number => context.client?.device ?? 0

/**
 * A device that nobody manages has no rules to keep: inventories call it not compliant for that alone. It
 * counts where it stands in for a compliant one, or where the event says that this changed.
 */
function breaks({ event }: Scene, { compliant }: Kept): boolean {
  if (event.posture === null || event.posture.compliant) return false
  return event.posture.managed || compliant || event.type === 'compliance-change'
}

export const nonCompliant = defineDetector({
  name: 'non-compliant',
  version: 1,
  family: 'posture',
  reasons: {
    NON_COMPLIANT:
      "The device does not keep the organisation's rules, or one that does not has taken the place of one that did.",
  },
  about: {
    sees: 'The posture that a device or its inventory reports, once of each device in a session.',
    misses: [
      'A device that lies about itself, and producers that send no posture.',
      'Devices that nobody manages, where no managed one was seen before.',
    ],
    mistakes: [
      'An inventory that is behind: a device that was mended an hour ago still reads as not compliant.',
    ],
  },
  params: { score: 450 },
  needs: ['posture'],
  memory: { session: remembered, profile: {} },
  detect(scene, { session: kept }, params) {
    const { posture } = scene.event
    if (posture === null || !breaks(scene, kept) || kept.found.includes(deviceOf(scene)))
      return null
    const client = scene.context.client
    const named = client === null ? '' : ` (${clientName(client)})`
    const previousPosture = kept.compliant ? 'compliant' : 'not told'
    return {
      reason: 'NON_COMPLIANT',
      score: params.score,
      halfLifeMs: 0,
      message: `The device${named} is ${postureName(posture)}${kept.compliant ? '; a compliant one was used before' : ''}`,
      evidence: {
        previousPosture,
        posture: postureName(posture),
        ...(client === null ? {} : { client: clientName(client) }),
        event: scene.event.type,
      },
    }
  },
  remember(scene, memory) {
    const kept: Kept = memory.session
    const device = deviceOf(scene)
    const known = kept.found.includes(device)
    if (scene.event.posture?.compliant) {
      const compliant = kept.compliant || scene.context.proven
      if (compliant === kept.compliant && !known) return memory
      return { ...memory, session: { compliant, found: kept.found.filter((d) => d !== device) } }
    }
    if (known || !breaks(scene, kept)) return memory
    return {
      ...memory,
      session: { ...kept, found: [...kept.found, device].slice(-deviceList.max) },
    }
  },
})
