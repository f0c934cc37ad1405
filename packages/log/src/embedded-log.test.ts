import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openJournal } from './embedded-file.ts'
import { embeddedLog } from './embedded-log.ts'
import { logContract } from './log.contract.ts'
import type { StoredRecord } from './ports.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdpoint-log-'))
})
afterAll(() => rm(folder, { recursive: true }))

logContract('the embedded log in memory', { quietMs: 30, holdMs: 30 }, () => {
  const log = embeddedLog()
  return Promise.resolve({
    log,
    reopen: () => Promise.resolve(log),
    truncate: log.truncate,
    dispose: log.close,
  })
})

logContract('the embedded log in a file', { quietMs: 30, holdMs: 30 }, () => {
  const log = embeddedLog({ file: join(folder, `${Math.random()}.log`) })
  return Promise.resolve({
    log,
    reopen: () => Promise.resolve(log),
    truncate: log.truncate,
    dispose: log.close,
  })
})

describe('the file of an embedded log', () => {
  const spec = { name: 't', partitions: 2, replicas: 1, config: { 'retention.ms': '1' } }
  const all = async (file: string): Promise<StoredRecord[]> => {
    const log = embeddedLog({ file })
    const records: StoredRecord[] = []
    const reader = log.reader({ groupId: 'g', topics: ['t'] })
    await reader.start({
      onAssigned: () => Promise.resolve(new Map()),
      onRevoked: () => undefined,
      onBatch: (batch) => Promise.resolve(void records.push(...batch.records)),
      onCrash: (error) => expect.fail(error.message),
    })
    const admin = await log.admin()
    const high = (await admin.bounds('t')).reduce((sum, b) => sum + b.high - b.low, 0)
    await expect.poll(() => records.length).toBe(high)
    await reader.stop()
    await log.close()
    return records
  }

  const entries = async (file: string): Promise<number> => {
    let count = 0
    const onLog = (): void => undefined
    const journal = await openJournal({ file, fsync: true, onLog }, () => {
      count += 1
    })
    await journal.close()
    return count
  }

  async function written(file: string): Promise<void> {
    const log = embeddedLog({ file })
    await (await log.admin()).create(spec)
    const writer = await log.writer()
    for (const text of ['one', 'two', 'three']) {
      const headers = { h: text, bytes: Buffer.from([0, 1]) }
      await writer.append('t', [{ partition: 0, key: null, value: Buffer.from(text), headers }])
    }
    const reader = log.reader({ groupId: 'other', topics: ['t'] })
    await reader.start({
      onAssigned: () => Promise.resolve(new Map()),
      onRevoked: () => undefined,
      onBatch: () => Promise.resolve(),
      onCrash: () => undefined,
    })
    await reader.commit({ topic: 't', partition: 0 }, 2)
    await log.truncate('t', 0, 1)
    await log.close()
  }

  it('brings back records, headers, bounds, commits and configuration', async () => {
    const file = join(folder, 'whole.log')
    await written(file)
    const records = await all(file)
    expect(records.map((r) => [r.offset, String(r.value), String(r.headers['h'])])).toEqual([
      [1, 'two', 'two'],
      [2, 'three', 'three'],
    ])
    expect(records[0]?.headers['bytes']).toEqual(Buffer.from([0, 1]))
    const log = embeddedLog({ file })
    const state = (await (await log.admin()).describe(['t'])).get('t')
    expect(state).toEqual({ name: 't', partitions: 2, config: { 'retention.ms': '1' } })
    const offsets: number[] = []
    await log.reader({ groupId: 'other', topics: ['t'] }).start({
      onAssigned: () => Promise.resolve(new Map()),
      onRevoked: () => undefined,
      onBatch: (batch) => Promise.resolve(void offsets.push(...batch.records.map((r) => r.offset))),
      onCrash: () => undefined,
    })
    await expect.poll(() => offsets).toEqual([2])
    await log.close()
  })

  it('loses only the entry that a crash tore, wherever it was torn', async () => {
    const file = join(folder, 'torn.log')
    const log = embeddedLog({ file })
    await (await log.admin()).create(spec)
    const writer = await log.writer()
    await writer.append('t', [{ partition: 0, key: null, value: Buffer.from('kept') }])
    const keptBytes = (await readFile(file)).length
    await writer.append('t', [{ partition: 0, key: null, value: Buffer.from('torn') }])
    await log.close()
    const bytes = await readFile(file)
    for (let cut = keptBytes; cut < bytes.length; cut++) {
      await writeFile(file, bytes.subarray(0, cut))
      expect(await entries(file)).toBe(2)
      expect((await readFile(file)).length).toBe(keptBytes)
    }
    const flipped = Buffer.from(bytes)
    flipped[bytes.length - 1] = (flipped[bytes.length - 1] ?? 0) ^ 1
    await writeFile(file, flipped)
    expect((await all(file)).map((r) => String(r.value))).toEqual(['kept'])
  })

  it('drops the oldest records past retention.bytes', async () => {
    const log = embeddedLog()
    const admin = await log.admin()
    await admin.create({ ...spec, config: { 'retention.bytes': '1000000' } })
    const writer = await log.writer()
    const value = Buffer.alloc(936)
    for (let i = 0; i < 50; i++) {
      await writer.append(
        't',
        Array.from({ length: 100 }, () => ({ partition: 0, key: null, value })),
      )
    }
    const { low, high } = (await admin.bounds('t'))[0] ?? { low: 0, high: 0 }
    expect(high).toBe(5_000)
    expect(high - low).toBeLessThan(1_000 + 1_024 + 100)
    expect(high - low).toBeGreaterThanOrEqual(1_000)
  })
})
