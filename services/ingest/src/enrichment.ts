/** What is known of an address and of a user agent, behind one bounded cache each. */
import { LRUCache } from 'lru-cache'
import { type Address, parseAddress } from './address.ts'
import { loadAsnTable } from './asn-table.ts'
import { type ClientFacts, createClients } from './clients.ts'
import {
  createNetworks,
  type NetworkFacts,
  type NetworkLists,
  type Networks,
  noNetworkLists,
} from './networks.ts'
import { type AddressPlace, geoipLitePlaces, type PlaceProvider } from './places.ts'

export interface AddressFacts {
  readonly address: Address
  readonly network: NetworkFacts
  /** null where the data does not know the address. */
  readonly place: AddressPlace | null
}

export interface Enrichment {
  /** The data edition of places, yyyymmdd. */
  readonly edition: number
  /**
   * null where the text is no address.
   * @param asn the system that the event states
   */
  address(text: string, asn?: number): AddressFacts | null
  /** What is known of a system whose address nobody tells. */
  system(asn: number): NetworkFacts
  client(userAgent: string): ClientFacts
}

/** Addresses remembered. */
const cacheSize = 50_000

/** Joins the parts; each can be another one in tests. */
export function joinEnrichment(parts: {
  readonly places: PlaceProvider
  readonly networks: Networks
  readonly clients: (userAgent: string) => ClientFacts
}): Enrichment {
  const cache = new LRUCache<string, AddressFacts>({ max: cacheSize })
  return {
    edition: parts.places.edition,
    client: parts.clients,
    system: (asn) => parts.networks(null, asn),
    address(text, asn) {
      const key = asn === undefined ? text : `${text} ${asn}`
      const cached = cache.get(key)
      if (cached !== undefined) return cached
      const address = parseAddress(text)
      if (address === null) return null
      const place = address.global ? parts.places.lookup(address) : null
      const facts = { address, place, network: parts.networks(address, asn) }
      cache.set(key, facts)
      return facts
    },
  }
}

/**
 * The shipped enrichment: geoip-lite, ASN table, lists of systems, the operator's lists. Loads data for
 * about half a second and holds about 170 MiB.
 */
export function createEnrichment(
  options: { readonly geoDataDir?: string | undefined; readonly lists?: NetworkLists } = {},
): Enrichment {
  return joinEnrichment({
    places: geoipLitePlaces(options.geoDataDir),
    networks: createNetworks(loadAsnTable(), options.lists ?? noNetworkLists),
    clients: createClients(),
  })
}
