import { partitionOf, recordKey } from '@holdpoint/contracts'
import { createHasher } from '@holdpoint/ingest'
import { emptyMeta, emptyProfile, emptySession, type StoryEntry } from '@holdpoint/risk'
import { embeddedStore } from '@holdpoint/state'
import { expect, test } from 'vitest'
import { findSession, sessionJson, sessionLines } from './show.ts'

const hashKey = 'a key for tests, of 32 characters or more'
const named = { tenant: 'acme', subject: 'alice', session: 's-1' }
const t = Date.UTC(2026, 10, 22, 10)

const found: StoryEntry = {
  offset: 7,
  at: t,
  eventId: 'e-7',
  eventType: 'action',
  action: 'reports.export\u001b[2J',
  signal: {
    detector: 'impossible-travel',
    reason: 'IMPOSSIBLE_TRAVEL',
    family: 'place',
    score: 720,
    halfLifeMs: 0,
    context: 2,
    message: 'Too far from London, GB in 20 min.',
    evidence: { previousPlace: 'London, GB', place: 'São Paulo, BR' },
  },
}

async function storeWithAlice() {
  const store = embeddedStore({ generation: 1 })
  const hasher = createHasher(hashKey)
  const partition = partitionOf(recordKey('acme', 'alice'), 24)
  const session = { ...emptySession, sessionId: 's-1', level: 'HIGH' as const, score: 720 }
  await store.commit(partition, {
    expected: '',
    next: 'a',
    meta: { ...emptyMeta(1, partition), appliedOffset: 7 },
    rebuildUntil: 0,
    profiles: [[hasher.key('acme', 'alice'), { ...emptyProfile, subjectId: 'alice', lastSeen: t }]],
    sessions: [[hasher.key('acme', 'alice', 's-1'), session]],
    stories: [[hasher.key('acme', 'alice', 's-1'), [found]]],
    timers: [],
    outbox: [],
    acknowledged: null,
  })
  return store
}

test('a session is found by the names that its events give, and told with its story', async () => {
  const shown = await findSession(await storeWithAlice(), hashKey, named)
  const text = sessionLines(shown).join('\n')
  expect(text).toContain('session s-1 of alice')
  expect(text).toContain('HIGH, 720 of 1000')
  expect(text).toContain('IMPOSSIBLE_TRAVEL (720), action reports.export')
  expect(text).toContain('previousPlace: London, GB')
  expect(sessionJson(shown)).toMatchObject({ ...named, state: { score: 720 }, story: [found] })
})

test('what a producer wrote moves no cursor of the terminal', async () => {
  const shown = await findSession(await storeWithAlice(), hashKey, named)
  expect(sessionLines(shown).join('\n')).not.toContain('\u001b')
})

test('what is not kept is said with the reasons that it may have', async () => {
  const store = await storeWithAlice()
  await expect(findSession(store, hashKey, { ...named, session: 's-2' })).rejects.toThrow(
    'no session s-2 of alice is kept',
  )
  await expect(findSession(store, hashKey, { ...named, tenant: 'default' })).rejects.toThrow(
    'nothing is kept of alice in tenant default: see --tenant, HOLDPOINT_GENERATION',
  )
  await expect(findSession(store, `another ${hashKey}`, named)).rejects.toThrow(
    'HOLDPOINT_HASH_KEY',
  )
})
