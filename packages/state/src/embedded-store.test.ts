import { noControl } from '@holdpoint/risk'
import { describe, expect, it } from 'vitest'
import { embeddedStore } from './embedded-store.ts'
import { hashed, profileOf, sessionOf, storeContract } from './store.contract.ts'

describe('the embedded store', () => {
  storeContract(async () => {
    const generation = 1
    const store = embeddedStore({ generation, keepCommits: 10 })
    return {
      generation,
      mine: store,
      theirs: store,
      as: (formats) => store.as(formats),
      // It keeps its latest commits by itself.
      mark: async () => {},
      rollback: async (partition, k) => store.rollback(partition, k),
      wipe: async () => store.wipe(),
      close: () => store.close(),
    }
  })

  const dayMs = 86_400_000
  const metaAt = (appliedOffset: number) => ({
    generation: 1,
    partition: 0,
    appliedOffset,
    lastTick: 0,
    origins: {},
    control: noControl,
    loads: [],
  })

  it('forgets a session 9 days after its last write, and a profile with a login after 97', async () => {
    let now = 0
    const store = embeddedStore({ generation: 1, now: () => now })
    const wanted = {
      profiles: [hashed('known'), hashed('passer-by')],
      sessions: [hashed('s-1')],
    }
    await store.commit(0, {
      expected: '',
      next: 'a',
      meta: metaAt(0),
      rebuildUntil: 0,
      profiles: [
        [hashed('known'), profileOf('known', 1)],
        [hashed('passer-by'), profileOf('passer-by', 0)],
      ],
      sessions: [[hashed('s-1'), sessionOf('s-1', 0)]],
      stories: [],
      timers: [],
      outbox: [],
      acknowledged: null,
    })
    const kept = async (t: number) => {
      now = t
      const { profiles, sessions } = await store.load(0, wanted)
      return [...profiles.values()].map(({ subjectId }) => subjectId).concat([...sessions.keys()])
    }
    expect(await kept(7 * dayMs)).toEqual(['known', 'passer-by', hashed('s-1')])
    expect(await kept(8 * dayMs)).toEqual(['known', hashed('s-1')])
    expect(await kept(9 * dayMs)).toEqual(['known'])
    expect(await kept(97 * dayMs)).toEqual([])
  })

  it('says so when more commits are to be lost than it has kept', async () => {
    const store = embeddedStore({ generation: 1 })
    expect(() => store.rollback(0, 1)).toThrow('raise keepCommits')
  })
})
