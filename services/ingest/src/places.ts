/** Where an address is. A provider port, and geoip-lite behind it. */
import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Address } from './address.ts'

export interface AddressPlace {
  /** ISO 3166-1 alpha-2, '' when unknown. */
  readonly country: string
  /** '' when unknown. */
  readonly city: string
  /** null where the data knows the country only. */
  readonly point: {
    readonly latitude: number
    readonly longitude: number
    readonly radiusKm: number
  } | null
}

export interface PlaceProvider {
  /** Names the data: its date as yyyymmdd. Places of two editions are never compared. */
  readonly edition: number
  /** null where the data does not know the address. */
  lookup(address: Address): AddressPlace | null
}

interface GeoipLite {
  lookup(text: string): {
    readonly country: string
    readonly city: string
    /** The types promise numbers; the data has `[null, null]` where it knows no coordinates. */
    readonly ll: readonly [number | null, number | null]
    /** Accuracy radius, km. */
    readonly area?: number
  } | null
}

/** Where the data says no radius, as wide as its widest. */
const widestRadiusKm = 1_000

/**
 * geoip-lite (city level). It loads 140 MiB when it is made, in about 0.15 s.
 * @param dataDir folder of refreshed data (`GEODATADIR`); without it the data that came with the package
 */
export function geoipLitePlaces(dataDir?: string): PlaceProvider {
  const require = createRequire(import.meta.url)
  if (dataDir !== undefined) Object.assign(globalThis, { geodatadir: dataDir })
  const geoip = require('geoip-lite') as GeoipLite
  const folder = dataDir ?? join(dirname(require.resolve('geoip-lite')), '../data')
  return {
    edition: editionOf(folder),
    lookup(address) {
      const found = geoip.lookup(address.text)
      if (found === null) return null
      const [latitude, longitude] = found.ll
      const known = latitude !== null && longitude !== null
      if (found.country === '' && !known) return null
      return {
        country: found.country,
        city: found.city,
        point: known ? { latitude, longitude, radiusKm: found.area || widestRadiusKm } : null,
      }
    },
  }
}

/** The data's date: its checksum file names the archive that it came from; else when the data file was written. */
export function editionOf(folder: string): number {
  try {
    const named = /_(\d{8})\./.exec(readFileSync(join(folder, 'city.checksum'), 'utf8'))?.[1]
    if (named !== undefined) return Number(named)
  } catch {
    // Data of another origin has no checksum file.
  }
  const written = statSync(join(folder, 'geoip-city.dat')).mtime
  return Number(written.toISOString().slice(0, 10).replaceAll('-', ''))
}

/** How old an edition is, ms. */
export function editionAgeMs(edition: number, now: number): number {
  const date = Date.UTC(
    Math.floor(edition / 10_000),
    (Math.floor(edition / 100) % 100) - 1,
    edition % 100,
  )
  return now - date
}
