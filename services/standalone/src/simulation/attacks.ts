/** The attacks that walk in: each takes over the live session of one person. */
import type { Agenda } from './agenda.ts'
import type { EventMaker, SentEvent, Where } from './events.ts'
import type { Spot } from './people.ts'
import type { LiveSession, PersonLife } from './person-life.ts'
import type { Random } from './random.ts'
import { type City, farCities, hostingCities } from './world.ts'

export interface Raid {
  readonly life: PersonLife
  readonly session: LiveSession
  readonly make: EventMaker
  readonly random: Random
}

/** What happens, `afterMs` after the attack begins, at speed 1. */
interface Step {
  readonly afterMs: number
  readonly send: (at: number) => SentEvent
}

export interface Attack {
  readonly name: string
  /** Whether this victim answers the prompt that comes of it. */
  readonly victimAnswers: (life: PersonLife) => boolean
  readonly fits: (life: PersonLife) => boolean
  readonly steps: (raid: Raid) => readonly Step[]
}

const thiefAsn = 65_000

/** The thief's line in a far city: a home like any other, so nothing but the distance tells. */
function farAway(random: Random): Spot {
  const index = random.below(farCities.length)
  const city = farCities[index] as City
  return { ip: `203.0.113.${150 + index}`, kind: 'residential', asn: thiefAsn + index, city }
}

function rentedServer(random: Random): Spot {
  const index = random.below(hostingCities.length)
  const city = hostingCities[index] as City
  return { ip: `203.0.113.${180 + index}`, kind: 'hosting', asn: thiefAsn + 100 + index, city }
}

/** What lies beside the cookie is copied with it; a fingerprint does not. */
function disguise({ device }: Where): Where['device'] {
  const { fingerprint: _, ...copied } = device
  return copied
}

const look = { name: 'orders.list', access: 'read' }

const act = (
  { life, session, make }: Raid,
  where: Where,
  action: Readonly<Record<string, unknown>>,
) => {
  return (at: number): SentEvent => make.action(at, life.person, session.id, where, action)
}

/** A copied cookie, the same user agent, another country minutes later. The victim answers from home. */
const stolenCookie: Attack = {
  name: 'stolen cookie',
  victimAnswers: () => true,
  fits: () => true,
  steps(raid) {
    const thief = { device: disguise(raid.session.where), spot: farAway(raid.random) }
    return [{ afterMs: 0, send: act(raid, thief, look) }]
  },
}

/** Victim and thief use the session in turns; nobody answers the prompt. */
const takingTurns: Attack = {
  name: 'victim and thief take turns',
  victimAnswers: () => false,
  fits: () => true,
  steps(raid) {
    const victim = raid.session.where
    const thief = { device: disguise(victim), spot: farAway(raid.random) }
    return [victim, thief, victim, thief, victim].map((where, turn) => ({
      afterMs: turn * 1_500,
      send: act(raid, where, look),
    }))
  },
}

/** The cookie in a script on a rented server, which looks around and then exports. */
const cookieInScript: Attack = {
  name: 'cookie in a script',
  // Who exports every day is asked to prove it; anybody else's session is revoked at the export.
  victimAnswers: (life) => life.promoted,
  fits: () => true,
  steps(raid) {
    const device = { userAgent: 'python-requests/2.32.5' }
    const script = { spot: rentedServer(raid.random), device }
    return [
      { afterMs: 0, send: act(raid, script, look) },
      { afterMs: 3_000, send: act(raid, script, { name: 'customers.export' }) },
    ]
  },
}

/** A role is granted and used within minutes, by somebody who never had such a right. */
const freshRole: Attack = {
  name: 'granted role, used at once',
  victimAnswers: () => true,
  fits: (life) => !life.promoted,
  steps(raid) {
    const { life, make, session } = raid
    life.promoted = true
    const use = { name: 'iam.role.assign', resource: 'somebody-else' }
    return [
      { afterMs: 0, send: (at) => make.grant(at, life.person, 'role:finance-admin') },
      { afterMs: 3_000, send: act(raid, session.where, use) },
    ]
  },
}

/** In the order in which they come. */
export const attacks: readonly Attack[] = [stolenCookie, takingTurns, cookieInScript, freshRole]

/** Puts an attack on the agenda; `onSent` is told of each of its events. */
export function raid(
  attack: Attack,
  of: Raid,
  on: { readonly agenda: Agenda; readonly at: number; readonly speed: number },
  onSent: () => void,
): void {
  of.life.hold(on.at)
  for (const { afterMs, send } of attack.steps(of)) {
    on.agenda.add(on.at + Math.round(afterMs / on.speed), (t) => {
      onSent()
      return [send(t)]
    })
  }
}
