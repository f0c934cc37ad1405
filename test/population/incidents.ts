/** What comes up on a working day and looks like an attack to a careless rule. */
import { assignRole, exportCustomers, look, nextDeed, payment } from './deeds.ts'
import type { Human, InSession } from './human.ts'
import { anybody, type Incident, type Moment, someDeeds } from './moment.ts'
import { moves } from './moves.ts'
import { deviceOf, type PersonalDevice, upgrade } from './people.ts'
import { labelOf } from './session.ts'
import { minuteMs, secondMs } from './stage.ts'
import { desktopSiteUserAgent, laptopBrowsers } from './world.ts'

function* browserUpgrade({ human, session, where }: Moment): InSession {
  upgrade(human.person.laptop)
  return yield* human.act(session, where, nextDeed(human.person))
}

/** Other devices, other browsers: each with a login of its own, the old session lives on. */
function* loginOn(moment: Moment, device: PersonalDevice): InSession {
  const { human, session, where } = moment
  const there = human.at(where.spot, device)
  const traits = [...session.traits]
  yield* someDeeds(human, yield* human.logIn(there, traits, human.strongMethod()), there, 3)
  return session
}

function* secondBrowser(moment: Moment): InSession {
  const { person } = moment.human
  const browser = person.random.pick(laptopBrowsers)
  return yield* loginOn(moment, deviceOf(`browser-${person.index}-${browser.name}`, browser, 140))
}

function* newLaptop(moment: Moment): InSession {
  const { human, session, where } = moment
  const { person } = human
  const browser = person.random.pick(laptopBrowsers)
  human.logOut(session, where)
  person.laptop = deviceOf(`${person.laptop.id}b`, browser, 141)
  const there = human.at(where.spot, person.laptop)
  const next = yield* human.logIn(there, [...session.traits], human.strongMethod())
  return yield* someDeeds(human, next, there, 2)
}

/** The new phone gets an authenticator, which the next logins use. */
function* newPhone({ human, session, where }: Moment): InSession {
  const { person } = human
  const old = person.phone
  person.phone = deviceOf(`${old.id}b`, old.browser, old.version + 1)
  const there = human.at(where.spot, person.phone)
  if (human.phone !== null) human.logOut(human.phone, there)
  const traits = ['phone', ...session.traits]
  let phone = yield* human.logIn(there, traits, human.strongMethod())
  phone = yield* human.act(phone, there, { name: 'passkeys.add', access: 'write', sensitive: true })
  if (!phone.blocks(true)) {
    const credential = { id: `passkey-${person.phone.id}`, kind: 'passkey', change: 'create' }
    phone.send('credential-change', there, { credential, initiator: 'user' })
  }
  yield secondMs
  human.phone = yield* human.act(phone, there, look)
  return session
}

function* passwordChange({ human, session, where }: Moment): InSession {
  const credential = { id: `password-${human.person.index}`, kind: 'password', change: 'update' }
  session.send('credential-change', where, { credential, initiator: 'user' })
  yield secondMs
  return yield* human.act(session, where, nextDeed(human.person))
}

/** A role is granted because it is needed, and so it is used within minutes. */
function* grantedRole({ human, session, where }: Moment): InSession {
  const { person, stage } = human
  stage.send(
    {
      id: stage.nextId(),
      type: 'privilege-change',
      source: person.company.name,
      occurredAt: new Date(stage.now).toISOString(),
      subject: { id: person.id, kind: 'human' },
      initiator: 'admin',
      privileges: ['role:approver'],
      label: labelOf(session.traits, undefined),
    },
    100,
  )
  yield (2 + person.random.below(10)) * minuteMs
  return yield* human.act(session, where, assignRole)
}

/** "Request desktop site", in the phone's session. */
function* desktopSite({ human, session }: Moment): InSession {
  const { phone } = human
  if (phone !== null && !phone.over) {
    phone.traits.add('desktop-site')
    const where = human.atHome({ ...human.person.phone, userAgent: desktopSiteUserAgent })
    human.phone = yield* someDeeds(human, phone, where, 2)
  }
  return session
}

/** A request copied from the browser as a command, at the desk. */
function* copyAsCurl({ human, session, where }: Moment): InSession {
  const curl = { id: '', print: '', userAgent: 'curl/8.9.1' }
  const now = yield* human.act(session, human.at(where.spot, curl), look)
  return yield* someDeeds(human, now, where, 2)
}

function* firstExport({ human, session, where }: Moment): InSession {
  return yield* human.act(session, where, exportCustomers)
}

function* bigPayment({ human, session, where }: Moment): InSession {
  return yield* human.act(session, where, payment(5_000 + human.person.random.below(20_000)))
}

const isIphone = ({ person }: Human): boolean => person.phone.browser.name === 'safari-iphone'

export const incidents: readonly Incident[] = [
  ...moves,
  { name: 'browser-upgrade', chance: 0.05, fits: anybody, happen: browserUpgrade },
  { name: 'second-browser', chance: 0.01, fits: anybody, happen: secondBrowser },
  { name: 'new-laptop', chance: 0.003, fits: anybody, happen: newLaptop },
  { name: 'new-phone', chance: 0.004, fits: anybody, happen: newPhone },
  { name: 'password-change', chance: 0.006, fits: anybody, happen: passwordChange },
  { name: 'granted-role', chance: 0.001, fits: anybody, happen: grantedRole },
  { name: 'desktop-site', chance: 0.01, fits: isIphone, happen: desktopSite },
  { name: 'copy-as-curl', chance: 0.001, fits: anybody, happen: copyAsCurl },
  { name: 'first-export', chance: 0.004, fits: anybody, happen: firstExport },
  { name: 'big-payment', chance: 0.02, fits: anybody, happen: bigPayment },
]
