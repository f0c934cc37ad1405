/** A session that was logged out and acts again: somebody kept its token. */
import { defineDetector, noMemory, type Scene } from '../detector.ts'
import { minutesText } from './describe.ts'

/** What only a holder of the token can cause. A refused action shows that the app does enforce the end. */
const acts = ({ event }: Scene): boolean => {
  if (event.type === 'reauthentication') return event.outcome === 'success'
  const isUse = event.type === 'action' || event.type === 'device' || event.type === 'ip'
  return isUse && event.outcome !== 'failure'
}

export const usedAfterEnd = defineDetector({
  name: 'used-after-end',
  version: 1,
  family: 'token',
  reasons: { USED_AFTER_END: 'The session acts after its logout.' },
  about: {
    sees: 'Actions, devices and addresses of a session after its logout, past a short grace for what was on its way.',
    misses: [
      'Sessions that end without a `logout` event.',
      'A use that the app refuses: then the end is enforced.',
    ],
    mistakes: [
      'Work that goes on in the background for longer than the grace, and clocks that differ by more.',
    ],
  },
  params: { score: 1000, graceMs: 10_000 },
  needs: [],
  memory: noMemory,
  detect(scene, _memory, params) {
    const { event, session } = scene
    const msAfter = event.occurredAt - session.endedAt
    if (session.status !== 'ended' || msAfter <= params.graceMs || !acts(scene)) return null
    const minutesAfterEnd = Math.floor(msAfter / 60_000)
    const use = (event.action?.name || event.type).slice(0, 64)
    const after = minutesAfterEnd === 0 ? 'less than a minute' : minutesText(minutesAfterEnd)
    return {
      reason: 'USED_AFTER_END',
      score: params.score,
      halfLifeMs: 0,
      message: `Used again (${use}) ${after} after its logout`,
      evidence: { event: event.type, use, minutesAfterEnd },
    }
  },
  remember: (_scene, memory) => memory,
})
