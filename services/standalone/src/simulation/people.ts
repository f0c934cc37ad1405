/** Who lives in the simulation: people with their homes, offices and devices, and workloads. */
import { createRandom, type Random, seedFor } from './random.ts'
import {
  type City,
  familyNames,
  givenNames,
  homeCities,
  type Laptop,
  laptops,
  phoneUserAgents,
  workloadNames,
} from './world.ts'

/** The network half of a context, as it stands on events. */
export interface Spot {
  readonly ip: string
  readonly kind: 'residential' | 'corporate' | 'mobile' | 'hosting'
  readonly asn: number
  readonly city: City
}

/** The client half. */
export interface Device {
  readonly deviceId: string
  readonly fingerprint: string
  userAgent: string
}

export interface Person {
  readonly id: string
  /** Does administrative work every day. */
  readonly isAdmin: boolean
  readonly home: Spot
  readonly office: Spot
  readonly carrier: Spot
  readonly laptop: Device & { readonly model: Laptop; version: number }
  readonly phone: Device
  readonly random: Random
}

export interface Workload {
  readonly id: string
  readonly credentialId: string
  readonly spot: Spot
  readonly random: Random
}

/** First of the private-use AS numbers (RFC 6996). */
const privateAsn = 64_512
const adminEvery = 8
const firstBrowserVersion = 141

/** People of a seed. The same seed gives the same people, and the first ten are the same among twenty. */
export function createPeople(seed: number, count: number): readonly Person[] {
  return Array.from({ length: count }, (_, index) => personOf(seed, index))
}

function personOf(seed: number, index: number): Person {
  const random = createRandom(seedFor(seed, index))
  const city = random.pick(homeCities)
  const cityAsn = privateAsn + homeCities.indexOf(city) * 4
  const at = (block: string): string => `${block}.${1 + (index % 250)}`
  const model = random.pick(laptops)
  return {
    id: nameOf(seed, index),
    isAdmin: index % adminEvery === adminEvery - 1,
    home: { ip: at('192.0.2'), kind: 'residential', asn: cityAsn, city },
    office: { ip: '198.51.100.10', kind: 'corporate', asn: cityAsn + 1, city },
    carrier: { ip: at('198.51.100'), kind: 'mobile', asn: cityAsn + 2, city },
    laptop: {
      deviceId: `laptop-${index}`,
      fingerprint: `laptop-print-${index}`,
      model,
      version: firstBrowserVersion,
      userAgent: model.userAgent(firstBrowserVersion),
    },
    phone: {
      deviceId: `phone-${index}`,
      fingerprint: `phone-print-${index}`,
      userAgent: random.pick(phoneUserAgents),
    },
    random,
  }
}

/** Given and family names are walked at different strides, so a name comes again only after all pairs. */
function nameOf(seed: number, index: number): string {
  const at = index + (seed % givenNames.length)
  const given = givenNames[at % givenNames.length]
  const round = Math.floor(index / givenNames.length)
  const family = familyNames[(at * 7 + round + seed) % familyNames.length]
  const again = Math.floor(round / familyNames.length)
  return `${given}.${family}${again === 0 ? '' : again + 1}`
}

export function createWorkloads(seed: number, count: number): readonly Workload[] {
  return Array.from({ length: count }, (_, index) => {
    const random = createRandom(seedFor(seed, 1_000_000 + index))
    const name = workloadNames[index % workloadNames.length] ?? 'workload'
    const round = Math.floor(index / workloadNames.length)
    return {
      id: round === 0 ? name : `${name}-${round + 1}`,
      credentialId: `key-${index}`,
      spot: {
        ip: `203.0.113.${1 + (index % 100)}`,
        kind: 'hosting',
        asn: privateAsn + 200 + index,
        city: random.pick(homeCities),
      },
      random,
    }
  })
}
