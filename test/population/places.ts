/**
 * Where somebody is on the net: an address with its system, and the place that data gives for it, which is often
 * not where the person is. What data says of an address never changes: it follows from the address.
 */
import type { NetworkKind } from '@holdpoint/risk'
import { mix, type Random } from './random.ts'
import {
  type City,
  type Country,
  type Exit,
  homes,
  relaySystems,
  satelliteSystem,
} from './world.ts'

export interface Spot {
  readonly ip: string
  readonly asn: number
  readonly kind: NetworkKind
  /** What data gives for the address; null where it knows no place. */
  readonly place: Placed | null
  /** Traits that come with the address. */
  readonly traits: readonly string[]
}

export interface Placed {
  readonly latitude: number
  readonly longitude: number
  /** km; absent where data gives none. */
  readonly radiusKm?: number
  readonly city?: string
  readonly country: string
}

/** Addresses nobody announces (RFC 1918, RFC 3849): our own data says nothing of them, so that what the event states counts alone. */
const address4 = (key: number): string =>
  `10.${(key >>> 16) & 255}.${(key >>> 8) & 255}.${1 + (key % 254)}`
const address6 = (key: number): string =>
  `2001:db8:${(key >>> 16).toString(16)}:${(key & 0xffff).toString(16)}::${(key % 9_973).toString(16)}`

const inCity = ({ latitude, longitude, name, country }: City, radiusKm: number): Placed => ({
  latitude,
  longitude,
  radiusKm,
  city: name,
  country,
})

const countryOf = (code: string): Country | undefined => homes.find((c) => c.code === code)

/** City level with a small radius, mostly; else another city of the country, its middle, or nothing. */
function placedByData(city: City, key: number, wrong: number): Pick<Spot, 'place' | 'traits'> {
  const lot = (key % 1_000) / 1_000
  const others = countryOf(city.country)?.cities.filter(({ name }) => name !== city.name) ?? []
  const other = others[key % Math.max(1, others.length)]
  if (lot < wrong && other !== undefined) {
    return { place: inCity(other, 20 + (key % 80)), traits: ['place-wrong'] }
  }
  if (lot > 0.985) return { place: null, traits: ['place-missing'] }
  if (lot > 0.95) {
    const { latitude, longitude, country } = city
    // The middle of a country, as data gives it where it knows no more.
    const place = { latitude: latitude + 2, longitude: longitude - 2, country }
    return { place, traits: ['place-coarse'] }
  }
  return { place: inCity(city, 5 + (key % 46)), traits: [] }
}

/** A line to a home, a café or a hotel: `lease` is which of its addresses. */
export function line(city: City, asn: number, lease: number, dualStack = false): Spot {
  const key = mix(mix(asn, lease), dualStack ? 6 : 4)
  const ip = dualStack ? address6(key) : address4(key)
  return { ip, asn, kind: 'residential', ...placedByData(city, key, 0.08) }
}

/** A carrier's gateway: one of a few, placed where the carrier stands as often as where the phone is. */
export function carrier(city: City, asn: number, gateway: number): Spot {
  const key = mix(mix(asn, gateway), 77)
  const hub = countryOf(city.country)?.cities[0] ?? city
  const at = key % 3 === 0 ? hub : city
  return { ip: address4(key), asn, kind: 'mobile', ...placedByData(at, key, 0.3) }
}

/** An exit of a VPN, or a rented server. */
export function exitOf(exit: Exit, index: number, region = index): Spot {
  const city = exit.cities[region % exit.cities.length] as City
  const { asn, kind } = exit
  const key = mix(mix(asn, index), region)
  return { ip: address4(key), asn, kind, place: inCity(city, 50), traits: [] }
}

/** A company's own egress in one of its cities. */
export function office(city: City, asn: number): Spot {
  const key = mix(asn, city.name.length * 31 + Math.round(city.longitude))
  return {
    ip: address4(key),
    asn,
    kind: 'corporate',
    place: inCity(city, 20),
    traits: [],
  }
}

/** An egress of a private relay: another at each look, in the user's country. */
export function relay(city: City, random: Random): Spot {
  const asn = random.pick(relaySystems)
  const at = random.pick(countryOf(city.country)?.cities ?? [city])
  const key = mix(asn, random.below(4_000))
  return { ip: address4(key), asn, kind: 'relay', place: inCity(at, 50), traits: [] }
}

/** A satellite's ground station, in Europe as likely in a neighbour's country. */
export function satellite(city: City, random: Random): Spot {
  const neighbours = homes.slice(0, 3)
  const around = neighbours.some(({ code }) => code === city.country) ? neighbours : []
  const away = around.flatMap(({ cities }) => cities)
  const at = away.length === 0 || random.chance(0.7) ? city : random.pick(away)
  const key = mix(satelliteSystem, random.below(500))
  const asn = satelliteSystem
  return {
    ip: address4(key),
    asn,
    kind: 'satellite',
    place: inCity(at, 100),
    traits: [],
  }
}

/** Great-circle distance, km. */
export function distanceKm(a: City, b: City): number {
  const radians = Math.PI / 180
  const [phi, theta] = [a.latitude * radians, b.latitude * radians]
  const half =
    Math.sin((theta - phi) / 2) ** 2 +
    Math.cos(phi) * Math.cos(theta) * Math.sin(((b.longitude - a.longitude) * radians) / 2) ** 2
  return 12_742 * Math.asin(Math.min(1, Math.sqrt(half)))
}
