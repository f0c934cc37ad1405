/**
 * A password guessed: logins fail again and again from nowhere that the subject is known, and then one
 * succeeds, from an unknown network and device. Where few attempts were made on this subject, many on others
 * from the same network tell as much: one password tried on everybody.
 *
 * What fails at home is the owner mistyping and counts for nothing, and neither does what failed in a
 * context that has been proven since. Egress that many share is never judged by what others did there.
 */
import { hasUsed } from '../context.ts'
import { defineDetector, type Finding, type Scene } from '../detector.ts'
import { factMax } from '../event.ts'
import { hash, list, record, time, type ValueOf } from '../fields.ts'
import { roams, type SeenNetwork } from '../network.ts'
import type { Context } from '../state.ts'
import { contextName } from './describe.ts'

/** The latest failures; `network` and `device` tell whose they were, should that be proven later. */
const failureList = list(10, record({ at: time, network: hash, device: hash }))
type Failures = ValueOf<typeof failureList>

interface Params {
  readonly score: number
  readonly halfLifeMs: number
  readonly failuresMin: number
  readonly windowMs: number
  readonly subjectsMin: number
  readonly failedPerLoginMin: number
}

const isLogin = ({ event }: Scene, outcome: 'success' | 'failure'): boolean =>
  event.type === 'login' && event.outcome === outcome

/** True where neither network nor device is one that the subject is known by; false where neither is told. */
function isStranger({ context, networkKnown, profile }: Scene): boolean {
  const { network, client } = context
  if (context.proven || (network !== null && networkKnown)) return false
  if (client === null) return network !== null
  return !hasUsed(profile, client)
}

/** Where no device is told, a browser like the subject's says little against a whole network of failures. */
const isNameless = ({ context: { proven, network, client }, networkKnown }: Scene): boolean =>
  !proven && network !== null && !networkKnown && (client?.device ?? 0) === 0

/** A number for the network, to compare a failure's with: its ASN, else its prefix. */
const numberOf = (network: SeenNetwork | null): number => network?.asn || network?.prefix || 0

const isFrom = ({ network, device }: Failures[number], context: Context): boolean =>
  (network !== 0 && network === numberOf(context.network)) ||
  (device !== 0 && device === context.client?.device)

/** How many subjects' logins failed there, where so many failed and so few succeeded that nobody mistypes; else 0. */
function sprayed({ event, context }: Scene, { subjectsMin, failedPerLoginMin }: Params): number {
  const { facts } = event
  if (facts === null || context.network === null || roams(context.network)) return 0
  const { networkFailedSubjects: failed, networkLogins } = facts
  return failed >= subjectsMin && failed >= failedPerLoginMin * networkLogins ? failed : 0
}

/** The text of a count that stops at `max`. */
const countText = (count: number, max: number): string =>
  count < max ? String(count) : `${max} or more`

function messageOf(own: Failures, others: number, at: number, here: string): string {
  if (others > 0) {
    const crowd = countText(others, factMax)
    return `Login where those of ${crowd} others failed within 10 min: ${here}`
  }
  const minutes = Math.ceil((at - Math.min(...own.map((failure) => failure.at))) / 60_000)
  const count = countText(own.length, failureList.max)
  return `${count} failed logins in ${minutes} min, then one that succeeded: ${here}`
}

export const failedBurst = defineDetector({
  name: 'failed-burst',
  version: 1,
  family: 'credential',
  reasons: {
    FAILED_BURST:
      "A login from an unknown network, on a device that is unknown or not told, succeeds after many have failed: this subject's, or those of many others from the same network.",
  },
  about: {
    sees: "A login that succeeds from an unknown network and device after many failed: the subject's own, or those of many others from the same network. Against the many others a browser like the subject's is no known device where no id is told.",
    misses: [
      'Guesses spread so thin that neither subject nor network sees many within the window.',
      'Guesses from a network that many share by nature: mobile carriers, corporate egress, relays.',
      'Failures that producers do not report.',
    ],
    mistakes: [
      'Somebody who mistypes again and again on a new device in a new place, and then finds the password.',
    ],
  },
  params: {
    score: 550,
    halfLifeMs: 24 * 3_600_000,
    failuresMin: 5,
    windowMs: 3_600_000,
    subjectsMin: 20,
    failedPerLoginMin: 4,
  },
  needs: ['network', 'history'],
  seesFailedLogins: true,
  memory: { session: {}, profile: { failures: failureList, latest: hash } },
  detect(scene, { profile: { failures } }, params): Finding | null {
    const isUnknown = isStranger(scene)
    if (!isLogin(scene, 'success') || !(isUnknown || isNameless(scene))) return null
    // Whoever mistypes and then takes the passkey has guessed nothing.
    if (scene.phishingResistant) return null
    const at = scene.event.occurredAt
    const recent = failures.filter((f) => f.at <= at && at - f.at < params.windowMs)
    const own = isUnknown ? recent : []
    const isBurst = own.length >= params.failuresMin
    const others = isBurst ? 0 : sprayed(scene, params)
    if (!isBurst && others === 0) return null
    const home = scene.profile.contexts.at(-1)
    const context = contextName(scene.context)
    return {
      reason: 'FAILED_BURST',
      score: params.score,
      halfLifeMs: params.halfLifeMs,
      message: messageOf(own, others, at, context),
      evidence: {
        failures: own.length,
        ...(others === 0 ? {} : { subjectsFailed: others }),
        ...(home === undefined ? {} : { previousContext: contextName(home) }),
        context,
      },
    }
  },
  remember(scene, memory) {
    const { event, context } = scene
    const { failures, latest } = memory.profile
    if (isLogin(scene, 'failure')) {
      if (event.idHash === latest || !isStranger(scene)) return memory
      const failure = {
        at: event.occurredAt,
        network: numberOf(context.network),
        device: context.client?.device ?? 0,
      }
      const kept = [...failures, failure].slice(-failureList.max)
      return { ...memory, profile: { failures: kept, latest: event.idHash } }
    }
    if (!context.proven || !failures.some((failure) => isFrom(failure, context))) return memory
    const rest = failures.filter((failure) => !isFrom(failure, context))
    return { ...memory, profile: { failures: rest, latest } }
  },
})
