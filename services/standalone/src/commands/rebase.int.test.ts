/** `holdpoint rebase --remove-old` as an operator calls it, on a database of its own: it removes all that is older. */
import { randomInt } from 'node:crypto'
import { emptyMeta } from '@holdpoint/risk'
import { type Carried, redisGenerations, redisStore } from '@holdpoint/state'
import { Redis } from 'ioredis'
import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import { createProgram } from '../cli.ts'

const shared = process.env['HOLDPOINT_REDIS_URL'] ?? ''
if (shared === '') throw new Error('HOLDPOINT_REDIS_URL must name a Redis for these tests')
const database = 9
const url = `${shared.replace(/\/\d*$/, '')}/${database}`

const from = randomInt(2_000, 9_000)
const to = from + 1
const admin = new Redis(url)
const before = redisStore({ url, generation: from })
const after = redisStore({ url, generation: to })

const keysOf = async (generation: number) => (await admin.keys(`*hp:${generation}:*`)).sort()
async function clear(): Promise<void> {
  const keys = [...(await keysOf(from)), ...(await keysOf(to))]
  if (keys.length > 0) await admin.del(...keys)
}

const partitions = [0, 1]
const meta = (generation: number, partition: number, appliedOffset: number) => ({
  ...emptyMeta(generation, partition),
  appliedOffset,
})
const nothing = {
  profiles: [],
  sessions: [],
  stories: [],
  timers: [],
  outbox: [],
  acknowledged: null,
}
const carried = partitions.map(
  (partition): Carried => ({
    commitId: 'old',
    meta: meta(to, partition, 5),
    rebuildUntil: 0,
  }),
)

/** An engine of the new generation goes on with this partition. */
async function goOn(partition: number): Promise<void> {
  const { commitId: expected } = await after.open(partition)
  const commit = {
    ...nothing,
    expected,
    next: 'new',
    rebuildUntil: 0,
    meta: meta(to, partition, 6),
  }
  expect(await after.commit(partition, commit)).toBe('committed')
}

async function run(...words: string[]): Promise<string> {
  let printed = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
  const env = { HOLDPOINT_REDIS_URL: url, HOLDPOINT_GENERATION: String(to) }
  try {
    await createProgram(env).parseAsync(['rebase', ...words], { from: 'user' })
  } finally {
    write.mockRestore()
  }
  return printed
}

beforeEach(async () => {
  await clear()
  for (const partition of partitions) {
    const commit = { ...nothing, expected: '', next: 'old', rebuildUntil: 0 }
    await before.commit(partition, { ...commit, meta: meta(from, partition, 5) })
  }
})
afterAll(async () => {
  await clear()
  await Promise.all([before.close(), after.close()])
  await admin.quit()
})

it('keeps the old generation while the new one is not carried whole', async () => {
  const old = await keysOf(from)
  const killed = redisGenerations({ url })
  // Without its connection it can neither go on nor take back what it wrote, as a process that was killed.
  const carrying = killed.carry(from, to, carried, () => void killed.close())
  await expect(carrying).rejects.toMatchObject({ code: 'closed' })
  expect(await keysOf(to)).toHaveLength(partitions.length)
  await expect(run('--remove-old')).rejects.toThrow(
    `partition 0 of generation ${to} was never carried whole from ${from}, so nothing older is removed: run the rebase again to its end`,
  )
  expect(await keysOf(from)).toEqual(old)
})

it('keeps the old generation until an engine has gone on with every partition of the new one', async () => {
  const old = await keysOf(from)
  const generations = redisGenerations({ url })
  await generations.carry(from, to, carried, () => undefined)
  await generations.close()
  await goOn(0)
  await expect(run('--remove-old')).rejects.toThrow(
    `no engine has committed to partition 1 of generation ${to} since it was carried`,
  )
  expect(await keysOf(from)).toEqual(old)
  await goOn(1)
  expect(JSON.parse(await run('--remove-old', '--json'))).toEqual({ present: to, removed: 2 })
  expect(await keysOf(from)).toEqual([])
  expect(await keysOf(to)).toHaveLength(partitions.length)
  expect(await run('--remove-old')).toBe(`0 keys of generations before ${to} removed\n`)
})
