/** Every kind of attack, and when each is tried. */

import { assignRole, look } from './deeds.ts'
import type { Human } from './human.ts'
import { loginAttacks } from './login-attacks.ts'
import { machineAttacks } from './machine-attacks.ts'
import type { Person } from './people.ts'
import type { Spot } from './places.ts'
import {
  type Attack,
  disguise,
  lairs,
  lookAround,
  prize,
  type Raid,
  script,
  sending,
  steal,
  type Targets,
  victimAtWork,
} from './raid.ts'
import { seeded, seedFor } from './random.ts'
import type { LiveSession } from './session.ts'
import { labelOf } from './session.ts'
import { dayMs, hourMs, minuteMs, type Script, type Stage, secondMs } from './stage.ts'
import type { Device, Where } from './wire.ts'

type Lair = (raid: Raid, victim: Person) => Spot

/** A copied cookie, used minutes after its owner. */
const stolen = (
  kind: string,
  lair: Lair,
  device: (raid: Raid, victim: Device) => Device = disguise,
): Attack => ({
  kind,
  begin(raid, { humans }) {
    const found = victimAtWork(raid, humans)
    if (found === null) return null
    const { human, session } = found
    const where = { spot: lair(raid, human.person), device: device(raid, session.where.device) }
    return ride(raid, session, where)
  },
})

function* ride(raid: Raid, session: LiveSession, where: Where): Script {
  yield raid.random.around(10 * minuteMs)
  yield* lookAround(raid, session, where, 1 + raid.random.below(3))
  yield* steal(raid, session, where, prize(raid))
}

/** One look, ten hours of patience, then the deed: on the phone's session, which lasts. */
const patientThief: Attack = {
  kind: 'patient-thief',
  begin(raid, { humans }) {
    const found = victimAtWork(raid, humans, ({ phone }) => phone !== null && !phone.over)
    const session = found?.human.phone
    if (!found || !session) return null
    const where = { spot: lairs.abroad(raid), device: disguise(raid, session.where.device) }
    return wait(raid, session, where)
  },
}

function* wait(raid: Raid, session: LiveSession, where: Where): Script {
  yield* lookAround(raid, session, where, 1)
  yield 10 * hourMs
  yield* steal(raid, session, where, prize(raid))
}

/** Both use the session, within the same minutes. */
const turns = (kind: string, lair: Lair): Attack => ({
  kind,
  begin(raid, { humans }) {
    const found = victimAtWork(raid, humans)
    if (found === null) return null
    const { human, session } = found
    const device = disguise(raid, session.where.device)
    return alternate(raid, session, { spot: lair(raid, human.person), device })
  },
})

function* alternate(raid: Raid, session: LiveSession, thief: Where): Script {
  const victim = session.where
  for (let n = 0; n < 3 && !session.over; n += 1) {
    yield* lookAround(raid, session, thief, 1)
    if (!session.blocks(false)) session.send('action', victim, { action: look })
    yield raid.random.around(minuteMs)
  }
  yield* steal(raid, session, thief, prize(raid))
}

/** An event of the session under another name: a fixed session id, or a token that was exchanged. */
const subjectMismatch: Attack = {
  kind: 'subject-mismatch',
  begin(raid, { humans }) {
    const found = victimAtWork(raid, humans)
    return found && impersonate(raid, found.session)
  },
}

function* impersonate(raid: Raid, session: LiveSession): Script {
  const where = {
    spot: lairs.sameCountry(raid, raid.humans[0]!.person),
    device: session.where.device,
  }
  const subject = { id: `thief-${raid.case}`, kind: 'human' }
  session.send('action', where, { action: look, subject }, sending(raid))
  yield minuteMs
  yield* steal(raid, session, where, prize(raid))
}

const refreshReuse: Attack = {
  kind: 'refresh-token-reused',
  begin(raid, { humans }) {
    const found = victimAtWork(raid, humans)
    return found && refreshAgain(raid, found.session)
  },
}

function* refreshAgain(raid: Raid, session: LiveSession): Script {
  const where = { spot: lairs.hosting(raid), device: disguise(raid, session.where.device) }
  const credential = { id: `refresh-${session.id}`, kind: 'session-token', status: 'reused' }
  session.send('action', where, { action: look, credential }, sending(raid))
  yield minuteMs
  yield* steal(raid, session, where, prize(raid))
}

/** Software on the victim's own device, in the victim's own session: nothing is different. Known to be invisible. */
const malware: Attack = {
  kind: 'malware-on-own-device',
  begin(raid, { humans }) {
    const found = victimAtWork(raid, humans)
    return found && ride(raid, found.session, found.session.where)
  },
}

/** Rights for oneself, or from a friend, and their use at once. */
const insider: Attack = {
  kind: 'insider-grant',
  begin(raid, { humans }) {
    const found = victimAtWork(raid, humans, ({ person }) => !person.personas.has('admin'))
    return found && escalate(raid, found.human, found.session)
  },
}

function* escalate(raid: Raid, { person, stage }: Human, session: LiveSession): Script {
  stage.send(
    {
      id: stage.nextId(),
      type: 'privilege-change',
      source: person.company.name,
      occurredAt: new Date(stage.now).toISOString(),
      subject: { id: person.id, kind: 'human' },
      initiator: raid.random.chance(0.5) ? 'user' : 'admin',
      privileges: ['role:owner'],
      label: labelOf(new Set(), sending(raid).attack),
    },
    100,
  )
  yield 3 * minuteMs
  // An insider has a password and a phone: what is asked of people at LOW is no hindrance.
  yield* steal(raid, session, session.where, assignRole, ['password', 'code'])
}

export const attacks: readonly Attack[] = [
  stolen('stolen-cookie-abroad', lairs.abroad),
  stolen('stolen-cookie-carrier-abroad', lairs.carrierAbroad),
  stolen('stolen-cookie-hosting', lairs.hosting),
  stolen('stolen-cookie-vpn', lairs.vpn),
  stolen('stolen-cookie-same-country', lairs.sameCountry),
  stolen('stolen-cookie-same-network', lairs.sameNetwork),
  stolen('cookie-in-script-hosting', lairs.hosting, () => script),
  stolen('cookie-in-script-proxy', lairs.sameCountry, () => script),
  patientThief,
  turns('victim-and-thief', lairs.abroad),
  turns('victim-and-thief-vpn', lairs.vpn),
  turns('victim-and-thief-same-country', lairs.sameCountry),
  subjectMismatch,
  refreshReuse,
  malware,
  insider,
  ...loginAttacks,
  ...machineAttacks,
]

/** So many people for each attack of a kind. */
const peopleForAttack = 80
const retryMs = 15 * minuteMs
const retriesMax = 200

/** Plans each kind of attack at times of its own, when habits are some days old. */
export function attack(
  on: Targets & { readonly seed: number; readonly days: number; readonly stage: Stage },
): void {
  const count = Math.max(1, Math.round(on.humans.length / peopleForAttack))
  const quietDays = Math.min(5, on.days / 2)
  for (const [index, kind] of attacks.entries()) {
    for (let n = 0; n < count; n += 1) {
      const random = seeded(seedFor(on.seed, 10 + index, n))
      const raid: Raid = {
        stage: on.stage,
        random,
        kind: kind.kind,
        case: `${kind.kind}-${n}`,
        humans: on.humans,
      }
      const span = Math.max(1, on.days - quietDays - 1) * dayMs
      on.stage.play(attempt(kind, raid, on), quietDays * dayMs + random.below(span))
    }
  }
}

/** Waits until somebody fits. */
function* attempt(kind: Attack, raid: Raid, targets: Targets): Script {
  for (let tries = 0; tries < retriesMax; tries += 1) {
    const begun = kind.begin(raid, targets)
    if (begun !== null) {
      yield* begun
      return
    }
    yield retryMs + raid.random.below(30 * secondMs)
  }
}
