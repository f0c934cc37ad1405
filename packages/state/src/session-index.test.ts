import { describe, expect, it } from 'vitest'
import { sessionIndexContract } from './session-index.contract.ts'
import { embeddedSessionIndex } from './session-index.ts'

describe('the embedded session index', () => {
  sessionIndexContract(async () => embeddedSessionIndex())

  it('I11: forgets the session unused for longest when it is full, and counts it', async () => {
    const index = embeddedSessionIndex({ entriesMax: 2 })
    const subject = { id: 'alice', kind: 'human', iss: '' } as const
    await index.put('t', 'first', subject)
    await index.put('t', 'second', subject)
    await index.get('t', 'first')
    await index.put('t', 'third', subject)
    expect(await index.get('t', 'second')).toBeNull()
    expect(await index.get('t', 'first')).toEqual(subject)
    expect(await index.get('t', 'third')).toEqual(subject)
    expect(index.evicted).toBe(1)
  })
})
