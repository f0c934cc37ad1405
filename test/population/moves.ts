/** Changes of network and place that honest people make within a day. */
import { nextDeed } from './deeds.ts'
import type { Human, InSession } from './human.ts'
import { anybody, type Incident, type Moment, someDeeds } from './moment.ts'
import { destination, onTheMove, otherLine } from './people.ts'
import { carrier, distanceKm, exitOf, line, type Spot } from './places.ts'
import { hourMs, minuteMs, type Script } from './stage.ts'
import { type City, unlistedVpns, vpns } from './world.ts'

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

/** By train or by air: what nobody does faster, with the ways to the station and from it. */
function* travel(human: Human, from: City, to: City, then: Human['away']): Script {
  human.away = 'on the way'
  const km = distanceKm(from, to)
  yield (1 + human.person.random.next() + (km > 700 ? 2 + km / 700 : km / 120)) * hourMs
  human.away = then
}

/** Somewhere else for some hours, and back. */
function* trip(human: Human, to: City, spot: Spot, doThere: (spot: Spot) => InSession): InSession {
  const { city, random } = human.person
  yield* travel(human, city, to, spot)
  const session = yield* doThere(spot)
  yield (1 + random.below(18)) * hourMs
  yield* travel(human, to, city, null)
  return session
}

/** Another city of the country, the laptop still logged in. */
function* otherCity({ human, session, where }: Moment): InSession {
  const { random, company } = human.person
  const city = random.pick(company.country.cities)
  const hotel = otherLine(random, company.country, city)
  return yield* trip(human, city, hotel, (spot) =>
    someDeeds(human, session, human.at(spot, where.device), 3),
  )
}

/** A flight, a hotel abroad, and home again. */
function abroad(human: Human, doThere: (spot: Spot) => InSession): InSession {
  const { random } = human.person
  const { country, city } = destination(random)
  return trip(human, city, otherLine(random, country, city), doThere)
}

/** The session goes on at the hotel. */
const flightGoesOn = ({ human, session, where }: Moment): InSession =>
  abroad(human, (spot) => someDeeds(human, session, human.at(spot, where.device), 4))

/** A new login at the hotel. */
function* flightLogin({ human, session, where }: Moment): InSession {
  human.logOut(session, where)
  return yield* abroad(human, function* (spot) {
    const hotel = human.at(spot, where.device)
    const next = yield* human.logIn(hotel, [...session.traits], human.strongMethod())
    return yield* someDeeds(human, next, hotel, 4)
  })
}

/** No second factor at hand, and a payment to make. */
function* holiday({ human, session, where }: Moment): InSession {
  human.logOut(session, where)
  return yield* abroad(human, function* (spot) {
    const hotel = human.at(spot, where.device)
    const typos = human.person.random.below(3)
    const next = yield* human.logIn(hotel, [...session.traits], 'password', typos)
    return yield* someDeeds(human, next, hotel, 5)
  })
}

/** Abroad on the hotel's wifi and on the home carrier in turns: roaming comes out at home. */
const roaming = ({ human, session }: Moment): InSession =>
  abroad(human, function* (hotel) {
    const { person, phone } = human
    if (phone === null || phone.over) return session
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
  })

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
