/** What every state store promises. The suite runs on Redis and on its embedded twin, word for word. */
import { createHash } from 'node:crypto'
import {
  emptyLoad,
  emptyMeta,
  emptyProfile,
  emptySession,
  type PartitionMeta,
  type Profile,
  type Session,
  type StoryEntry,
  storySignals,
} from '@holdpoint/risk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formats0, formatsAfter0, olderRelease } from '../fixtures/format-0.ts'
import type { StateFormats } from './formats.ts'
import type { Commit, OutboxEntry, StateStore } from './ports.ts'

/** A store nobody has used yet, and the faults it can suffer. */
export interface StoreUnderTest {
  readonly generation: number
  readonly mine: StateStore
  /** Another owner's hold on the same data. */
  readonly theirs: StateStore
  /** A hold on the same data of a release with other formats; closed with the rest. */
  as(formats: StateFormats): StateStore
  /** Called before each commit that may be lost. */
  mark(partition: number): Promise<void>
  /** Loses the partition's last `k` marked commits, as a failover to a replica that was behind. */
  rollback(partition: number, k: number): Promise<void>
  wipe(): Promise<void>
  close(): Promise<void>
}

/** As ingest makes them: 22 characters of base64url. */
export const hashed = (name: string): string =>
  createHash('sha256').update(name).digest().subarray(0, 16).toString('base64url')

export const profileOf = (subjectId: string, logins: number): Profile => ({
  ...emptyProfile,
  subjectId,
  logins,
  lastSeen: 1_763_805_600_000,
})

export const sessionOf = (sessionId: string, score: number): Session => ({
  ...emptySession,
  sessionId,
  score,
  lastSeen: 1_763_805_600_000,
})

const told = (offset: number): StoryEntry => ({
  offset,
  at: 1_763_805_600_000 + offset,
  eventId: `e-${offset}`,
  eventType: 'action',
  action: 'reports.export',
  signal: {
    detector: 'new-network',
    reason: 'NEW_NETWORK',
    family: 'place',
    score: 200,
    halfLifeMs: 0,
    context: 2,
    message: 'A network that is new to the subject.',
    evidence: { network: 'São Paulo, BR' },
  },
})

const entry = (offset: number, index = 0): OutboxEntry => ({
  offset,
  index,
  topic: 'session.stepup.required',
  partition: 3,
  key: Buffer.from('default|alice'),
  value: Buffer.from([0, 0, 0, 0, 7, offset % 256, index, 255]),
  headers: { ce_id: `1.0.${offset}.${index}`, ce_source: 'São Paulo' },
})

const idsOf = (entries: readonly OutboxEntry[]): string[] =>
  entries.map(({ offset, index }) => `${offset}.${index}`)

const alice = hashed('alice')
const bob = hashed('bob')
const s1 = hashed('s-1')

export function storeContract(create: () => Promise<StoreUnderTest>): void {
  let fresh: StoreUnderTest
  let mine: StateStore
  let theirs: StateStore
  let meta: (appliedOffset: number, partition?: number) => PartitionMeta
  let commit: (expected: string, next: string, changes?: Partial<Commit>) => Commit

  beforeEach(async () => {
    fresh = await create()
    mine = fresh.mine
    theirs = fresh.theirs
    meta = (appliedOffset, partition = 0) => ({
      ...emptyMeta(fresh.generation, partition),
      appliedOffset,
      lastTick: 1_763_805_600_000,
      origins: { 'session.login:2': 41, 'session.ip:0': appliedOffset },
      control: {
        applied: [`o-${appliedOffset}`],
        observeAllSince: 5,
        observed: [{ tenant: 'acme', since: 7 }],
      },
      loads: [{ ...emptyLoad('acme'), seen: appliedOffset, revocations: [0, 0, 0, 0, 1, 2] }],
    })
    commit = (expected, next, changes = {}) => ({
      expected,
      next,
      meta: meta(0),
      rebuildUntil: 0,
      profiles: [],
      sessions: [],
      stories: [],
      timers: [],
      outbox: [],
      acknowledged: null,
      ...changes,
    })
  })
  afterEach(() => fresh.close())

  /** Everything that can be seen of a partition. */
  async function seen(partition = 0, store = theirs) {
    const wanted = { profiles: [alice, bob], sessions: [s1] }
    return {
      opened: await store.open(partition),
      loaded: await store.load(partition, wanted),
      due: await store.due(partition, Number.MAX_SAFE_INTEGER, 100),
      story: await store.story(partition, s1),
    }
  }

  /** A commit that touches all there is, for log offset `n`. */
  const full = (expected: string, n: number): Commit =>
    commit(expected, `c${n}`, {
      meta: meta(n),
      profiles: [[alice, profileOf('alice', n)]],
      sessions: [[s1, sessionOf('s-1', n)]],
      stories: [[s1, [told(n)]]],
      timers: [[alice, 1_000 + n]],
      outbox: [entry(n)],
    })

  it('a partition nobody has used is open at nothing', async () => {
    expect(await seen(0, mine)).toEqual({
      opened: { commitId: '', meta: null, rebuildUntil: 0, outbox: [] },
      loaded: { commitId: '', profiles: new Map(), sessions: new Map() },
      due: { commitId: '', subjects: [] },
      story: [],
    })
  })

  it('what was committed is seen by everybody, whole and with its guard', async () => {
    expect(await mine.commit(0, full('', 7))).toBe('committed')
    expect(await seen()).toEqual({
      opened: { commitId: 'c7', meta: meta(7), rebuildUntil: 0, outbox: [entry(7)] },
      loaded: {
        commitId: 'c7',
        profiles: new Map([[alice, profileOf('alice', 7)]]),
        sessions: new Map([[s1, sessionOf('s-1', 7)]]),
      },
      due: { commitId: 'c7', subjects: [alice] },
      story: [told(7)],
    })
  })

  it('a thousand states come and go in one call', async () => {
    const keys = Array.from({ length: 1_500 }, (_, i) => hashed(`subject ${i}`))
    const profiles = keys.map((key, i) => [key, profileOf(`subject ${i}`, i)] as const)
    expect(await mine.commit(0, commit('', 'a', { profiles }))).toBe('committed')
    const loaded = await theirs.load(0, { profiles: keys, sessions: keys })
    expect(loaded.profiles).toEqual(new Map(profiles))
    expect(loaded.sessions.size).toBe(0)
  })

  describe('I7: no commit on a stale guard', () => {
    it.each([
      ['an older commit id', 'c1'],
      ['an id that never was', 'ghost'],
      ['the belief that nothing was ever committed', ''],
    ])('%s is refused, and nothing is written', async (_, expected) => {
      await mine.commit(0, full('', 1))
      await mine.commit(0, { ...full('c1', 2), acknowledged: { offset: 1, index: 0 } })
      const before = await seen()
      const attempt = commit(expected, 'mine', {
        meta: meta(9),
        profiles: [
          [alice, profileOf('alice', 99)],
          [bob, profileOf('bob', 99)],
        ],
        sessions: [[s1, sessionOf('s-1', 99)]],
        timers: [
          [alice, null],
          [bob, 5],
        ],
        outbox: [entry(9)],
        acknowledged: { offset: 2, index: 0 },
      })
      expect(await mine.commit(0, attempt)).toBe('stale')
      expect(await seen()).toEqual(before)
    })

    it('a guess on a partition that nobody has used is refused', async () => {
      expect(await mine.commit(0, full('ghost', 1))).toBe('stale')
      expect((await mine.open(0)).meta).toBeNull()
    })

    it("another owner's commit makes mine stale, and theirs stands", async () => {
      await mine.commit(0, full('', 1))
      expect(await theirs.commit(0, full('c1', 2))).toBe('committed')
      expect(await mine.commit(0, commit('c1', 'late', { meta: meta(5) }))).toBe('stale')
      expect((await mine.open(0)).commitId).toBe('c2')
    })

    it('of commits in flight, all after a stale one are stale', async () => {
      const results = await Promise.all([
        mine.commit(0, full('', 1)),
        mine.commit(0, full('c1', 2)),
        mine.commit(0, full('ghost', 3)),
        mine.commit(0, full('c3', 4)),
        mine.commit(0, full('c4', 5)),
      ])
      expect(results).toEqual(['committed', 'committed', 'stale', 'stale', 'stale'])
      expect((await seen()).opened).toEqual({
        commitId: 'c2',
        meta: meta(2),
        rebuildUntil: 0,
        outbox: [entry(1), entry(2)],
      })
    })
  })

  it('a commit that would take the applied offset back is refused, the same offset is not', async () => {
    await mine.commit(0, commit('', 'a', { meta: meta(10) }))
    const before = await seen()
    const back = commit('a', 'b', { meta: meta(9), profiles: [[alice, profileOf('alice', 1)]] })
    expect(await mine.commit(0, back)).toBe('stale')
    expect(await seen()).toEqual(before)
    expect(await mine.commit(0, commit('a', 'b', { meta: meta(10) }))).toBe('committed')
  })

  describe('the outbox', () => {
    it('keeps entries in the order of their ids, byte for byte, until they are acknowledged', async () => {
      const first = [entry(1, 0), entry(1, 1), entry(9, 0)]
      const second = [entry(10, 0), entry(10, 10), entry(100, 2)]
      await mine.commit(0, commit('', 'a', { meta: meta(9), outbox: first }))
      await mine.commit(0, commit('a', 'b', { meta: meta(100), outbox: second }))
      expect((await theirs.open(0)).outbox).toEqual([...first, ...second])
    })

    it('keeps absent and empty keys and values, binary and repeated headers apart', async () => {
      const bytes = Buffer.from([0xff, 0x00, 0xfe])
      const entries: readonly OutboxEntry[] = [
        { ...entry(1), key: null, value: null, headers: {} },
        { ...entry(2), key: Buffer.alloc(0), value: null },
        { ...entry(3), key: null, value: Buffer.alloc(0) },
        { ...entry(4), key: bytes, value: bytes, headers: { raw: bytes, twice: ['ä', bytes] } },
      ]
      await mine.commit(0, commit('', 'a', { meta: meta(4), outbox: entries }))
      expect((await theirs.open(0)).outbox).toEqual(entries)
    })

    it('is trimmed by what was acknowledged, never by count', async () => {
      const entries = [entry(1, 0), entry(1, 1), entry(4, 0)]
      await mine.commit(0, commit('', 'a', { meta: meta(4), outbox: entries }))
      const acknowledged = { offset: 1, index: 0 }
      await mine.commit(0, commit('a', 'b', { meta: meta(5), acknowledged, outbox: [entry(5)] }))
      expect(idsOf((await theirs.open(0)).outbox)).toEqual(['1.1', '4.0', '5.0'])
      await mine.commit(0, commit('b', 'c', { meta: meta(5), acknowledged }))
      expect(idsOf((await theirs.open(0)).outbox)).toEqual(['1.1', '4.0', '5.0'])
    })

    it('is trimmed without a commit too, and the guard stays', async () => {
      await mine.commit(0, commit('', 'a', { meta: meta(3), outbox: [entry(1), entry(3)] }))
      await mine.acknowledge(0, { offset: 2, index: 5 })
      expect(await theirs.open(0)).toEqual({
        commitId: 'a',
        meta: meta(3),
        rebuildUntil: 0,
        outbox: [entry(3)],
      })
      await mine.acknowledge(0, { offset: 3, index: 0 })
      expect((await theirs.open(0)).outbox).toEqual([])
    })

    it('takes no entry twice, not even one that was trimmed', async () => {
      await mine.commit(0, commit('', 'a', { meta: meta(3), outbox: [entry(3, 0), entry(3, 1)] }))
      await mine.acknowledge(0, { offset: 3, index: 1 })
      const before = await seen()
      const again = commit('a', 'b', {
        meta: meta(4),
        profiles: [[alice, profileOf('alice', 1)]],
        outbox: [entry(3, 1), entry(4, 0)],
      })
      expect(await mine.commit(0, again)).toBe('stale')
      expect(await seen()).toEqual(before)
      const next = commit('a', 'b', { meta: meta(4), outbox: [entry(3, 2), entry(4, 0)] })
      expect(await mine.commit(0, next)).toBe('committed')
    })

    it('is read whole, however long it is', async () => {
      const entries = Array.from({ length: 2_500 }, (_, i) => entry(Math.floor(i / 2), i % 2))
      for (const [at, next] of [
        [0, 'a'],
        [1_000, 'b'],
        [2_000, 'c'],
      ] as const) {
        const expected = { a: '', b: 'a', c: 'b' }[next]
        const outbox = entries.slice(at, at + 1_000)
        await mine.commit(0, commit(expected, next, { meta: meta(at), outbox }))
      }
      expect(idsOf((await theirs.open(0)).outbox)).toEqual(idsOf(entries))
    })

    it('refuses entries out of order before anything is sent', async () => {
      const outbox = [entry(2), entry(1)]
      await expect(mine.commit(0, commit('', 'a', { outbox }))).rejects.toMatchObject({
        code: 'outbox_order',
        unknown: false,
      })
      expect((await theirs.open(0)).commitId).toBe('')
    })
  })

  describe('timers', () => {
    it('are due by (due, key), at most as many as asked for, and not before their time', async () => {
      const keys = ['one', 'two', 'three', 'four', 'five'].map(hashed)
      const sorted = [...keys].sort()
      const timers = [
        ...keys.map((key) => [key, 500] as const),
        [alice, 400] as const,
        [bob, 501] as const,
      ]
      await mine.commit(0, commit('', 'a', { timers }))
      expect(await theirs.due(0, 500, 100)).toEqual({ commitId: 'a', subjects: [alice, ...sorted] })
      expect((await theirs.due(0, 500, 3)).subjects).toEqual([alice, ...sorted.slice(0, 2)])
      expect((await theirs.due(0, 399, 100)).subjects).toEqual([])
    })

    it('move and go as the commit says', async () => {
      await mine.commit(
        0,
        commit('', 'a', {
          timers: [
            [alice, 100],
            [bob, 200],
          ],
        }),
      )
      await mine.commit(
        0,
        commit('a', 'b', {
          timers: [
            [alice, 300],
            [hashed('eve'), null],
          ],
        }),
      )
      expect((await theirs.due(0, 300, 9)).subjects).toEqual([bob, alice])
      await mine.commit(
        0,
        commit('b', 'c', {
          timers: [
            [alice, null],
            [bob, null],
          ],
        }),
      )
      expect((await theirs.due(0, 300, 9)).subjects).toEqual([])
    })
  })

  describe('I6: state, outbox, timers and applied offset are from one prefix', () => {
    it.each([1, 2, 3])('after the loss of the last %i commits', async (lost) => {
      const prefixes = [await seen()]
      for (let n = 1; n <= 3; n++) {
        await fresh.mark(0)
        await mine.commit(0, full(n === 1 ? '' : `c${n - 1}`, n))
        prefixes.push(await seen())
      }
      await fresh.rollback(0, lost)
      expect(await seen()).toEqual(prefixes[3 - lost])
      expect(await mine.commit(0, full('c3', 4))).toBe('stale')
      expect(await seen()).toEqual(prefixes[3 - lost])
      // The refold of what was lost is taken like the first time.
      const n = 4 - lost
      expect(await mine.commit(0, full(n === 1 ? '' : `c${n - 1}`, n))).toBe('committed')
      expect(await seen()).toEqual(prefixes[n])
    })

    it('after the loss of everything it is as if never used', async () => {
      const before = await seen()
      await mine.commit(0, full('', 1))
      await fresh.wipe()
      expect(await seen()).toEqual(before)
      expect(await mine.commit(0, full('c1', 2))).toBe('stale')
      expect(await mine.commit(0, full('', 0))).toBe('committed')
    })
  })

  describe("a session's story", () => {
    it('grows in order, and keeps the last signals of each session', async () => {
      const many = Array.from({ length: storySignals }, (_, n) => told(n + 1))
      const first = [s1, [told(0), ...many]] as const
      await mine.commit(0, commit('', 'a', { stories: [first, [alice, [told(7)]]] }))
      expect(await theirs.story(0, s1)).toEqual(many)
      await mine.commit(0, commit('a', 'b', { stories: [[s1, [told(98), told(99)]]] }))
      expect(await theirs.story(0, s1)).toEqual([...many.slice(2), told(98), told(99)])
      expect(await theirs.story(0, alice)).toEqual([told(7)])
      expect(await theirs.story(1, s1)).toEqual([])
    })

    it('goes without the evidence that is too long for it', async () => {
      const { signal } = told(1)
      const long = { ...told(1), signal: { ...signal, evidence: { text: 'x'.repeat(2_048) } } }
      await mine.commit(0, commit('', 'a', { stories: [[s1, [long]]] }))
      expect(await theirs.story(0, s1)).toEqual([
        { ...told(1), signal: { ...signal, evidence: {} } },
      ])
    })
  })

  it('a rebuild that was begun is seen by whoever goes on, until a commit ends it', async () => {
    await mine.commit(0, { ...full('', 1), rebuildUntil: 40 })
    expect((await theirs.open(0)).rebuildUntil).toBe(40)
    await mine.commit(0, full('c1', 2))
    expect((await theirs.open(0)).rebuildUntil).toBe(0)
  })

  describe('a partition that the release before has written', () => {
    let older: StateStore
    let newer: StateStore
    beforeEach(async () => {
      older = olderRelease(fresh.as(formats0))
      newer = fresh.as(formatsAfter0)
      const profiles = [
        [alice, profileOf('alice', 7)],
        [bob, profileOf('bob', 8)],
      ] as const
      expect(await older.commit(0, { ...full('', 7), profiles })).toBe('committed')
    })

    it('is read whole, and goes on from where it stands', async () => {
      const before = await seen(0, newer)
      expect(before).toEqual(await seen(0, older))
      expect(before.opened).toEqual({
        commitId: 'c7',
        meta: meta(7),
        rebuildUntil: 0,
        outbox: [entry(7)],
      })
      expect(before.loaded.sessions).toEqual(new Map([[s1, sessionOf('s-1', 7)]]))
    })

    it('is written forward by the next commit, which stops the older release, and nothing is lost', async () => {
      expect(await newer.commit(0, full('c7', 9))).toBe('committed')
      await expect(older.open(0)).rejects.toMatchObject({ code: 'state_too_new' })
      const sessions = { profiles: [], sessions: [s1] }
      await expect(older.load(0, sessions)).rejects.toMatchObject({ code: 'state_too_new' })
      expect(await older.commit(0, full('c7', 8))).toBe('stale')
      const { opened, loaded } = await seen(0, newer)
      expect(opened).toMatchObject({ commitId: 'c9', meta: meta(9), outbox: [entry(7), entry(9)] })
      // Not touched since: still in the older format, and read all the same.
      expect(loaded.profiles.get(bob)).toEqual(profileOf('bob', 8))
      expect((await older.load(0, { profiles: [bob], sessions: [] })).profiles.size).toBe(1)
    })

    it('stops a release that does not read that format any more, with the mend', async () => {
      const wanted = { profiles: [alice], sessions: [] }
      for (const attempt of [mine.open(0), mine.load(0, wanted)])
        await expect(attempt).rejects.toMatchObject({
          code: 'state_too_old',
          message: expect.stringContaining('holdpoint rebase'),
        })
    })
  })

  it('partitions know nothing of each other', async () => {
    await mine.commit(0, full('', 5))
    expect(await mine.commit(1, { ...full('c5', 6), meta: meta(6, 1) })).toBe('stale')
    const one = { ...full('', 1), next: 'one', meta: meta(1, 1) }
    expect(await mine.commit(1, one)).toBe('committed')
    expect((await seen(0)).opened).toEqual({
      commitId: 'c5',
      meta: meta(5),
      rebuildUntil: 0,
      outbox: [entry(5)],
    })
    expect((await seen(1)).opened).toEqual({
      commitId: 'one',
      meta: meta(1, 1),
      rebuildUntil: 0,
      outbox: [entry(1)],
    })
    await mine.acknowledge(1, { offset: 9, index: 0 })
    expect((await theirs.open(0)).outbox).toEqual([entry(5)])
  })

  it('a commit sent to another partition or generation is refused', async () => {
    for (const wrong of [meta(1, 1), { ...meta(1), generation: fresh.generation + 1 }])
      await expect(mine.commit(0, commit('', 'a', { meta: wrong }))).rejects.toMatchObject({
        code: 'wrong_partition',
      })
  })

  it.each(['alice', 'a{b}c', '', `${hashed('x')}y`])(
    'I13: keys never hold raw user text: %j is refused',
    async (key) => {
      const refusal = { code: 'key_not_hashed', unknown: false }
      const attempts = [
        mine.load(0, { profiles: [key], sessions: [] }),
        mine.load(0, { profiles: [], sessions: [key] }),
        mine.commit(0, commit('', 'a', { profiles: [[key, emptyProfile]] })),
        mine.commit(0, commit('', 'a', { sessions: [[key, emptySession]] })),
        mine.commit(0, commit('', 'a', { timers: [[key, 5]] })),
        mine.commit(0, commit('', 'a', { stories: [[key, [told(1)]]] })),
        mine.story(0, key),
      ]
      for (const attempt of attempts) await expect(attempt).rejects.toMatchObject(refusal)
    },
  )

  it('a state that its declaration does not allow is refused, and nothing is written', async () => {
    const sessions = [[s1, { ...emptySession, score: -1 }]] as const
    const attempt = commit('', 'a', { profiles: [[alice, emptyProfile]], sessions })
    await expect(mine.commit(0, attempt)).rejects.toMatchObject({ code: 'state_invalid' })
    expect((await seen()).opened.commitId).toBe('')
  })

  it('a store that serves passes its check', async () => {
    await expect(mine.check()).resolves.toBeUndefined()
  })

  it('after its close it refuses every call', async () => {
    await mine.close()
    await expect(mine.open(0)).rejects.toMatchObject({ code: 'closed' })
    await expect(mine.commit(0, commit('', 'a'))).rejects.toMatchObject({ code: 'closed' })
  })
}
