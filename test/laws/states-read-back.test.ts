/** What the fold keeps reads back from the store as it was written: decisions must not depend on what a cache holds. */
import { detectors } from '@holdpoint/risk'
import { stateCodec } from '@holdpoint/state'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { folder } from '../../packages/risk/src/testing/folding.ts'
import { follow, histories } from '../../packages/risk/src/testing/histories.ts'

const codec = stateCodec(detectors)
const longCity = 'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch'

it('reads every state back as it was written, long names too', () => {
  let states = 0
  fc.assert(
    fc.property(histories, fc.boolean(), (records, long) => {
      const folding = folder()
      const fold = follow(folding)
      for (const record of records) {
        if (long && record.kind === 'event' && record.event.place !== null) {
          const place = { ...record.event.place, city: longCity }
          fold({ ...record, event: { ...record.event, place } })
        } else {
          fold(record)
        }
      }
      const { profiles, sessions } = folding.states()
      for (const [, profile] of profiles) {
        expect(codec.decodeProfile(codec.encodeProfile(profile))).toEqual(profile)
        states += 1
      }
      for (const [, session] of sessions) {
        expect(codec.decodeSession(codec.encodeSession(session))).toEqual(session)
        states += 1
      }
    }),
    { numRuns: 300 },
  )
  expect(states).toBeGreaterThan(500)
})
