/** Distances between places that are only roughly known. */
import type { Place } from './event.ts'

/** IUGG mean Earth radius, rounded to whole km; a sphere is at most 0.6 % off the geodesic. */
const earthRadiusKm = 6371

const radians = (degrees: number): number => (degrees * Math.PI) / 180

type Point = Pick<Place, 'latitude' | 'longitude'>

/** Great-circle distance by the haversine formula, whole km rounded down, so that every machine agrees. */
export function distanceKm(a: Point, b: Point): number {
  const chord =
    Math.sin(radians(b.latitude - a.latitude) / 2) ** 2 +
    Math.cos(radians(a.latitude)) *
      Math.cos(radians(b.latitude)) *
      Math.sin(radians(b.longitude - a.longitude) / 2) ** 2
  // Rounding can lift the chord of antipodes a hair above 1, where asin is not a number.
  return Math.floor(2 * earthRadiusKm * Math.asin(Math.sqrt(Math.min(1, chord))))
}

/**
 * True for a point on Earth with a radius. 0, 0 is refused: it is what databases answer for "unknown",
 * and nobody lives there.
 */
export function isValidPlace(place: Place): boolean {
  const { latitude, longitude, radiusKm } = place
  return (
    Math.abs(latitude) <= 90 &&
    Math.abs(longitude) <= 180 &&
    !(latitude === 0 && longitude === 0) &&
    radiusKm >= 0 &&
    Number.isFinite(radiusKm)
  )
}

/** Countries so wide that "somewhere in it" is no place at all. */
const wideCountries: readonly string[] = ['US', 'RU', 'CA', 'CN', 'BR', 'AU']

/** True for a country in which the country alone tells no place. */
export const isWide = (country: string): boolean => wideCountries.includes(country)

/** Least radii of a place whose city is unknown, km. */
export interface CountryRadii {
  readonly radiusKmMin: number
  readonly wideRadiusKmMin: number
}

/**
 * How far the subject may be from the point, km. A database that names no city means the country, so
 * its radius counts as at least that of a country; a place that the producer stated is taken at its word.
 */
export function uncertaintyKm(place: Place, radii: CountryRadii): number {
  const statedWithRadius = place.edition === 0 && place.radiusKm > 0
  if (place.city !== '' || statedWithRadius) return place.radiusKm
  const least = isWide(place.country) ? radii.wideRadiusKmMin : radii.radiusKmMin
  return Math.max(place.radiusKm, least)
}
