import { setTimeout as sleep } from 'node:timers/promises'
import { encodeDecision, localCatalogue, topics } from '@holdpoint/contracts'
import { type EmbeddedLog, embeddedLog } from '@holdpoint/log'
import type { Decision } from '@holdpoint/risk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SubscribeOptions, Subscription } from './options.ts'
import { subscribe } from './subscribe.ts'
import { decision, riskChanged, stepUp } from './testing/decisions.ts'

const catalogue = localCatalogue()
let log: EmbeddedLog
let open: Subscription[]

beforeEach(async () => {
  log = embeddedLog({ drainMs: 200 })
  open = []
  const admin = await log.admin()
  for (const name of Object.values(topics).filter((name) => name.startsWith('session.'))) {
    await admin.create({ name, partitions: 2, replicas: 1, config: {} })
  }
})
afterEach(async () => {
  await Promise.all(open.map((subscription) => subscription.close()))
  await log.close()
})

function follow(options: SubscribeOptions = {}): Subscription {
  const subscription = subscribe({ log, catalogue, ...options })
  open.push(subscription)
  return subscription
}

async function publish(...decisions: Decision[]): Promise<void> {
  const writer = await log.writer()
  for (const one of decisions) {
    const value = encodeDecision(catalogue, one)
    await writer.append(one.type, [{ partition: 0, key: Buffer.from('default|alice'), value }])
  }
}

async function until(reached: () => boolean): Promise<void> {
  for (let n = 0; !reached(); n += 1) {
    if (n > 1_000) throw new Error(`not reached: ${reached}`)
    await sleep(2)
  }
}

describe('subscribe', () => {
  it('rebuilds postures from what was published before, and calls no handler for it', async () => {
    await publish(stepUp(1), riskChanged(2, { sessionId: 's-2' }), decision(3))
    const heard: string[] = []
    const subscription = follow({ onDecision: ({ decisionId }) => void heard.push(decisionId) })
    await subscription.ready
    expect(subscription.posture('s-1', 'alice')?.status).toBe('revoked')
    expect(subscription.posture('s-2', 'alice')?.level).toBe('MEDIUM')
    expect(subscription.posture('s-3', 'alice')).toBeNull()
    expect(heard).toEqual([])
  })

  it('calls the handlers of a decision once, though it is delivered twice', async () => {
    const heard: string[] = []
    const subscription = follow({
      onStepUpRequired: ({ decisionId }) => void heard.push(`step-up ${decisionId}`),
      onRevoked: ({ decisionId }) => void heard.push(`revoked ${decisionId}`),
      onRiskChanged: ({ decisionId }) => void heard.push(`risk ${decisionId}`),
    })
    await subscription.ready
    await publish(stepUp(1), stepUp(1), decision(2), decision(2), riskChanged(3))
    await until(() => heard.length >= 3)
    await sleep(10)
    expect(heard.sort()).toEqual(['revoked 1.0.2.0', 'risk 1.0.3.0', 'step-up 1.0.1.0'])
  })

  it('says whether a later decision is known already', async () => {
    await publish(decision(9))
    const heard: [string, boolean][] = []
    const subscription = follow({
      onDecision: ({ decisionId }, { current }) => void heard.push([decisionId, current]),
    })
    await subscription.ready
    await publish(riskChanged(4), riskChanged(12))
    await until(() => heard.length === 2)
    expect(heard).toEqual([
      ['1.0.4.0', false],
      ['1.0.12.0', true],
    ])
    expect(subscription.posture('s-1', 'alice')?.status).toBe('revoked')
  })

  it('hands the past to the handlers where it is asked to', async () => {
    await publish(stepUp(1), decision(2))
    const heard: string[] = []
    await follow({ replay: true, onDecision: ({ type }) => void heard.push(type) }).ready
    expect(heard.sort()).toEqual(['session.revoked', 'session.stepup.required'])
  })

  it('shows every instance every decision', async () => {
    const both = [follow(), follow()]
    await Promise.all(both.map(({ ready }) => ready))
    await publish(decision(1))
    await until(() => both.every((one) => one.posture('s-1', 'alice')?.status === 'revoked'))
  })

  it('reports what a handler throws and what is no decision, and goes on', async () => {
    const errors: string[] = []
    const subscription = follow({
      onError: (error) => void errors.push(error.message),
      onRevoked: () => {
        throw new Error('the session store is down')
      },
    })
    await subscription.ready
    const writer = await log.writer()
    const odd = { partition: 0, key: null, value: Buffer.from('odd') }
    await writer.append(topics.revoked, [odd])
    await publish(decision(1), decision(2, { sessionId: 's-2' }))
    await until(() => errors.length === 3)
    expect(errors.slice(1)).toEqual(['the session store is down', 'the session store is down'])
    expect(subscription.posture('s-2', 'alice')?.status).toBe('revoked')
  })

  it('rejects ready where it cannot start, and tells onError', async () => {
    const errors: string[] = []
    const broken = { ...log, admin: () => Promise.reject(new Error('no broker answers')) }
    const subscription = subscribe({
      log: broken,
      catalogue,
      onError: (error) => void errors.push(error.message),
    })
    await expect(subscription.ready).rejects.toThrow('no broker answers')
    expect(errors).toEqual(['no broker answers'])
    await subscription.close()
  })

  it('ignores what is older than any session may be', async () => {
    await publish(decision(1))
    const late = {
      ...log,
      reader: (options: Parameters<EmbeddedLog['reader']>[0]) => {
        const reader = log.reader(options)
        const aged = 49 * 3_600_000
        return {
          ...reader,
          start: (handlers: Parameters<typeof reader.start>[0]) =>
            reader.start({
              ...handlers,
              onBatch: (batch) =>
                handlers.onBatch({
                  ...batch,
                  records: batch.records.map((r) => ({ ...r, timestamp: r.timestamp - aged })),
                }),
            }),
        }
      },
    }
    const subscription = subscribe({ log: late, catalogue })
    open.push(subscription)
    await subscription.ready
    expect(subscription.posture('s-1', 'alice')).toBeNull()
  })
})
