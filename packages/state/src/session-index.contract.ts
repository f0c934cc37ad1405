/** What every session index promises. */
import { expect, it } from 'vitest'
import type { IndexedSubject, SessionIndex } from './ports.ts'

export function sessionIndexContract(create: () => Promise<SessionIndex>): void {
  const alice: IndexedSubject = { id: 'alice {a}', kind: 'human', iss: 'https://idp.example' }
  const robot: IndexedSubject = { id: 'ci', kind: 'workload', iss: '' }

  it("finds a session's subject, and null for one that was never put", async () => {
    const index = await create()
    await index.put('default', 's-1', alice)
    await index.put('default', 's-2', robot)
    expect(await index.get('default', 's-1')).toEqual(alice)
    expect(await index.get('default', 's-2')).toEqual(robot)
    expect(await index.get('default', 's-3')).toBeNull()
  })

  it('a later login of the same session id replaces the first', async () => {
    const index = await create()
    await index.put('default', 's-1', alice)
    await index.put('default', 's-1', robot)
    expect(await index.get('default', 's-1')).toEqual(robot)
  })

  it('I13: a tenant never finds the sessions of another', async () => {
    const index = await create()
    await index.put('acme', 's-1', alice)
    await index.put('a|b', 'c', robot)
    expect(await index.get('umbrella', 's-1')).toBeNull()
    expect(await index.get('a', 'b|c')).toBeNull()
  })
}
