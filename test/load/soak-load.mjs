// A population that lives on for ever: everybody has one session, and what an event adds to a state takes the
// place of something older. One event in 200 is a payment whose freshness is spent, and another its
// re-authentication: a decision each, so one per hundred events, and nobody ever ends.

/** So many that each may pay anew (600 s) long before its turn comes again, at up to 2,000 events/s. */
export const people = 10_000
const each = 200
/** Events between a payment and the re-authentication that it asked for. */
const answerAfter = 20 * each + each / 2

const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'

const assurance = { acr: 'aal2', amr: ['pwd', 'otp'] }

/**
 * @param {string} run names this run's people
 * @param {string} id
 * @param {number} person
 * @param {object} does
 * @param {number} [ageMs]
 */
const event = (run, id, person, does, ageMs = 0) => ({
  id: `${run}-${id}`,
  source: 'soak',
  occurredAt: new Date(Date.now() - ageMs).toISOString(),
  subject: { id: `person-${run}-${person}` },
  sessionId: `session-${run}-${person}`,
  client: {
    ip: `192.0.2.${person % 250}`,
    ipTrust: 'socket',
    userAgent: chrome,
    deviceId: `d-${person}`,
  },
  network: { kind: 'residential', asn: 2856 + (person % 7) },
  location: { latitude: 51.5, longitude: -0.1, radiusKm: 20, city: 'London', country: 'GB' },
  ...does,
})

/**
 * Everybody's login, an hour ago.
 *
 * @param {string} run
 */
export function* logins(run) {
  for (let person = 0; person < people; person += 1)
    yield event(run, `login-${person}`, person, { type: 'login', assurance }, 3_600_000)
}

/**
 * What everybody does from then on, without an end.
 *
 * @param {string} run
 */
export function* acts(run) {
  const payer = (/** @type {number} */ at) => Math.floor(at / each) % people
  for (let n = 0; ; n += 1) {
    if (n % each === 0) {
      const action = { name: 'payments.approve', amount: 2500, currency: 'EUR' }
      yield event(run, `${n}`, payer(n), { type: 'action', action })
    } else if (n > answerAfter && n % each === each / 2) {
      yield event(run, `${n}`, payer(n - answerAfter), { type: 'reauthentication', assurance })
    } else {
      const action = { name: 'orders.list', access: 'read' }
      yield event(run, `${n}`, (n * 7_919) % people, { type: 'action', action })
    }
  }
}
