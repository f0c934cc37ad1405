/** Dead letters of the internal log as the engine makes them, shown and sent back. */
import { topics } from '@holdpoint/contracts'
import { coreFold } from '@holdpoint/engine'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { event, type Kit, login, startKit, told } from '../../test/dead-letter-kit.ts'
import { observeOrder, send } from '../control/order.ts'
import { outcomeLines } from './redrive.ts'
import { letterLines } from './show.ts'

let kit: Kit
beforeEach(async () => {
  kit = await startKit()
})
afterEach(() => kit.stop())

describe('an event on which the fold failed', () => {
  /** A fold that fails on revocations. */
  const failing: typeof coreFold = {
    ...coreFold,
    foldPartition: (meta, placed, states, policy) => {
      const { record } = placed
      if (record.kind === 'event' && record.event.type === 'revocation') throw new Error('broken')
      return coreFold.foldPartition(meta, placed, states, policy)
    },
  }
  const dlq = 'holdpoint.events.dlq'
  const alice = { subject: { id: 'alice' } }

  const fail = async (occurredAt: number): Promise<void> => {
    await kit.startIngest()
    const engine = await kit.startEngine(failing)
    await kit.produce(topics.login, login('login'))
    await kit.events('login', 1)
    const at = { ...alice, occurredAt: new Date(occurredAt).toISOString() }
    await kit.produce(topics.lifecycle, event('revoke', 'revocation', at))
    await kit.read(dlq, 1)
    // Later ones of the same raw partition are folded, so the origin of the failed one is passed.
    await kit.produce(topics.lifecycle, event('later', 'compliance-change', alice))
    await kit.events('later', 1)
    await engine.stop()
  }

  test('is folded once after the mend, though later ones were folded before', async () => {
    await fail(Date.now())
    const engine = await kit.startEngine()
    expect(await kit.read(topics.revoked, 0)).toEqual([])
    expect(told(await kit.redrive())).toEqual({ 'fold_exception sent': 1 })
    const [decision] = await kit.read(topics.revoked, 1)
    expect(String(decision?.key)).toBe('default|alice')
    expect(told(await kit.redrive({ again: true }))).toEqual({ 'fold_exception sent': 1 })
    const sent = await kit.events('revoke', 3)
    expect(sent.map(({ origin }) => origin?.topic)).toEqual([
      topics.lifecycle,
      undefined,
      undefined,
    ])
    await vi.waitFor(async () => expect(await engine.folded('repeat')).toBe(1))
    expect(await kit.read(topics.revoked, 1)).toHaveLength(1)
  })

  test('is received anew, so that what is late by now is judged as late', async () => {
    await fail(Date.now())
    const now = Date.now() + 3_600_000
    await kit.redrive({ now: () => now })
    const [first, again] = await kit.events('revoke', 2)
    expect(again?.event).toEqual({ ...first?.event, receivedAt: now })
  })

  test('is shown as it was stamped', async () => {
    await fail(Date.now())
    const [group] = await kit.list()
    const [, place = ''] = group?.example.split(' ') ?? []
    const [partition = 0, offset = 0] = place.split(':').map(Number)
    const lines = letterLines(await kit.show(dlq, partition, offset)).join('\n')
    expect(lines).toContain('code       fold_exception: The fold fails on the record')
    expect(lines).toContain('message    Error: broken')
    expect(lines).toContain('"id": "revoke"')
  })

  test('is left where it is no event, or none that can be read', async () => {
    await kit.startEngine({
      ...coreFold,
      foldPartition() {
        throw new Error('broken')
      },
    })
    await kit.startIngest()
    await kit.produce(topics.internal, 'no record')
    await kit.read(dlq, 1)
    expect(told(await kit.redrive())['no_magic_byte unreadable']).toBe(1)
  })

  test('is left as too old a day after it occurred', async () => {
    await kit.startIngest()
    const engine = await kit.startEngine({
      ...coreFold,
      foldPartition() {
        throw new Error('broken')
      },
    })
    await kit.produce(topics.login, login('login'))
    await kit.read(dlq, 1)
    await engine.stop()
    const now = () => Date.now() + 25 * 3_600_000
    const outcomes = await kit.redrive({ now })
    expect(told(outcomes)['fold_exception too_old']).toBe(1)
    expect(outcomeLines(outcomes, false).join('\n')).toContain('occurred more than 24 hours ago')
  })
})

describe('an order of an operator on which the fold failed', () => {
  test('is left where it is: a later one may stand by now', async () => {
    await kit.startIngest()
    await kit.startEngine({
      ...coreFold,
      foldPartition: (meta, placed, states, policy) => {
        if (placed.record.kind === 'control') throw new Error('broken')
        return coreFold.foldPartition(meta, placed, states, policy)
      },
    })
    const by = { reason: 'ticket-4711', operator: 'zoë', now: Date.now() }
    await send(kit.log, observeOrder(true, '', by))
    await kit.read('holdpoint.events.dlq', 1)
    expect(Object.keys(told(await kit.redrive()))).toEqual(['fold_exception order'])
  })
})
