import type { Subject } from '@holdpoint/risk'
import { describe, expect, it } from 'vitest'
import { enrichment, hashKey, now, rawEvent } from '../test/kit.ts'
import { createHasher } from './hash.ts'
import { normalise } from './normalise.ts'

const hasher = createHasher(hashKey)
const alice: Subject = { id: 'alice', kind: 'human', iss: '' }
const day = 86_400_000

function made(over: Parameters<typeof rawEvent>[0] = {}, tenant = 'default', subject = alice) {
  const context = { tenant, receivedAt: now, subject, claimedSubject: false, facts: null }
  const result = normalise(rawEvent(over), context, enrichment, hasher)
  if (!result.ok) throw new Error(result.fault.code)
  return result.event
}

describe('times', () => {
  it('takes what occurred up to 24 hours ago, and refuses what is older as too_old', () => {
    expect(made({ occurredAt: now - day }).occurredAt).toBe(now - day)
    expect(() => made({ occurredAt: now - day - 1 })).toThrow('too_old')
    expect(() => made({ occurredAt: 0 })).toThrow('too_old')
  })

  it('takes logouts, revocations and credential changes however late', () => {
    for (const type of ['logout', 'revocation', 'credential-change'] as const) {
      expect(made({ type, occurredAt: now - 30 * day }).type).toBe(type)
    }
  })

  it('clamps the future to 5 s after receipt, and says so', () => {
    expect(made({ occurredAt: now + 5_000 })).toMatchObject({
      occurredAt: now + 5_000,
      clockSuspect: false,
    })
    expect(made({ occurredAt: Date.UTC(9999, 11, 31) })).toMatchObject({
      occurredAt: now + 5_000,
      clockSuspect: true,
    })
  })
})

describe('place and network', () => {
  it('come from the address, rounded to hundredths of degrees', () => {
    const { place, network } = made({ client: { ip: '::ffff:81.2.69.142' } })
    expect(place).toEqual({
      latitude: 51.51,
      longitude: -0.13,
      radiusKm: 20,
      city: 'London',
      country: 'GB',
      edition: 20261101,
    })
    expect(network).toMatchObject({ kind: 'unknown', country: 'GB', family: 4, trusted: true })
  })

  it('are what the producer states, field by field, before any list', () => {
    const { place, network } = made({
      client: { ip: '81.2.69.142', ipTrust: 'client' },
      network: { kind: 'residential', asn: 1234 },
      location: { latitude: -23.55, longitude: -46.63, city: 'São Paulo' },
    })
    expect(place).toMatchObject({ latitude: -23.55, city: 'São Paulo', country: 'GB', edition: 0 })
    expect(network).toMatchObject({ kind: 'residential', asn: 1234, trusted: false })
    expect(made({ client: { ip: '198.51.100.7' }, network: { asn: 7 } }).network).toMatchObject({
      kind: 'corporate',
      asn: 7,
    })
  })

  it('follow the lists by the system that the producer states, with an address or without', () => {
    const stated = { network: { asn: 14593 } }
    const seen = { kind: 'satellite', asn: 14593 }
    expect(made({ client: { ip: '81.2.69.142' }, ...stated }).network).toMatchObject(seen)
    expect(made(stated).network).toMatchObject(seen)
    expect(made({ client: { ip: '81.2.69.142' } }).network?.kind).toBe('unknown')
  })

  it('are blind, not wrong, where a look-up has no coordinates or there is no address', () => {
    expect(made({ client: { ip: '1.1.1.1' } }).place).toBeNull()
    expect(made()).toMatchObject({ place: null, network: null, client: null })
  })

  it('share a prefix within a /24 or /48, and nothing beyond it', () => {
    const prefix = (ip: string) => made({ client: { ip } }).network?.prefix
    expect(prefix('203.0.113.1')).toBe(prefix('203.0.113.200'))
    expect(prefix('203.0.113.1')).not.toBe(prefix('203.0.112.1'))
    expect(prefix('2001:db8:1:2::3')).toBe(prefix('2001:db8:1:ffff::1'))
    expect(prefix('2001:db8:1:2::3')).not.toBe(prefix('2001:db8:2::3'))
  })
})

describe('hashes', () => {
  it('name state by tenant, subject and session, and never hold their text', () => {
    const { keys } = made({ previousSessionId: 's-0' })
    for (const key of [keys.subject, keys.session, keys.previousSession]) {
      expect(key).toMatch(/^[A-Za-z0-9_-]{22}$/)
    }
    expect(keys.parentSession).toBe('')
    expect(made({}, 'other').keys.subject).not.toBe(keys.subject)
    expect(made({}, 'default', { ...alice, id: 'bob' }).keys.session).not.toBe(keys.session)
    expect(made({ sessionId: 's-0' }).keys.session).toBe(keys.previousSession)
  })

  it('are whole numbers below 2^53, of their own kind, source and tenant', () => {
    const { client, idHash } = made({ client: { deviceId: 'x', fingerprint: 'x', appId: 'x' } })
    const numbers = [client?.device ?? 0, client?.fingerprint ?? 0, client?.app ?? 0, idHash]
    expect(new Set(numbers).size).toBe(4)
    for (const number of numbers) {
      expect(Number.isSafeInteger(number) && number > 0).toBe(true)
    }
    expect(made({ source: 'app/other' }).idHash).not.toBe(idHash)
    expect(made({}, 'other').idHash).not.toBe(idHash)
  })

  it('depend on the key, and cannot be made equal by moving a letter between parts', () => {
    expect(createHasher('x'.repeat(32)).key('a')).not.toBe(hasher.key('a'))
    expect(hasher.key('a|1:b', 'c')).not.toBe(hasher.key('a', 'b|1:c'))
  })
})

describe('a credential', () => {
  it('is active where nobody says more, and unknown only where that is said', () => {
    const statusOf = (credential: object) => made({ credential }).credential?.status
    expect(statusOf({ id: 'key-1' })).toBe('active')
    expect(statusOf({ id: 'key-1', status: 'unknown' })).toBe('unknown')
    expect(statusOf({ id: 'key-1', status: 'reused' })).toBe('reused')
  })
})
