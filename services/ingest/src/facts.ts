/**
 * Facts across subjects: what is counted over all people of a tenant when one of them logs in. The fold sees
 * one subject at a time, so it is told here, by the stamp, and looks nothing up.
 */
import type { RawEvent } from '@holdpoint/contracts'
import type { Facts } from '@holdpoint/risk'
import type { RecentCounts, Seen } from '@holdpoint/state'
import type { Clock } from './clock.ts'
import type { Enrichment } from './enrichment.ts'
import { eventHash, type Hasher } from './hash.ts'
import type { OnFailure } from './lane.ts'

export interface FactsDeps {
  readonly recent: RecentCounts
  readonly enrichment: Enrichment
  readonly hasher: Hasher
  readonly clock: Clock
  readonly onFailure: OnFailure
}

export interface FactsAcrossSubjects {
  /**
   * Counts the logins among a tenant's events and answers for each event, in order, what it is to be
   * stamped with: null but for logins that name their subject. At most one call to the store.
   *
   * Never rejects: no event is held or lost for it. Where the store does not answer, the logins go on
   * without facts, and what needs facts is blind. The same events again count nothing twice.
   */
  stamps(tenant: string, events: readonly RawEvent[]): Promise<readonly (Facts | null)[]>
}

/** How far back failed logins of a network are counted, ms. */
const networkWindowMs = 600_000
/** How far back the subjects of a device are counted, ms. */
const deviceWindowMs = 24 * 3_600_000

type Login = RawEvent & { readonly subject: NonNullable<RawEvent['subject']> }

const isLogin = (event: RawEvent): event is Login =>
  event.type === 'login' && Boolean(event.subject)

export function createFacts(deps: FactsDeps): FactsAcrossSubjects {
  const { recent, onFailure } = deps
  let failed = 0
  return {
    async stamps(tenant, events) {
      const stamps = new Array<Facts | null>(events.length).fill(null)
      const asked: { readonly at: number; readonly fact: keyof Facts }[] = []
      const seen: Seen[] = []
      try {
        for (const [at, event] of events.entries()) {
          if (!isLogin(event)) continue
          for (const [fact, what] of sightingsOf(tenant, event, deps)) {
            asked.push({ at, fact })
            seen.push(what)
          }
        }
        if (seen.length === 0) return stamps
        const counts = await recent.count(seen)
        failed = 0
        for (const [i, { at, fact }] of asked.entries()) {
          stamps[at] = { ...(stamps[at] ?? nothing), [fact]: counts[i] ?? 0 }
        }
      } catch (error) {
        failed += 1
        onFailure('facts', error, failed)
      }
      return stamps
    },
  }
}

const nothing: Facts = {
  networkFailures: 0,
  networkFailedSubjects: 0,
  networkLogins: 0,
  deviceSubjects: 0,
}

/** What a login makes seen, and under which facts it counts. */
function sightingsOf(
  tenant: string,
  event: Login,
  { enrichment, hasher, clock }: FactsDeps,
): readonly (readonly [keyof Facts, Seen])[] {
  const at = Math.min(event.occurredAt, clock.receivedAt(event))
  const subject = hasher.key(tenant, event.subject.id)
  const { ip, ipTrust, deviceId } = event.client ?? {}
  // An address that the client chose for itself would put a failure at anybody's door.
  const logsIn = event.outcome === 'success'
  const told = ip && ipTrust !== 'client' && ipTrust !== 'unknown' ? enrichment.address(ip) : null
  const sightings: (readonly [keyof Facts, Seen])[] = []
  if (told !== null) {
    const { prefix } = told.address
    const fails = event.outcome === 'failure'
    const from = (fact: keyof Facts, member: string) =>
      sightings.push([
        fact,
        { key: hasher.key(fact, tenant, prefix), member, at, windowMs: networkWindowMs },
      ])
    from('networkFailures', fails ? String(eventHash(tenant, event.source, event.id)) : '')
    from('networkFailedSubjects', fails ? subject : '')
    from('networkLogins', logsIn ? subject : '')
  }
  if (deviceId) {
    const key = hasher.key('deviceSubjects', tenant, deviceId)
    // Whoever fails at one device may have tried every name there is: they would be kept for a day.
    const member = logsIn ? subject : ''
    sightings.push(['deviceSubjects', { key, member, at, windowMs: deviceWindowMs }])
  }
  return sightings
}
