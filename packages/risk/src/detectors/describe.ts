/** Evidence in the words that people use for places, networks and clients. */
import type { SeenClient } from '../client.ts'
import type { CredentialKind, Place, Posture } from '../event.ts'
import type { SeenNetwork } from '../network.ts'
import type { Context } from '../state.ts'

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

/** `chrome on Windows, residential network AS2856, GB`. */
export const contextName = ({ network, client }: Pick<Context, 'network' | 'client'>): string =>
  client === null ? networkName(network) : `${clientName(client)}, ${networkName(network)}`

const credentialNames: Readonly<Record<CredentialKind, string>> = {
  unknown: 'credential',
  password: 'password',
  otp: 'one-time password',
  push: 'push authenticator',
  passkey: 'passkey',
  'session-token': 'session token',
  'api-key': 'API key',
  certificate: 'certificate',
  'workload-identity': 'workload identity',
}

/** `API key`; `credential` where nobody said what it is. */
export const credentialName = (kind: CredentialKind): string => credentialNames[kind]

/** `managed, not compliant`. */
export const postureName = (posture: Posture): string =>
  `${posture.managed ? 'managed' : 'not managed'}, ${posture.compliant ? 'compliant' : 'not compliant'}`

/** `9480` as `9,480`, without `Intl`, whose data differs between builds. */
export const thousands = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

/** Whole minutes as `20 min` or `3 h 5 min`. */
export function minutesText(minutes: number): string {
  if (minutes < 120) return `${minutes} min`
  const rest = minutes % 60
  return `${thousands(Math.floor(minutes / 60))} h${rest === 0 ? '' : ` ${rest} min`}`
}

/** How long ago: from two days on as whole days, below as `minutesText`. */
export function agoText(ms: number): string {
  const days = Math.floor(ms / 86_400_000)
  return days < 2 ? minutesText(Math.floor(ms / 60_000)) : `${thousands(days)} days`
}
