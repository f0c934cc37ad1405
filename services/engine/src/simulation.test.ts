import { setTimeout as sleep } from 'node:timers/promises'
import { type Log, LogWriteError } from '@holdpoint/log'
import { StateError, type StateStore } from '@holdpoint/state'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bench, byId, createBench, type Running } from './testing/bench.ts'
import { traffic } from './testing/events.ts'

/** What may go wrong, at once with the next records. */
const fault = fc.constantFrom(
  'none',
  'crash',
  'second-owner',
  'rollback',
  'lost-answer',
  'lost-commit',
  'store-away',
  'log-away',
)

/** Parts that fail once for each fault that is armed. */
function frail(bench: Bench): { log: Log; store: StateStore; armed: string[] } {
  const armed: string[] = []
  const fires = (name: string): boolean => {
    const at = armed.indexOf(name)
    if (at >= 0) armed.splice(at, 1)
    return at >= 0
  }
  const unknown = () => new StateError('timeout', 'no answer', { transient: true, unknown: true })
  const store: StateStore = {
    ...bench.store,
    load: (partition, wanted) =>
      fires('store-away')
        ? Promise.reject(new StateError('redis_unreachable', 'away', { transient: true }))
        : bench.store.load(partition, wanted),
    commit: async (partition, commit) => {
      if (fires('lost-commit')) throw unknown()
      const result = await bench.store.commit(partition, commit)
      if (fires('lost-answer')) throw unknown()
      return result
    },
  }
  const log: Log = {
    ...bench.log,
    writer: async () => {
      const writer = await bench.log.writer()
      return {
        ...writer,
        append: async (topic, records) => {
          const fails = fires('log-away')
          // Half of what fails was written all the same.
          if (!fails || records.length % 2 === 0) await writer.append(topic, records)
          if (fails) throw new LogWriteError('timeout', 'no answer', true)
        },
      }
    },
  }
  return { log, store, armed }
}

describe('engine under faults', () => {
  it('decides what one undisturbed fold decides: nothing lost, nothing else, same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { minLength: 3, maxLength: 6 }), async (faults) => {
        const bench = await createBench()
        const { log, store, armed } = frail(bench)
        const owners: Running[] = []
        const own = async (groupId: string) => owners.push(await bench.run({ log, store, groupId }))
        await own('group-0')
        for (const [n, name] of faults.entries()) {
          await bench.append(traffic(3, 3 * n))
          if (name === 'crash') {
            await Promise.all(owners.splice(0).map((owner) => owner.crash()))
            await own(`group-${n + 1}`)
          } else if (name === 'second-owner') await own(`group-${n + 1}`)
          else if (name === 'rollback') {
            try {
              bench.store.rollback(0, 1)
            } catch {
              // Nothing was committed yet that could be lost.
            }
          } else if (name !== 'none') armed.push(name)
          await sleep(1)
        }
        armed.length = 0
        await bench.append(traffic(2, 100))
        await bench.settled()
        const published = byId(await bench.published())
        const expected = await bench.expected()
        await bench.close()
        expect(published).toEqual(expected)
      }),
      { numRuns: 12, seed: 4711 },
    )
  }, 30_000)
})
