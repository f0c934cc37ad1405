import fc from 'fast-check'
import { expect, test } from 'vitest'
import { folder } from './folding.ts'
import { follow, histories } from './histories.ts'

test('histories hold what the laws are to be tried on: feedback, families, approvals, renewals', () => {
  const seen = { heard: 0, approved: 0, endedWithParent: 0, renewed: 0, childrenRenewed: 0 }
  fc.assert(
    fc.property(histories, (records) => {
      const folding = folder()
      const fold = follow(folding)
      for (const record of records) {
        const { outcome, decisions } = fold(record)
        if (record.kind !== 'event') continue
        if (record.event.type === 'feedback' && outcome === 'applied') seen.heard += 1
        for (const { resolution, reasons } of decisions) {
          if (resolution?.approval !== null && resolution?.outcome === 'satisfied')
            seen.approved += 1
          if (reasons.some(({ reason }) => reason === 'PARENT_REVOKED')) seen.endedWithParent += 1
        }
      }
      for (const [, { successor, parent }] of folding.states().sessions) {
        if (successor !== '') seen.renewed += 1
        if (successor !== '' && parent !== '') seen.childrenRenewed += 1
      }
    }),
    { numRuns: 400, seed: 1 },
  )
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(20)
})
