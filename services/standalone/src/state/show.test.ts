import { partitionOf, recordKey } from '@holdpoint/contracts'
import { createHasher } from '@holdpoint/ingest'
import {
  emptyMeta,
  emptyProfile,
  emptySession,
  type Profile,
  type Session,
  type StoryEntry,
} from '@holdpoint/risk'
import { embeddedStore } from '@holdpoint/state'
import { expect, test } from 'vitest'
import { postureOf } from './posture.ts'
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
  const session = {
    ...emptySession,
    sessionId: 's-1',
    level: 'HIGH' as const,
    score: 720,
    lastSeen: t,
  }
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
  const text = sessionLines(shown, t).join('\n')
  expect(text).toContain('session s-1 of alice')
  expect(text).toContain('HIGH, 720 of 1000')
  expect(text).toMatch(/status +active$/m)
  const later = sessionLines(shown, t + 49 * 3_600_000).join('\n')
  expect(later).toMatch(/status +forgotten: it had no event since /)
  expect(text).toContain('IMPOSSIBLE_TRAVEL (720), action reports.export')
  expect(text).toContain('previousPlace: London, GB')
  expect(sessionJson(shown, t)).toMatchObject({
    ...named,
    posture: { status: 'active', why: '' },
    state: { score: 720 },
    story: [found],
  })
})

test('what a producer wrote moves no cursor of the terminal', async () => {
  const shown = await findSession(await storeWithAlice(), hashKey, named)
  expect(sessionLines(shown, t).join('\n')).not.toContain('\u001b')
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

const alice = { ...emptyProfile, subjectId: 'alice', logins: 3, lastSeen: t }
const seen = { ...emptySession, sessionId: 's-1', startedAt: t, lastSeen: t }
const live = { ...seen, assurance: { rank: 1, authTime: t, context: 1 } }
const minute = 60_000
const asked = {
  id: '1.7.4711.2',
  issuedAt: t,
  deadline: t + 10 * minute,
  rank: 3,
  maxAge: 300,
  rotate: true,
  prompt: true,
  riskDriven: true,
  context: 2,
  failures: 0,
  expired: false,
  withheld: '',
  rule: 'require.high.routine',
  obligation: 'reauthenticate',
} as const
const high = { ...live, level: 'HIGH' } as const
const observed = { ...asked, withheld: 'observe-only' } as const

test.each<[string, Session, number, Partial<Profile>, string, RegExp]>([
  ['nothing', live, 1, {}, 'active', /^$/],
  [
    'a step-up',
    { ...high, stepUp: asked },
    1,
    {},
    'step_up_required',
    /^to be answered by .*10:10/,
  ],
  [
    'one that is overdue',
    { ...high, stepUp: asked },
    11,
    {},
    'step_up_required',
    /next act revokes/,
  ],
  [
    'one that is overdue for software, which no deadline ends',
    { ...high, acting: 'agent', stepUp: asked },
    11,
    {},
    'step_up_required',
    /^not answered by \S+$/,
  ],
  [
    'one below HIGH that ran out',
    { ...live, stepUp: asked },
    11,
    {},
    'active',
    /ran out unanswered/,
  ],
  [
    'one without a prompt',
    { ...high, stepUp: { ...asked, withheld: 'cap' } },
    11,
    {},
    'step_up_required',
    /without a prompt/,
  ],
  ['one that is only observed', { ...high, stepUp: observed }, 1, {}, 'active', /only observed/],
  [
    'a held revocation',
    { ...high, stepUp: asked, held: '1.7.4711.1' },
    1,
    {},
    'revocation_held',
    /^1\.7\.4711\.1 waits for an operator: holdpoint control ls$/,
  ],
  ['the end of all sessions', live, 1, { notBefore: t + 1 }, 'revoked', /all sessions .* before/],
  ['a cut life, over', { ...live, notAfter: t + minute }, 2, {}, 'revoked', /ran out at .*10:01/],
  ['a cut life, going on', { ...live, notAfter: t + minute }, 0, {}, 'active', /^$/],
  ['a revocation', { ...live, status: 'revoked', endedAt: t }, 1, {}, 'revoked', /^since .*10:00/],
  ['a logout', { ...live, status: 'ended', endedAt: t }, 1, {}, 'ended', /it logged out/],
  ['a renewal', { ...live, status: 'ended', successor: 'k' }, 1, {}, 'ended', /took over/],
  ['48 h of silence', { ...high, held: '1.7.4711.1' }, 48 * 60 + 1, {}, 'forgotten', /anew$/],
  ['an hour of silence without a login', seen, 61, {}, 'forgotten', /anew$/],
])('the status is what the next decision would tell: after %s', (_, ...of) => {
  const [session, later, over, status, why] = of
  const posture = postureOf(session, { ...alice, ...over }, t + later * minute)
  expect(posture.status).toBe(status)
  expect(posture.why).toMatch(why)
})
