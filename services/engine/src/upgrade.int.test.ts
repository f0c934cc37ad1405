/** docs/how-to/upgrade.md on a Redis of its own: forward, back, and back for good by the command as it is printed. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisStore, type StateStore } from '@holdpoint/state'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { redisCommand } from '../../../infra/stack/redis-command.mjs'
import { formats0, formatsAfter0, olderRelease } from '../../../packages/state/fixtures/format-0.ts'
import { type Part, startRedis } from '../../../test/e2e/operation-parts.ts'
import { type Bench, byId, createBench, generation, type Running } from './testing/bench.ts'
import { traffic } from './testing/events.ts'

const partitions = [0, 1, 2, 3]
const port = 26_680
const url = `redis://127.0.0.1:${port}`
const howTo = readFileSync(
  new URL('../../../docs/how-to/upgrade.md', import.meta.url),
  'utf8',
).split('\n')

let dir: string
let redis: Part
let bench: Bench
let stores: readonly StateStore[]
let older: StateStore
let newer: StateStore
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'holdpoint-upgrade-'))
  redis = await startRedis(dir, port)
  bench = await createBench(partitions.length)
  stores = [formats0, formatsAfter0].map((formats) => redisStore({ url, generation, formats }))
  older = olderRelease(stores[0]!)
  newer = stores[1]!
})
afterEach(async () => {
  await bench?.close()
  await Promise.all((stores ?? []).map((store) => store.close()))
  await redis?.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** Runs the line of the how-to that has these words, for a partition, and answers with what it prints. */
function asDocumented(words: RegExp, partition: number): string {
  const [line, ...others] = howTo.filter((text) => words.test(text))
  if (line === undefined || others.length > 0) throw new Error(`not one line has ${words}`)
  const command = line
    .replaceAll('redis-cli', `redis-cli -p ${port}`)
    .replace(/\{hp:1:\d+\}/, `{hp:1:${partition}}`)
  return execFileSync('bash', ['-o', 'pipefail', '-ec', command], { encoding: 'utf8' }).trim()
}

const formats = () => partitions.map((partition) => asDocumented(/^ *redis-cli HGET /, partition))
const keysOf = async (partition: number) => {
  const keys = await redisCommand({ title: 'Redis', port }, 'KEYS', `{hp:1:${partition}}:*`)
  return keys
    .split('\n')
    .filter((key) => key !== '')
    .sort()
}
const allKeys = () => Promise.all(partitions.map(keysOf))

/** All that was appended is folded, published and trimmed. */
async function settled(): Promise<void> {
  const admin = await bench.log.admin()
  const bounds = await admin.bounds('holdpoint.events')
  const state = async () =>
    Promise.all(
      partitions.map(async (partition) => {
        const { meta, outbox } = await newer.open(partition)
        return [meta?.appliedOffset, outbox.length]
      }),
    )
  await vi.waitFor(
    async () => expect(await state()).toEqual(bounds.map(({ high }) => [high - 1, 0])),
    20_000,
  )
}

const detailOf = async (engine: Running) => (await engine.checks.ready.partitions!()).detail ?? ''

describe('an upgrade to another state format, on Redis', () => {
  it('goes forward, stops when it goes back, and rebuilds without the keys: the same decisions each time', async () => {
    const events = traffic(40)
    const before = await bench.run({ store: older })
    await bench.append(events.slice(0, 60))
    await settled()
    await before.stop()
    expect(formats()).toEqual(['0', '0', '0', '0'])

    // Sessions go on that were written in the older format.
    const after = await bench.run({ store: newer })
    await bench.append(events.slice(60, 90))
    await settled()
    await after.stop()
    expect(formats()).toEqual(['1', '1', '1', '1'])
    const published = byId(await bench.published())
    expect(published.size).toBeGreaterThan(0)

    const refusing = await bench.run({ store: older })
    await bench.append(events.slice(90))
    const keys = await allKeys()
    for (const partition of partitions)
      await vi.waitFor(
        async () =>
          expect(await detailOf(refusing)).toContain(
            `partition ${partition} is stopped, state_too_new`,
          ),
        20_000,
      )
    await refusing.stop()
    expect(await allKeys()).toEqual(keys)
    expect(byId(await bench.published())).toEqual(published)

    for (const partition of partitions) {
      const gone = keys[partition]!
      expect(gone.length).toBeGreaterThan(1)
      expect(asDocumented(/UNLINK/, partition)).toBe(String(gone.length))
      expect(await keysOf(partition)).toEqual([])
      // Of this partition alone: the next still has its keys.
      if (partition < 3) expect(await keysOf(partition + 1)).toEqual(keys[partition + 1])
    }
    await bench.run({ store: older })
    await settled()
    expect(formats()).toEqual(['0', '0', '0', '0'])
    const expected = await bench.expected()
    expect(byId(await bench.published())).toEqual(expected)
    for (const [id, bytes] of published) expect(expected.get(id)).toBe(bytes)
  }, 120_000)
})
