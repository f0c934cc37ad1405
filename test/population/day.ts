/** A person's days: a session on the laptop that lasts a working day, one on the phone that lasts for weeks. */

import { nextDeed } from './deeds.ts'
import type { Human, InSession } from './human.ts'
import { incidents } from './incidents.ts'
import type { Moment } from './moment.ts'
import { behindRelay, home, onTheMove, otherLine, upgrade } from './people.ts'
import { exitOf, type Spot } from './places.ts'
import type { LiveSession } from './session.ts'
import { dayMs, hourMs, minuteMs, type Script } from './stage.ts'
import type { Device, Where } from './wire.ts'
import { appUserAgent, clouds, webViewUserAgent } from './world.ts'

/** Days for which a phone's session is kept. */
const phoneSessionDays = 10

/** A life, from the stage's start on. */
export function* live(human: Human): Script {
  const { person, stage } = human
  const { random } = person
  human.play(phoneLife(human), random.below(dayMs))
  for (;;) {
    const midnight = Math.floor(stage.now / dayMs) * dayMs
    const morning = (8 - person.utcOffset + random.next() * 2) * hourMs
    const begin = midnight + morning + (morning < 0 ? dayMs : 0)
    if (begin > stage.now) yield begin - stage.now
    const weekday = new Date(stage.now).getUTCDay()
    const works = weekday >= 1 && weekday <= 5 ? random.chance(0.92) : random.chance(0.12)
    if (works) yield* workingDay(human)
    if (person.personas.has('on-call') && random.chance(0.25)) yield* nightCall(human)
    if (random.chance(0.03)) person.lease += 1
    const next = (Math.floor(stage.now / dayMs) + 1) * dayMs
    yield next - stage.now
  }
}

function* workingDay(human: Human): Script {
  const { person, stage } = human
  const { random, laptop } = person
  const has = person.personas
  const where = (): Where => human.at(workSpot(human, atOffice), laptop)
  const atOffice = random.chance(has.has('commuter') ? 0.8 : 0.35)
  if (has.has('shared-tablet')) yield* tabletShift(human)
  if (has.has('cloud-desktop') && random.chance(0.6)) yield* cloudDesktop(human)
  const typos = random.chance(0.05) ? 1 + random.below(6) : 0
  const traits = [...(has.has('admin') ? ['admin'] : [])]
  if (person.company.signsOnOnce) yield* signOn(human, where())
  let session = yield* human.logIn(where(), traits, human.usualMethod(), typos)
  human.laptop = session
  const until = stage.now + (6 + random.next() * 3) * hourMs
  const happens = incidents.filter(({ chance, fits }) => random.chance(chance) && fits(human))
  const planned = new Map(happens.map((incident) => [1 + random.below(8), incident]))
  for (let n = 0; stage.now < until; n += 1) {
    session = human.laptop ?? session
    const incident = planned.get(n)
    const moment: Moment = { human, session, where: where() }
    if (incident !== undefined) {
      session.traits.add(incident.name)
      session = yield* incident.happen(moment)
    } else session = yield* human.act(session, moment.where, nextDeed(person))
    human.laptop = session
    yield random.around(38 * minuteMs)
  }
  if (random.chance(0.6)) human.logOut(session, where())
  human.laptop = null
}

/** The sign-on session of which the app sessions are children. */
function* signOn(human: Human, where: Where): Script {
  if (human.signOn !== null && !human.signOn.over && human.person.random.chance(0.5)) return
  human.signOn = null
  const session = yield* human.logInOnce(where, ['sign-on'])
  human.signOn = session
}

function workSpot(human: Human, atOffice: boolean): Spot {
  const { person } = human
  const { random, company, personas: has } = person
  if (atOffice) {
    // Egress follows the load balancer, not the desk.
    const roams = has.has('corporate-egress') && company.offices.length > 1
    const spot = roams ? random.pick(company.offices) : company.offices[0]
    if (spot !== undefined) return roams ? { ...spot, traits: ['corporate-egress'] } : spot
  }
  if (has.has('private-relay') && random.chance(0.5)) return behindRelay(person)
  return home(person)
}

/** The phone looks in a few times a day, from wherever it is: one session for weeks. */
function* phoneLife(human: Human): Script {
  const { person, stage } = human
  const { random } = person
  let begun = 0
  for (;;) {
    const hour = (((Math.floor(stage.now / hourMs) + person.utcOffset) % 24) + 24) % 24
    if (hour < 7 || hour > 22 || human.away === 'on the way') {
      yield random.around(3 * hourMs)
      continue
    }
    let session = human.phone
    const spot = phoneSpot(human)
    const expired = stage.now - begun > phoneSessionDays * dayMs
    if (session === null || session.over || expired) {
      if (session !== null && !session.over) human.logOut(session, human.at(spot, person.phone))
      session = yield* human.logIn(human.at(spot, person.phone), ['phone'])
      begun = stage.now
    }
    human.phone = yield* lookIn(human, session)
    yield random.around(4 * hourMs)
  }
}

/** A few deeds on the phone; it may change between wifi and carrier meanwhile. */
function* lookIn(human: Human, begun: LiveSession): InSession {
  const { person } = human
  const { random } = person
  let session = begun
  let spot = phoneSpot(human)
  if (human.laptop !== null && !human.laptop.over) session.traits.add('two-devices')
  for (let n = 1 + random.below(4); n > 0; n -= 1) {
    if (random.chance(0.25)) {
      spot = phoneSpot(human)
      session.traits.add('wifi-and-carrier')
    }
    if (random.chance(0.003)) {
      upgrade(person.phone)
      session.traits.add('system-upgrade')
    }
    const where = human.at(spot, phoneClient(human, session))
    session = yield* human.act(session, where, nextDeed(person))
    yield random.around(3 * minuteMs)
  }
  return session
}

/** In some apps half of the screens are web pages: two user agents in one session. */
function phoneClient(human: Human, session: LiveSession): Device {
  const { person } = human
  if (!person.company.hybridApp || person.phone.browser.name !== 'chrome-android') {
    return person.phone
  }
  session.traits.add('hybrid-app')
  const userAgent = person.random.chance(0.5) ? webViewUserAgent : appUserAgent
  return { ...person.phone, userAgent }
}

function phoneSpot(human: Human): Spot {
  const { person, away } = human
  const { random, personas: has } = person
  const lot = random.next()
  // Abroad, a phone off the wifi comes out at its own carrier, at home.
  if (away !== null) return away === 'on the way' || lot < 0.3 ? onTheMove(person) : away
  if (lot < 0.45) return home(person)
  if (has.has('commuter') && lot < 0.55) {
    const train = otherLine(random, person.company.country, person.city)
    return { ...train, traits: [...train.traits, 'train-wifi'] }
  }
  const isApple = person.phone.browser.name === 'safari-iphone'
  if (has.has('private-relay') && isApple && lot < 0.8) return behindRelay(person)
  return onTheMove(person)
}

/** A short session on a device that colleagues use as well. */
function* tabletShift(human: Human): Script {
  const { person } = human
  const tablet = person.random.pick(person.company.tablets)
  const spot = person.company.offices[0]
  if (spot === undefined) return
  const where = human.at(spot, tablet)
  let session = yield* human.logIn(where, ['shared-tablet'])
  for (let n = 2 + person.random.below(3); n > 0; n -= 1) {
    session = yield* human.act(session, where, nextDeed(person))
    yield person.random.around(4 * minuteMs)
  }
  human.logOut(session, where)
}

const cloudSpotOf = ({ person }: Human): Spot => exitOf(clouds[person.index % 2]!, person.index, 0)

/** A desktop that runs at a cloud, used in the browser there. */
function* cloudDesktop(human: Human): Script {
  const { person } = human
  const where = human.at(cloudSpotOf(human), {
    ...person.laptop,
    id: `desktop-${person.index}`,
    print: `desktop-${person.index}`,
  })
  let session = yield* human.logIn(where, ['cloud-desktop'])
  for (let n = 2 + person.random.below(4); n > 0; n -= 1) {
    session = yield* human.act(session, where, nextDeed(person))
    yield person.random.around(10 * minuteMs)
  }
}

/** Woken at night: home, the laptop, a secret to read. */
function* nightCall(human: Human): Script {
  const { person, stage } = human
  const wake = (Math.floor(stage.now / dayMs) + 1) * dayMs + (1 + person.random.below(4)) * hourMs
  yield Math.max(minuteMs, wake - person.utcOffset * hourMs - stage.now)
  const where = human.atHome(person.laptop)
  let session = yield* human.logIn(where, ['on-call'])
  for (const deed of [nextDeed(person), { name: 'secrets.read', sensitive: true }]) {
    session = yield* human.act(session, where, deed)
    yield person.random.around(5 * minuteMs)
  }
  human.logOut(session, where)
}
