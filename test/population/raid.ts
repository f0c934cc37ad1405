/** What thieves have in common: whom they rob, what they look like, and how they do the deed. */

import type { Agent } from './agents.ts'
import { addPasskey, exportCustomers, look, payment, readSecret } from './deeds.ts'
import type { Deed, Human } from './human.ts'
import type { Workload } from './machines.ts'
import { destination, otherLine, type Person } from './people.ts'
import { carrier, exitOf, line, type Spot } from './places.ts'
import type { Random } from './random.ts'
import type { LiveSession, Sending } from './session.ts'
import { minuteMs, type Script, type Stage, secondMs } from './stage.ts'
import { assurances, type Device, type Method, reaches, type Where } from './wire.ts'
import { hosting, vpns } from './world.ts'

/** One attack, from its first event to its deed. */
export interface Raid {
  readonly stage: Stage
  readonly random: Random
  readonly kind: string
  /** Unique among all attacks. */
  readonly case: string
  readonly humans: readonly Human[]
}

export interface Targets {
  readonly humans: readonly Human[]
  readonly machines: readonly Workload[]
  readonly agents: readonly Agent[]
}

/** One kind of attack. */
export interface Attack {
  readonly kind: string
  /** Finds somebody to rob just now, and begins; null where nobody fits. */
  readonly begin: (raid: Raid, targets: Targets) => Script | null
}

export const sending = (raid: Raid, harm = false): Sending => ({
  attack: { kind: raid.kind, case: raid.case, harm },
})

/** Where thieves come from. */
export const lairs = {
  abroad: ({ random }: Raid): Spot => {
    const { country, city } = destination(random)
    return otherLine(random, country, city)
  },
  /** A phone's own carrier, in another country. */
  carrierAbroad: ({ random }: Raid): Spot => {
    const { country, city } = destination(random)
    return carrier(city, random.pick(country.carriers), 100 + random.below(12))
  },
  hosting: ({ random }: Raid): Spot => exitOf(random.pick(hosting), 900 + random.below(50)),
  vpn: ({ random }: Raid): Spot => exitOf(random.pick(vpns), 900 + random.below(50)),
  /** Another line of the victim's country, as proxies rent them out. */
  sameCountry: ({ random }: Raid, { company, lineAsn }: Person): Spot => {
    const { country } = company
    const asn = random.pick(country.lines.filter((of) => of !== lineAsn))
    return line(random.pick(country.cities), asn, 950_000_000 + random.below(100_000))
  },
  sameNetwork: ({ random }: Raid, { city, lineAsn }: Person): Spot =>
    line(city, lineAsn, 970_000_000 + random.below(100_000)),
} as const

/** A browser made to look like the victim's: the device id lies beside the cookie, few can copy the fingerprint. */
export function disguise(raid: Raid, victim: Device): Device {
  const copiesId = raid.random.chance(0.5)
  const copiesPrint = copiesId && raid.random.chance(0.2)
  return {
    id: copiesId ? victim.id : '',
    print: copiesPrint ? victim.print : raid.random.chance(0.7) ? `thief-${raid.case}` : '',
    userAgent: victim.userAgent,
  }
}

/** The thief's own machine. */
export const ownDevice = ({ case: of }: Raid): Device => ({
  id: `thief-${of}`,
  print: `thief-${of}`,
  userAgent:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
})

export const script: Device = { id: '', print: '', userAgent: 'python-requests/2.32.5' }

export const prize = ({ random }: Raid): Deed =>
  random.pick([exportCustomers, payment(5_000), addPasskey, readSecret])

/** Reads a little, as far as the app lets. */
export function* lookAround(raid: Raid, session: LiveSession, where: Where, times: number): Script {
  for (let n = 0; n < times; n += 1) {
    const refused = session.blocks(false) ? { outcome: 'failure' } : {}
    session.send('action', where, { action: look, ...refused }, sending(raid))
    yield secondMs + raid.random.around(2 * minuteMs)
  }
}

/** Thieves who act on in a session that is over, with an app that lets them. */
const unenforcedShare = 0.2
const triesMax = 2

/**
 * Does what the thief came for: the app asks before, and where it is stopped the thief answers with what can be
 * passed on, or waits for the victim to answer and tries again.
 */
export function* steal(
  raid: Raid,
  session: LiveSession,
  where: Where,
  { sensitive: _, ...action }: Deed,
  relays: readonly Method[] = [],
): Script {
  for (let tries = 0; tries < triesMax; tries += 1) {
    session.send('action', where, { action, outcome: 'attempted' }, sending(raid, true))
    yield secondMs
    if (!session.blocks(true)) {
      session.send('action', where, { action }, sending(raid, true))
      return
    }
    if (session.over) break
    const method = relays.find((m) => reaches(m, session.stepUp?.acrValues ?? []))
    if (method === undefined) {
      yield 4 * minuteMs
      continue
    }
    yield raid.random.around(40 * secondMs)
    session.send('reauthentication', where, { assurance: assurances[method] }, sending(raid))
    yield secondMs
  }
  if (!session.revoked || !raid.random.chance(unenforcedShare)) return
  yield minuteMs
  session.send('action', where, { action: look }, sending(raid))
}

/** How long ago a victim may have acted, to be taken for one at work. */
const atWorkMs = 45 * minuteMs

/** Somebody at work on the laptop who is not under attack already. */
export function victimAtWork(
  { stage, random }: Raid,
  humans: readonly Human[],
  fits: (human: Human) => boolean = () => true,
): { readonly human: Human; readonly session: LiveSession } | null {
  const from = random.below(humans.length)
  for (let n = 0; n < humans.length; n += 1) {
    const human = humans[(from + n) % humans.length]!
    const session = human.laptop
    if (human.isVictim || session === null || session.over || !fits(human)) continue
    if (stage.now - session.lastActed > atWorkMs) continue
    rob(human)
    return { human, session }
  }
  return null
}

/** Anybody who is not under attack already. */
export function anyVictim(
  { random }: Raid,
  humans: readonly Human[],
  fits: (human: Human) => boolean,
): Human | null {
  const from = random.below(humans.length)
  for (let n = 0; n < humans.length; n += 1) {
    const human = humans[(from + n) % humans.length]!
    if (human.isVictim || !fits(human)) continue
    rob(human)
    return human
  }
  return null
}

/** From now on what disturbs this person elsewhere is told apart. */
export function rob(human: Human): void {
  human.isVictim = true
  human.laptop?.traits.add('victim-elsewhere')
  human.phone?.traits.add('victim-elsewhere')
}
