import { describe, expect, it } from 'vitest'
import { createAssignment, type Standing } from './assignment.ts'
import { partitionKey } from './ports.ts'

const at = { topic: 'session.login', partition: 3 }

/** Owns one partition of a group that stands so; answers with where it begins and what was said of it. */
async function begun(standing: Standing) {
  const said: string[] = []
  const position = await new Promise<number>((resolve) => {
    createAssignment({
      handlers: {
        onAssigned: () => Promise.resolve(new Map()),
        onRevoked: () => undefined,
        onBatch: () => Promise.resolve(),
        onCrash: () => undefined,
      },
      standingOf: () => Promise.resolve(new Map([[partitionKey(at), standing]])),
      onReady: (owned) => resolve(owned.position),
      onLog: (level, message, fields) => said.push(`${level} ${message} ${JSON.stringify(fields)}`),
    }).replace([at])
  })
  return { position, said: said.join() }
}

describe('hazard: a committed offset that left the log is reset in silence', () => {
  it('begins at the committed offset, or the lowest where it has none: nothing is amiss', async () => {
    expect(await begun({ committed: 6, low: 4, high: 9 })).toEqual({ position: 6, said: '' })
    expect(await begun({ committed: 9, low: 4, high: 9 })).toEqual({ position: 9, said: '' })
    expect(await begun({ committed: -1, low: 4, high: 9 })).toEqual({ position: 4, said: '' })
  })

  it('begins at the lowest where records left the log before they were read, and that is said', async () => {
    const { position, said } = await begun({ committed: 2, low: 4, high: 9 })
    expect(position).toBe(4)
    expect(said).toMatch(/^error records left the log .*"partition":3,"committed":2,"low":4/)
  })

  it('begins at the lowest where the log was cut or made anew, and that is said', async () => {
    const { position, said } = await begun({ committed: 50, low: 0, high: 9 })
    expect(position).toBe(0)
    expect(said).toMatch(/^error the log ends before the committed offset.*"committed":50/)
  })
})
