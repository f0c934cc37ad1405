/** Changes of network and place that honest people make within a day. */
import { nextDeed } from './deeds.ts'
import type { Human, InSession } from './human.ts'
import { anybody, type Incident, type Moment, someDeeds } from './moment.ts'
import { destination, onTheMove, otherLine } from './people.ts'
import { carrier, exitOf, line, type Spot } from './places.ts'
import { hourMs, minuteMs } from './stage.ts'
import { unlistedVpns, vpns } from './world.ts'

/** On for a few deeds, and off again. */
const vpnOnAndOff = (spotOf: (human: Human) => Spot) =>
  function* ({ human, session, where }: Moment): InSession {
    const through = human.at(spotOf(human), where.device)
    const now = yield* someDeeds(human, session, through, 2 + human.person.random.below(3))
    return yield* someDeeds(human, now, where, 1)
  }

/** Each person has a provider of their own, whose exits change with the day. */
const listedExit = ({ person }: Human): Spot =>
  exitOf(vpns[person.index % vpns.length]!, person.random.below(6), person.random.below(2))
const unlistedExit = ({ person }: Human): Spot =>
  exitOf(unlistedVpns[person.index % unlistedVpns.length]!, person.random.below(6))

/** Some destinations go through the VPN and some do not: two networks in turns. */
function* splitTunnel({ human, session, where }: Moment): InSession {
  const through = human.at(listedExit(human), where.device)
  let now = session
  for (let n = 0; n < 6; n += 1) {
    now = yield* human.act(now, n % 2 === 0 ? through : where, nextDeed(human.person))
    yield human.person.random.around(minuteMs)
  }
  return now
}

/** A line that fails over to another provider's, and back. */
function* twoLines({ human, session, where }: Moment): InSession {
  const { random, company, city } = human.person
  const backup = human.at(otherLine(random, company.country, city), where.device)
  let now = session
  for (let n = 0; n < 5; n += 1) {
    now = yield* human.act(now, n % 2 === 0 ? backup : where, nextDeed(human.person))
    yield random.around(90_000)
  }
  return now
}

function* cafe({ human, session, where }: Moment): InSession {
  const { random, company, city } = human.person
  yield random.around(25 * minuteMs)
  const there = human.at(otherLine(random, company.country, city), where.device)
  return yield* someDeeds(human, session, there, 3)
}

function* hotspot({ human, session, where }: Moment): InSession {
  const there = human.at(onTheMove(human.person), where.device)
  const now = yield* someDeeds(human, session, there, 2)
  return yield* someDeeds(human, now, where, 1)
}

/** By train to another city of the country, the laptop still logged in. */
function* otherCity({ human, session, where }: Moment): InSession {
  const { random, company } = human.person
  yield (3 + random.below(3)) * hourMs
  const city = random.pick(company.country.cities)
  const hotel = human.at(otherLine(random, company.country, city), where.device)
  return yield* someDeeds(human, session, hotel, 3)
}

const abroad = (human: Human): Spot => {
  const { country, city } = destination(human.person.random)
  return otherLine(human.person.random, country, city)
}

/** Half a day in the air; the session goes on at the hotel. */
function* flightGoesOn({ human, session, where }: Moment): InSession {
  const { random } = human.person
  yield (13 + random.below(5)) * hourMs
  return yield* someDeeds(human, session, human.at(abroad(human), where.device), 4)
}

function* flightLogin({ human, session, where }: Moment): InSession {
  const { random } = human.person
  human.logOut(session, where)
  yield (13 + random.below(5)) * hourMs
  const hotel = human.at(abroad(human), where.device)
  const next = yield* human.logIn(hotel, [...session.traits], human.strongMethod())
  return yield* someDeeds(human, next, hotel, 4)
}

/** No second factor at hand, and a payment to make. */
function* holiday({ human, session, where }: Moment): InSession {
  const { random } = human.person
  human.logOut(session, where)
  yield (14 + random.below(8)) * hourMs
  const hotel = human.at(abroad(human), where.device)
  const next = yield* human.logIn(hotel, [...session.traits], 'password', random.below(3))
  return yield* someDeeds(human, next, hotel, 5)
}

/** Abroad on the hotel's wifi and on the home carrier in turns: roaming comes out at home. */
function* roaming({ human, session }: Moment): InSession {
  const { person, phone } = human
  if (phone === null || phone.over) return session
  yield (13 + person.random.below(5)) * hourMs
  const hotel = abroad(human)
  const athome = carrier(person.city, person.carrierAsn, 1)
  phone.traits.add('roaming')
  let now = phone
  for (let n = 0; n < 5; n += 1) {
    const where = human.at(n % 2 === 0 ? hotel : athome, person.phone)
    now = yield* human.act(now, where, nextDeed(person))
    yield person.random.around(3 * minuteMs)
  }
  human.phone = now
  return session
}

/** The provider gives another address, which data places elsewhere in the country. */
function* newLease({ human, session, where }: Moment): InSession {
  const { person } = human
  person.lease += 1
  const { cities } = person.company.country
  const far = cities[(cities.indexOf(person.city) + 1) % cities.length] ?? person.city
  const moved = line(far, person.lineAsn, person.lease * 1_000_000 + person.index)
  return yield* someDeeds(human, session, human.at(moved, where.device), 2)
}

/** A forgotten password on a colleague's line. */
function* typosAway({ human, session, where }: Moment): InSession {
  const { random, company, city } = human.person
  human.logOut(session, where)
  yield random.around(hourMs)
  const there = human.at(otherLine(random, company.country, city), where.device)
  const traits = [...session.traits]
  const next = yield* human.logIn(there, traits, human.usualMethod(), 4 + random.below(4))
  return yield* someDeeds(human, next, there, 3)
}

const uses =
  (persona: 'vpn-listed' | 'vpn-unlisted') =>
  ({ person }: Human): boolean =>
    person.personas.has(persona)

export const moves: readonly Incident[] = [
  { name: 'vpn-listed', chance: 0.6, fits: uses('vpn-listed'), happen: vpnOnAndOff(listedExit) },
  {
    name: 'vpn-unlisted',
    chance: 0.6,
    fits: uses('vpn-unlisted'),
    happen: vpnOnAndOff(unlistedExit),
  },
  { name: 'vpn-once', chance: 0.004, fits: anybody, happen: vpnOnAndOff(listedExit) },
  { name: 'split-tunnel', chance: 0.1, fits: uses('vpn-listed'), happen: splitTunnel },
  { name: 'two-lines', chance: 0.006, fits: anybody, happen: twoLines },
  { name: 'cafe', chance: 0.03, fits: anybody, happen: cafe },
  { name: 'hotspot', chance: 0.03, fits: anybody, happen: hotspot },
  { name: 'other-city', chance: 0.012, fits: anybody, happen: otherCity },
  { name: 'flight-session-goes-on', chance: 0.002, fits: anybody, happen: flightGoesOn },
  { name: 'flight-login', chance: 0.003, fits: anybody, happen: flightLogin },
  { name: 'holiday', chance: 0.002, fits: anybody, happen: holiday },
  { name: 'roaming', chance: 0.003, fits: anybody, happen: roaming },
  { name: 'new-lease', chance: 0.01, fits: anybody, happen: newLease },
  { name: 'typos-away', chance: 0.003, fits: anybody, happen: typosAway },
]
