/** Evidence in the words that people use for places, networks and clients. */
import type { SeenClient } from '../client.ts'
import type { Place } from '../event.ts'
import type { SeenNetwork } from '../network.ts'

/** `London, GB`; the country alone, or the point, where that is all that is known. */
export function placeName(place: Place): string {
  if (place.city !== '')
    return place.country === '' ? place.city : `${place.city}, ${place.country}`
  if (place.country !== '') return `somewhere in ${place.country}`
  return `${place.latitude}, ${place.longitude}`
}

/** `residential network AS2856, GB`, as far as it is known. */
export function networkName(network: SeenNetwork | null): string {
  if (network === null) return 'unnamed network'
  const kind = network.kind === 'unknown' ? 'network' : `${network.kind} network`
  const asn = network.asn === 0 ? '' : ` AS${network.asn}`
  const country = network.country === '' ? '' : `, ${network.country}`
  return `${kind}${asn}${country}`
}

const osNames = {
  unknown: '',
  windows: 'Windows',
  macos: 'macOS',
  linux: 'Linux',
  android: 'Android',
  ios: 'iOS',
  chromeos: 'ChromeOS',
  other: 'another system',
} as const

/** `chrome on Windows`, as far as it is known; hashes name nothing to a person and stay out. */
export function clientName(client: SeenClient): string {
  const software =
    client.browser !== '' ? client.browser : client.kind === 'unknown' ? 'client' : client.kind
  const os = osNames[client.os]
  return os === '' ? software : `${software} on ${os}`
}

/** `9480` as `9,480`, without `Intl`, whose data differs between builds. */
export const thousands = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

/** Whole minutes as `20 min` or `3 h 5 min`. */
export function minutesText(minutes: number): string {
  if (minutes < 120) return `${minutes} min`
  const rest = minutes % 60
  return `${thousands(Math.floor(minutes / 60))} h${rest === 0 ? '' : ` ${rest} min`}`
}
