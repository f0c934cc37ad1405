/** Attacks that begin with a login of their own: with what was phished, guessed or bought. */
import { addPasskey } from './deeds.ts'
import type { Human } from './human.ts'
import type { Person } from './people.ts'
import type { Spot } from './places.ts'
import {
  type Attack,
  anyVictim,
  lairs,
  lookAround,
  ownDevice,
  prize,
  type Raid,
  sending,
  steal,
} from './raid.ts'
import { type LiveSession, labelOf } from './session.ts'
import { minuteMs, type Script, secondMs } from './stage.ts'
import { assurances, type Method, seenFrom, type Where } from './wire.ts'

const usesCodes = ({ person }: Human): boolean => person.company.login !== 'passkey'
const passwordsOnly = ({ person }: Human): boolean => person.company.login === 'password'

/** The thief's login, successful. Its session is no one else's. */
function* logIn(
  raid: Raid,
  human: Human,
  where: Where,
  method: Method,
): Generator<number, LiveSession> {
  const session = human.open(where)
  session.send('login', where, { assurance: assurances[method] }, sending(raid))
  yield raid.random.around(minuteMs)
  return session
}

/** Passes the victim's password and code on to the app, then enrols a passkey of its own. */
const inTheMiddle = (kind: string, lair: (raid: Raid, victim: Person) => Spot): Attack => ({
  kind,
  begin(raid, { humans }) {
    const human = anyVictim(raid, humans, usesCodes)
    if (human === null) return null
    return phish(raid, human, { spot: lair(raid, human.person), device: ownDevice(raid) })
  },
})

function* phish(raid: Raid, human: Human, where: Where): Script {
  const session = yield* logIn(raid, human, where, 'code')
  yield* lookAround(raid, session, where, 1)
  yield* steal(raid, session, where, addPasskey, ['code'])
  if (session.blocks(true)) return
  const credential = { id: `passkey-${raid.case}`, kind: 'passkey', change: 'create' }
  session.send('credential-change', where, { credential, initiator: 'user' }, sending(raid))
}

/** The victim approves what the phone asks, to have peace; once in a while. */
const fatigue: Attack = {
  kind: 'mfa-fatigue',
  begin(raid, { humans }) {
    const human = anyVictim(raid, humans, usesCodes)
    return human && wearDown(raid, human)
  },
}

function* wearDown(raid: Raid, human: Human): Script {
  const spot = raid.random.chance(0.5) ? lairs.hosting(raid) : lairs.abroad(raid)
  const where = { spot, device: ownDevice(raid) }
  const session = yield* logIn(raid, human, where, 'push')
  yield* lookAround(raid, session, where, 2)
  yield* steal(raid, session, where, prize(raid), raid.random.chance(0.5) ? ['push'] : [])
}

function fail(raid: Raid, { person, stage }: Human, where: Where): void {
  stage.send(
    {
      id: stage.nextId(),
      type: 'login',
      source: person.company.name,
      occurredAt: new Date(stage.now).toISOString(),
      subject: { id: person.id, kind: 'human' },
      ...seenFrom(where, person.company, false),
      outcome: 'failure',
      label: labelOf(new Set(), sending(raid).attack),
    },
    100,
  )
}

/** One password tried on many people from one server, and somebody has it. */
const spraying: Attack = {
  kind: 'password-spraying',
  begin(raid, { humans }) {
    const human = anyVictim(raid, humans, passwordsOnly)
    return human && spray(raid, human, humans)
  },
}

function* spray(raid: Raid, human: Human, humans: readonly Human[]): Script {
  const where = { spot: lairs.hosting(raid), device: ownDevice(raid) }
  for (let n = 0; n < 40; n += 1) {
    fail(raid, raid.random.pick(humans), where)
    yield 2 * secondMs
  }
  yield* enter(raid, human, where)
}

/** Passwords of one person from other sites' leaks, through other people's lines. */
const stuffing: Attack = {
  kind: 'credential-stuffing',
  begin(raid, { humans }) {
    const human = anyVictim(raid, humans, passwordsOnly)
    return human && stuff(raid, human)
  },
}

function* stuff(raid: Raid, human: Human): Script {
  const spot = raid.random.chance(0.5) ? lairs.abroad(raid) : lairs.sameCountry(raid, human.person)
  const where = { spot, device: ownDevice(raid) }
  for (let n = 5 + raid.random.below(4); n > 0; n -= 1) {
    fail(raid, human, where)
    yield 5 * secondMs
  }
  yield* enter(raid, human, where)
}

function* enter(raid: Raid, human: Human, where: Where): Script {
  const session = yield* logIn(raid, human, where, 'password')
  yield* lookAround(raid, session, where, 2)
  yield* steal(raid, session, where, prize(raid), ['password'])
}

export const loginAttacks: readonly Attack[] = [
  inTheMiddle('in-the-middle-hosting', lairs.hosting),
  inTheMiddle('in-the-middle-proxy', lairs.sameCountry),
  fatigue,
  spraying,
  stuffing,
]
