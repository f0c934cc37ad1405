/** The rule of travel that both travel detectors share: when two sightings cannot be one person. */
import type { Sighting } from '../detector.ts'
import type { NetworkKind, Place, SessionEvent } from '../event.ts'
import { type CountryRadii, distanceKm, isValidPlace, isWide, uncertaintyKm } from '../geo.ts'
import type { SeenNetwork } from '../network.ts'
import type { Context } from '../state.ts'
import { minutesText, networkName, placeName, thousands } from './describe.ts'

interface TravelLimits extends CountryRadii {
  /** km/h; from here on nobody travels. */
  readonly speedKmhMax: number
  /** km left after both radii; below it nothing is judged. */
  readonly distanceKmMin: number
  /** km that an address may be off within its country where its network may be a carrier's. */
  readonly carrierDoubtKm: number
  readonly wideCarrierDoubtKm: number
}

/** Defaults of the limits, for the params of both detectors. */
export const travelLimits = {
  speedKmhMax: 900,
  distanceKmMin: 200,
  radiusKmMin: 1_500,
  wideRadiusKmMin: 2_500,
  carrierDoubtKm: 1_000,
  wideCarrierDoubtKm: 2_500,
} as const

/** Where and when, and through which network. */
export interface Stop {
  readonly place: Place | null
  readonly network: SeenNetwork | null
  readonly at: number
}

export interface Journey {
  readonly from: Stop & { readonly place: Place }
  readonly to: Stop & { readonly place: Place }
  /** What is left after both radii, whole km. */
  readonly distanceKm: number
  readonly minutesApart: number
  readonly speedKmh: number
  /** True where the kinds of both networks are known. */
  readonly kindsKnown: boolean
}

/** Networks whose address stands somewhere else than their user does. */
const elsewhereKinds: readonly NetworkKind[] = [
  'vpn',
  'relay',
  'hosting',
  'satellite',
  'tor',
  'mobile',
  'corporate',
]

const kindOf = (stop: Stop): NetworkKind => stop.network?.kind ?? 'unknown'

const located = (stop: Stop): stop is Stop & { place: Place } =>
  stop.place !== null &&
  isValidPlace(stop.place) &&
  !elsewhereKinds.includes(kindOf(stop)) &&
  stop.network?.trusted !== false

/** One address whose record changed, or two data editions, differ without anybody having moved. */
const comparable = (a: Stop & { place: Place }, b: Stop & { place: Place }): boolean => {
  const address = a.network?.address ?? 0
  if (address !== 0 && address === b.network?.address) return false
  return a.place.edition === 0 || b.place.edition === 0 || a.place.edition === b.place.edition
}

/** Carriers hand out addresses of one city in another, and of an unknown network nobody knows that it is none. */
const sameCountry = (a: Place, b: Place): boolean => a.country !== '' && a.country === b.country

const doubtKm = ({ country }: Place, limits: TravelLimits): number =>
  isWide(country) ? limits.wideCarrierDoubtKm : limits.carrierDoubtKm

/** Where a sighting was. */
export const stopOf = (sighting: Sighting): Stop => ({
  place: sighting.context.place,
  network: sighting.context.network,
  at: sighting.at,
})

/** Where the event was. An event that does not say where it was judges no travel. */
export const stopOfEvent = (event: SessionEvent, context: Context): Stop => ({
  place: event.place,
  network: event.network ?? context.network,
  at: event.occurredAt,
})

/** The journey between two stops, in either order, where nobody can have made it; else null. */
export function impossibleJourney(one: Stop, other: Stop, limits: TravelLimits): Journey | null {
  if (!located(one) || !located(other) || !comparable(one, other)) return null
  const [from, to] = one.at <= other.at ? [one, other] : [other, one]
  const kindsKnown = kindOf(from) !== 'unknown' && kindOf(to) !== 'unknown'
  const left =
    distanceKm(from.place, to.place) -
    uncertaintyKm(from.place, limits) -
    uncertaintyKm(to.place, limits) -
    (kindsKnown || !sameCountry(from.place, to.place) ? 0 : doubtKm(from.place, limits))
  if (left < limits.distanceKmMin) return null
  const msApart = Math.max(to.at - from.at, 60_000)
  const speedKmh = Math.floor((left * 3_600_000) / msApart)
  if (speedKmh < limits.speedKmhMax) return null
  return {
    from,
    to,
    distanceKm: left,
    minutesApart: Math.floor(msApart / 60_000),
    speedKmh,
    kindsKnown,
  }
}

/** Message and evidence of a journey, the earlier place first. */
export function journeyFound(journey: Journey) {
  const { from, to, distanceKm, minutesApart, speedKmh } = journey
  const [previousPlace, place] = [placeName(from.place), placeName(to.place)]
  return {
    message: `${previousPlace} then ${place}: ${thousands(distanceKm)} km in ${minutesText(minutesApart)}`,
    evidence: {
      previousPlace,
      place,
      previousNetwork: networkName(from.network),
      network: networkName(to.network),
      distanceKm,
      minutesApart,
      speedKmh,
    },
  }
}
