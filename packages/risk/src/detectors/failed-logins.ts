/** Somebody tries and tries: told once a burst, and never a reason to ask the victim, who may be at work. */
import { defineDetector, type Scene } from '../detector.ts'
import { hash, time, uint } from '../fields.ts'
import { minutesText, networkName, thousands } from './describe.ts'

interface Burst {
  readonly failures: number
  readonly since: number
  readonly until: number
  /** The failure counted last, which may come again. */
  readonly latest: number
}

/** The burst with this failure in it: each follows the one before it within the window. */
function withFailure(burst: Burst, { event }: Scene, windowMs: number): Burst {
  const at = event.occurredAt
  const latest = event.idHash
  if (burst.failures === 0 || at - burst.until >= windowMs) {
    return { failures: 1, since: at, until: at, latest }
  }
  const { failures, since, until } = burst
  return {
    failures: failures + 1,
    since: Math.min(since, at),
    until: Math.max(until, at),
    latest,
  }
}

const isFailure = ({ event }: Scene): boolean =>
  event.type === 'login' && event.outcome === 'failure'

export const failedLogins = defineDetector({
  name: 'failed-logins',
  version: 1,
  family: 'credential',
  reasons: {
    FAILED_LOGINS: 'A hundred logins in a row have failed for one subject. Alerts, once a burst.',
  },
  about: {
    sees: 'A hundred logins of one subject that fail one after the other, wherever they come from.',
    misses: ['Attempts that pause for longer than the window between two of them.'],
    mistakes: ['A client that keeps trying a password which its owner has changed.'],
  },
  params: { score: 0, failuresMin: 100, windowMs: 3_600_000 },
  needs: [],
  seesFailedLogins: true,
  memory: { session: {}, profile: { failures: uint, since: time, until: time, latest: hash } },
  detect(scene, { profile }, { score, failuresMin, windowMs }) {
    if (!isFailure(scene) || scene.event.idHash === profile.latest) return null
    const { failures, since, until } = withFailure(profile, scene, windowMs)
    if (failures !== failuresMin) return null
    const minutes = Math.ceil((until - since) / 60_000)
    const network = networkName(scene.context.network)
    const whose = scene.kind === 'human' ? 'person' : scene.kind
    return {
      reason: 'FAILED_LOGINS',
      score,
      halfLifeMs: 0,
      message: `${thousands(failures)} failed logins for this ${whose} in ${minutesText(minutes)}, the last from a ${network}`,
      evidence: { failures, minutes, network },
    }
  },
  remember(scene, memory, { windowMs }) {
    if (!isFailure(scene) || scene.event.idHash === memory.profile.latest) return memory
    return { ...memory, profile: withFailure(memory.profile, scene, windowMs) }
  },
})
