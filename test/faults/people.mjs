import { topics } from '@holdpoint/contracts'

// People at work, of whom a few are robbed: enough of each to give decisions of every kind. Nobody reads
// the decisions here. A person answers a step-up because the action was one that asks for it.

const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'
const minuteMs = 60_000

const acts = /** @type {const} */ ([
  { name: 'orders.list', access: 'read' },
  { name: 'orders.update', access: 'write' },
  { name: 'customers.export' },
  { name: 'payments.approve', amount: 2500, currency: 'EUR' },
])

/**
 * @typedef {{ readonly id: string, readonly [field: string]: unknown }} RawEvent
 *
 * @typedef {object} Sent an event on its way into Holdpoint
 * @property {string} id
 * @property {string} topic
 * @property {string} key the person: what a producer of sessions keys by
 * @property {string} value
 * @property {boolean} [poison] nobody can read it
 *
 * @typedef {object} Person
 * @property {number} number
 * @property {string} id
 * @property {string} session '' while logged out
 * @property {number} sessions how many it had
 * @property {boolean} asked true after an action that wants a fresher authentication
 * @property {boolean} robbed true once a thief has used the session
 * @property {boolean} careless true where now and then nobody can read what comes
 */

/**
 * @param {string} mark names this run's people, sessions and events
 * @param {number} number
 * @param {boolean} careless
 * @returns {Person}
 */
export const newPerson = (mark, number, careless) => ({
  number,
  careless,
  id: `p${number}-${mark}`,
  session: '',
  sessions: 0,
  asked: false,
  robbed: false,
})

/**
 * What a person does next, or what is done in the person's name.
 *
 * @param {Person} person is moved on
 * @param {string} id of the event, which no other has
 * @param {import('./chance.mjs').Chance} chance
 * @returns {Sent}
 */
export function nextEvent(person, id, chance) {
  if (person.session === '') return logIn(person, id, chance)
  if (person.robbed && chance.hits(0.3)) return endOfTheft(person, id, chance)
  if (person.asked && chance.hits(0.6)) return answer(person, id, chance)
  if (chance.hits(0.01)) return theft(person, id, chance)
  if (person.careless && chance.hits(0.002)) return poison(person, id)
  if (chance.hits(0.01)) return logOut(person, id)
  if (chance.hits(0.06)) return quiet(person, id, chance)
  return act(person, id, chance)
}

/** @type {typeof nextEvent} */
function logIn(person, id, chance) {
  person.sessions += 1
  person.session = `s${person.number}-${person.sessions}-${id}`
  person.asked = false
  person.robbed = false
  // Every third comes with an authentication of some time ago, as from another app's session.
  const authTime = chance.hits(0.3) ? new Date(Date.now() - 20 * minuteMs).toISOString() : undefined
  const assurance = { acr: 'aal2', amr: ['pwd', 'otp'], ...(authTime && { authTime }) }
  return sent(person, { id, type: 'login', ...home(person), assurance })
}

/** @type {typeof nextEvent} */
function act(person, id, chance) {
  const action = acts[Math.floor(chance.next() ** 3 * acts.length)] ?? acts[0]
  person.asked ||= action.name === 'payments.approve'
  const topic = chance.hits(0.3) ? topics.any : topics.action
  return sent(person, { id, type: 'action', ...home(person), action }, topic)
}

/** @type {typeof nextEvent} */
function quiet(person, id, chance) {
  const type = chance.pick(['device', 'ip'])
  return sent(person, { id, type, ...home(person) })
}

/**
 * A fresh and strong authentication, sometimes a failed one, sometimes one that takes a new session id.
 *
 * @type {typeof nextEvent}
 */
function answer(person, id, chance) {
  if (chance.hits(0.15))
    return sent(person, { id, type: 'reauthentication', outcome: 'failure', ...home(person) })
  person.asked = false
  const of = {
    id,
    type: 'reauthentication',
    ...home(person),
    assurance: { acr: 'phr', amr: ['hwk', 'user'] },
  }
  if (!person.robbed && chance.hits(0.8)) return sent(person, of)
  const previousSessionId = person.session
  person.sessions += 1
  person.session = `s${person.number}-${person.sessions}-${id}`
  person.robbed = false
  return sent(person, { ...of, previousSessionId })
}

/** @type {typeof nextEvent} */
function theft(person, id, chance) {
  person.robbed = true
  person.asked = true
  const action = chance.hits(0.5) ? acts[0] : acts[2]
  return sent(person, { id, type: 'action', ...abroad(person, chance.hits(0.5)), action })
}

/**
 * The person answers, an operator ends the session, or the thief goes on.
 *
 * @type {typeof nextEvent}
 */
function endOfTheft(person, id, chance) {
  if (chance.hits(0.4)) return answer(person, id, chance)
  if (chance.hits(0.5)) return theft(person, id, chance)
  const event = sent(person, { id, type: 'revocation', initiator: 'system' })
  person.session = ''
  return event
}

/** @type {(person: Person, id: string) => Sent} */
function logOut(person, id) {
  const event = sent(person, { id, type: 'logout', ...home(person) })
  person.session = ''
  return event
}

/**
 * What no reader can make anything of, but for its id.
 *
 * @type {(person: Person, id: string) => Sent}
 */
const poison = (person, id) => ({
  ...sent(person, { id, type: 'sorcery' }, topics.any),
  poison: true,
})

/** @type {(person: Person, of: RawEvent & { type?: unknown }, topic?: string) => Sent} */
function sent(person, of, topic = topicOf(of.type)) {
  const event = {
    source: 'people',
    occurredAt: new Date().toISOString(),
    subject: { id: person.id },
    sessionId: person.session,
    ...of,
  }
  return { id: of.id, topic, key: person.id, value: JSON.stringify(event) }
}

/** @type {(type: unknown) => string} */
function topicOf(type) {
  if (type === 'login') return topics.login
  if (type === 'device') return topics.device
  if (type === 'ip') return topics.ip
  if (type === 'action') return topics.action
  return topics.lifecycle
}

/** @param {Person} person */
const home = ({ number }) => ({
  client: {
    ip: `192.0.2.${number % 250}`,
    ipTrust: 'socket',
    userAgent: chrome,
    deviceId: `d-${number}`,
  },
  network: { kind: 'residential', asn: 2856 + (number % 7) },
  location: { latitude: 51.5, longitude: -0.1, radiusKm: 20, city: 'London', country: 'GB' },
})

/** @type {(person: Person, script: boolean) => object} */
const abroad = ({ number }, script) => ({
  client: {
    ip: `203.0.113.${number % 250}`,
    ipTrust: 'socket',
    ...(script
      ? { userAgent: 'python-requests/2.32.5' }
      : { userAgent: chrome, deviceId: `d-${number}` }),
  },
  network: { kind: 'residential', asn: 28573 },
  location: { latitude: -23.55, longitude: -46.63, radiusKm: 20, city: 'São Paulo', country: 'BR' },
})
