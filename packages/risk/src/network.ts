/** When two networks count as one. Ingest names a network as far as it can; the rest is compared here. */
import type { NetworkKind } from './event.ts'
import type { Context } from './state.ts'

/** A network as an event names it and as a context keeps it. */
export type SeenNetwork = NonNullable<Context['network']>

/** Exits that anybody may rent or share: an address behind one says nothing about where its user is. */
const sharedExits: readonly NetworkKind[] = ['vpn', 'hosting', 'tor']

const exitOf = (network: SeenNetwork): NetworkKind | null =>
  sharedExits.includes(network.kind) ? network.kind : null

/** Networks whose egress moves between countries by design: one by its ASN alone. */
const roamingKinds: readonly NetworkKind[] = ['corporate', 'relay', 'satellite', 'mobile']

/** Egress that many share, in whatever country its users are. */
export const roams = (network: SeenNetwork): boolean => roamingKinds.includes(network.kind)

const countriesDiffer = (a: SeenNetwork, b: SeenNetwork): boolean =>
  a.country !== '' && b.country !== '' && a.country !== b.country

/**
 * True where both are the same network: the same ASN within one country where both have one, else the
 * same country where both are known, else the same prefix. What cannot be compared is no change.
 *
 * Without ASNs a vpn, hosting or tor exit equals only its own kind or prefix: else an exit in the
 * subject's own country would pass as the subject's home.
 */
export function sameNetwork(a: SeenNetwork, b: SeenNetwork): boolean {
  if (a.asn !== 0 && b.asn !== 0) {
    return a.asn === b.asn && (!countriesDiffer(a, b) || roams(a) || roams(b))
  }
  if (exitOf(a) !== exitOf(b)) return a.prefix !== 0 && a.prefix === b.prefix
  if (a.country !== '' && b.country !== '') return a.country === b.country
  return a.prefix === 0 || b.prefix === 0 || a.prefix === b.prefix
}

/**
 * True where one speaks IPv4 and the other IPv6 in one country: dual-stack clients switch between
 * the two by themselves, and lists often know only one of them. Never excuses a vpn, hosting or tor exit.
 */
export function sameCountryOtherFamily(a: SeenNetwork, b: SeenNetwork): boolean {
  if (a.family === 0 || b.family === 0 || a.family === b.family) return false
  return a.country !== '' && a.country === b.country && exitOf(a) === exitOf(b)
}
