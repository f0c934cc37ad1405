/** Who lives here: companies, their people with homes and devices, and what makes each of them hard to judge. */
import { carrier, line, office, relay, type Spot, satellite } from './places.ts'
import { type Random, seeded, seedFor } from './random.ts'
import type { Device, Method, Producer } from './wire.ts'
import {
  abroad,
  type Browser,
  type City,
  type Country,
  homes,
  laptopBrowsers,
  phoneBrowsers,
} from './world.ts'

export interface Company extends Producer {
  readonly country: Country
  readonly offices: readonly Spot[]
  /** True where app sessions name the sign-on session that they come from. */
  readonly signsOnOnce: boolean
  readonly login: Method
  /** True where its phone app speaks through its own library and a web view in turns. */
  readonly hybridApp: boolean
  /** Devices that several people share. */
  readonly tablets: readonly Device[]
}

/** What a person does often. */
export type Persona =
  | 'commuter'
  | 'vpn-listed'
  | 'vpn-unlisted'
  | 'private-relay'
  | 'satellite'
  | 'dual-stack'
  | 'shared-tablet'
  | 'admin'
  | 'on-call'
  | 'cloud-desktop'
  | 'analyst'
  | 'corporate-egress'

/** Share of people. */
const personas: Readonly<Record<Persona, number>> = {
  commuter: 0.2,
  'vpn-listed': 0.08,
  'vpn-unlisted': 0.04,
  'private-relay': 0.05,
  satellite: 0.015,
  'dual-stack': 0.3,
  'shared-tablet': 0.05,
  admin: 0.08,
  'on-call': 0.05,
  'cloud-desktop': 0.02,
  analyst: 0.15,
  'corporate-egress': 0.1,
}

export interface PersonalDevice extends Device {
  readonly browser: Browser
  version: number
}

export interface Person {
  readonly id: string
  readonly index: number
  readonly random: Random
  readonly company: Company
  readonly city: City
  readonly lineAsn: number
  readonly carrierAsn: number
  readonly personas: ReadonlySet<Persona>
  /** True for one who can answer with a passkey. */
  readonly hasPasskey: boolean
  /** Hours to add to UTC. */
  readonly utcOffset: number
  laptop: PersonalDevice
  phone: PersonalDevice
  /** Which address the home line has; providers change it. */
  lease: number
}

const peopleMax = 1_000_000

export function createCompanies(seed: number, people: number): readonly Company[] {
  return Array.from({ length: Math.max(8, Math.ceil(people / 50)) }, (_, index) => {
    const random = seeded(seedFor(seed, 1, index))
    const country = homes[index % homes.length] as Country
    const asn = 64_512 + (index % 1_000)
    const name = `app-${index}`
    return {
      name,
      country,
      statesKinds: index % 2 === 0,
      statesDevices: random.chance(0.8),
      statesPrints: random.chance(0.6),
      placeless: random.chance(0.2) ? 0.08 : 0,
      offices: country.cities.slice(0, 1 + random.below(3)).map((city) => office(city, asn)),
      signsOnOnce: random.chance(0.3),
      login: random.pick(['password', 'code', 'code', 'passkey'] as const),
      hybridApp: random.chance(0.04),
      tablets: Array.from({ length: 3 }, (_, n) =>
        deviceOf(`tablet-${index}-${n}`, phoneBrowsers[0] as Browser, 141),
      ),
    }
  })
}

export function createPerson(seed: number, index: number, companies: readonly Company[]): Person {
  const random = seeded(seedFor(seed, 2, index))
  const company = random.pick(companies)
  const { country } = company
  const city = random.pick(country.cities)
  const has = Object.entries(personas).filter(([, share]) => random.chance(share))
  return {
    id: `p-${index}`,
    index,
    random,
    company,
    city,
    lineAsn: random.pick(country.lines),
    carrierAsn: random.pick(country.carriers),
    personas: new Set(has.map(([name]) => name as Persona)),
    hasPasskey: company.login === 'passkey' || random.chance(0.5),
    utcOffset: Math.round(city.longitude / 15),
    laptop: deviceOf(`laptop-${index}`, random.pick(laptopBrowsers), 138 + random.below(4)),
    phone: deviceOf(`phone-${index}`, random.pick(phoneBrowsers), 138 + random.below(4)),
    lease: 0,
  }
}

export function deviceOf(id: string, browser: Browser, version: number): PersonalDevice {
  return {
    id,
    browser,
    version,
    print: `${id}-${version}`,
    userAgent: browser.userAgent(version),
  }
}

/** The device after an upgrade: its fingerprint follows the version. */
export function upgrade(device: PersonalDevice): void {
  device.version += 1
  device.userAgent = device.browser.userAgent(device.version)
  device.print = `${device.id}-${device.version}`
}

/** Home, as the net shows it now. */
export function home(person: Person): Spot {
  const { personas: has, city, lineAsn, index, lease, random } = person
  if (has.has('satellite')) return { ...satellite(city, random), traits: ['satellite'] }
  const spot = line(city, lineAsn, lease * peopleMax + index)
  if (!has.has('dual-stack') || random.chance(0.5)) return spot
  const six = line(city, lineAsn, lease * peopleMax + index, true)
  return { ...six, traits: [...six.traits, 'dual-stack'] }
}

/** The phone off the wifi: one of the carrier's few gateways. */
export const onTheMove = ({ city, carrierAsn, random }: Person): Spot =>
  carrier(city, carrierAsn, random.below(12))

/** What a browser with a private relay shows instead of its line. */
export const behindRelay = ({ city, random }: Person): Spot => ({
  ...relay(city, random),
  traits: ['private-relay'],
})

/** Somebody else's wifi in a city: a café, a hotel, a train. */
export const otherLine = (random: Random, { code, lines }: Country, city: City): Spot =>
  line(city, random.pick(lines), 900_000_000 + random.below(1_000_000) + code.charCodeAt(0))

/** A country to fly to. */
export const destination = (random: Random): { readonly country: Country; readonly city: City } => {
  const country = random.pick(abroad)
  return { country, city: random.pick(country.cities) }
}
