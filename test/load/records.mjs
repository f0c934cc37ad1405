import { createHash } from 'node:crypto'
import { partitionOf, recordKey } from '@holdpoint/contracts'

// What both contenders read: people at work at home, of whom one in a hundred approves a payment whose
// freshness is spent. That gives the engine exactly one record out per hundred in.

export const people = 10_000
export const outEvery = 100
export const partitions = 24

/**
 * @param {string} run
 * @param {number} person
 */
export const partitionOfPerson = (run, person) =>
  partitionOf(recordKey('default', `person-${run}-${person}`), partitions)

const action = (/** @type {string} */ name, /** @type {number | null} */ amount) => ({
  name,
  resource: 'r-1',
  access: /** @type {const} */ ('read'),
  amount,
  currency: amount === null ? '' : 'EUR',
})

/**
 * @param {object} of
 * @param {string} of.run names this run's people
 * @param {number} of.number a number that no other event has
 * @param {number} of.person
 * @param {number} of.t ms
 * @param {'login' | 'read' | 'pay'} of.does
 * @returns {import('@holdpoint/risk').SessionEvent}
 */
export function eventOf({ run, number, person, t, does }) {
  const hash = (/** @type {number} */ salt) => (person + 1) * 1_000_003 + salt
  const key = createHash('sha256')
    .update(`${run}|${person}`)
    .digest()
    .subarray(0, 16)
    .toString('base64url')
  return {
    id: `${run}-${number}`,
    source: 'bench',
    idHash: number + 1,
    type: does === 'login' ? 'login' : 'action',
    tenant: 'default',
    occurredAt: t,
    receivedAt: t,
    clockSuspect: false,
    subject: { id: `person-${run}-${person}`, kind: 'human', iss: '' },
    actor: [],
    sessionId: `session-${run}-${person}`,
    previousSessionId: '',
    parentSessionId: '',
    keys: { subject: key, session: key, previousSession: '', parentSession: '' },
    network: {
      kind: 'residential',
      asn: 2856 + (person % 50),
      country: 'GB',
      address: hash(1),
      prefix: hash(2),
      family: 4,
      trusted: true,
    },
    place: {
      latitude: 51.5,
      longitude: -0.12,
      radiusKm: 20,
      city: 'London',
      country: 'GB',
      edition: 20231115,
    },
    client: {
      kind: 'browser',
      os: 'windows',
      browser: 'chrome',
      version: 141,
      device: hash(3),
      fingerprint: hash(4),
      app: 0,
    },
    assurance: does === 'login' ? { acr: 'aal2', amr: ['pwd', 'otp'], authTime: null } : null,
    outcome: 'success',
    credential: null,
    posture: null,
    action:
      does === 'login'
        ? null
        : does === 'pay'
          ? action('payments.approve', 2500)
          : action('orders.list', null),
    initiator: 'unknown',
    feedback: null,
    privileges: [],
    claimedSubject: false,
    facts: null,
  }
}
