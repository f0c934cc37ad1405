/** Countries with their cities and networks, and who rents out addresses anywhere. Systems are those that really serve there. */
import type { NetworkKind } from '@holdpoint/risk'

export interface City {
  readonly name: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  /** Degrees. */
  readonly latitude: number
  readonly longitude: number
}

export interface Country {
  readonly code: string
  /** The first is the hub, where carriers' addresses are often placed. */
  readonly cities: readonly City[]
  /** Systems of lines to homes. */
  readonly lines: readonly number[]
  /** Systems of mobile carriers; some are those of lines as well. */
  readonly carriers: readonly number[]
}

type CityRow = readonly [name: string, latitude: number, longitude: number]

const country = (
  code: string,
  lines: readonly number[],
  carriers: readonly number[],
  ...cities: readonly CityRow[]
): Country => ({
  code,
  lines,
  carriers,
  cities: cities.map(([name, latitude, longitude]) => ({
    name,
    country: code,
    latitude,
    longitude,
  })),
})

/** Where people live. */
export const homes: readonly Country[] = [
  country(
    'GB',
    [2856, 5089, 5607],
    [12576, 25135],
    ['London', 51.51, -0.13],
    ['Manchester', 53.48, -2.24],
    ['Glasgow', 55.86, -4.25],
    ['Bristol', 51.45, -2.59],
  ),
  country(
    'DE',
    [3320, 3209, 8881],
    [3320, 6805],
    ['Frankfurt', 50.11, 8.68],
    ['Berlin', 52.52, 13.4],
    ['Munich', 48.14, 11.58],
    ['Hamburg', 53.55, 9.99],
  ),
  country(
    'FR',
    [3215, 12322, 15557],
    [3215, 51207],
    ['Paris', 48.86, 2.35],
    ['Lyon', 45.76, 4.84],
    ['Marseille', 43.3, 5.37],
    ['Nantes', 47.22, -1.55],
  ),
  country(
    'US',
    [7922, 701, 7018],
    [21928, 6167],
    ['New York', 40.71, -74.01],
    ['Chicago', 41.88, -87.63],
    ['Dallas', 32.78, -96.8],
    ['Seattle', 47.61, -122.33],
  ),
  country(
    'BR',
    [28573, 18881],
    [26615, 26599],
    ['São Paulo', -23.55, -46.63],
    ['Rio de Janeiro', -22.91, -43.17],
    ['Recife', -8.05, -34.88],
  ),
  country(
    'IN',
    [24560, 9829],
    [55836, 45609],
    ['Mumbai', 19.08, 72.88],
    ['Delhi', 28.61, 77.21],
    ['Bengaluru', 12.97, 77.59],
  ),
]

/** Where people fly to and thieves sit. */
export const abroad: readonly Country[] = [
  country('ES', [3352, 12479], [12430, 16299], ['Madrid', 40.42, -3.7], ['Barcelona', 41.39, 2.17]),
  country('JP', [4713, 2516], [9605, 17676], ['Tokyo', 35.68, 139.69], ['Osaka', 34.69, 135.5]),
  country('NG', [37148], [29465, 36873], ['Lagos', 6.52, 3.38], ['Abuja', 9.06, 7.49]),
  country('RU', [12389, 8402], [25159, 3216], ['Moscow', 55.76, 37.62], ['Kazan', 55.8, 49.11]),
  country('VN', [45899, 7552], [24086], ['Hanoi', 21.03, 105.85], ['Da Nang', 16.05, 108.22]),
  country(
    'TR',
    [9121, 47331],
    [16135, 20978],
    ['Istanbul', 41.01, 28.98],
    ['Ankara', 39.93, 32.86],
  ),
]

export interface Exit {
  readonly asn: number
  readonly kind: NetworkKind
  readonly cities: readonly City[]
}

const exit = (kind: NetworkKind, asn: number, ...rows: CityIn[]): Exit => ({
  asn,
  kind,
  cities: rows.map(([name, code, latitude, longitude]) => ({
    name,
    country: code,
    latitude,
    longitude,
  })),
})
type CityIn = readonly [name: string, country: string, latitude: number, longitude: number]

const frankfurt: CityIn = ['Frankfurt', 'DE', 50.11, 8.68]
const amsterdam: CityIn = ['Amsterdam', 'NL', 52.37, 4.9]
const london: CityIn = ['London', 'GB', 51.51, -0.13]
const dublin: CityIn = ['Dublin', 'IE', 53.35, -6.26]
const ashburn: CityIn = ['Ashburn', 'US', 39.04, -77.49]
const singapore: CityIn = ['Singapore', 'SG', 1.35, 103.82]

/** Servers by the hour. */
export const hosting: readonly Exit[] = [
  exit('hosting', 24940, frankfurt),
  exit('hosting', 14061, amsterdam, ['New York', 'US', 40.71, -74.01]),
  exit('hosting', 16276, ['Roubaix', 'FR', 50.69, 3.17]),
  // A small one that no list of ours names.
  exit('hosting', 49981, amsterdam),
]

/** Clouds, where workloads run: several regions each. */
export const clouds: readonly Exit[] = [
  exit('hosting', 16509, dublin, ashburn, singapore),
  exit('hosting', 396982, london, ashburn),
  exit('hosting', 8075, amsterdam, ashburn),
]

/** Exits of VPNs. What is unlisted looks like a rented server. */
export const vpns: readonly Exit[] = [
  exit('vpn', 9009, london, frankfurt, ashburn),
  exit('vpn', 60068, amsterdam, ashburn),
]
export const unlistedVpns: readonly Exit[] = [
  exit('hosting', 14061, amsterdam),
  exit('hosting', 51167, frankfurt),
]

/** Egress of a browser's or system's own relay, which keeps the user's country. */
export const relaySystems: readonly number[] = [36183, 13335, 54113]
export const satelliteSystem = 14593

const windows = 'Windows NT 10.0; Win64; x64'
const mac = 'Macintosh; Intel Mac OS X 10_15_7'

export interface Browser {
  readonly name: string
  /** True on phones and tablets. */
  readonly mobile: boolean
  readonly userAgent: (version: number) => string
}

const chrome = (system: string) => (version: number) =>
  `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`

export const laptopBrowsers: readonly Browser[] = [
  { name: 'chrome-windows', mobile: false, userAgent: chrome(windows) },
  { name: 'chrome-mac', mobile: false, userAgent: chrome(mac) },
  {
    name: 'edge-windows',
    mobile: false,
    userAgent: (version) => `${chrome(windows)(version)} Edg/${version}.0.0.0`,
  },
  {
    name: 'firefox-linux',
    mobile: false,
    userAgent: (version) =>
      `Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`,
  },
  {
    name: 'safari-mac',
    mobile: false,
    userAgent: (version) =>
      `Mozilla/5.0 (${mac}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${version - 120}.1 Safari/605.1.15`,
  },
]

export const phoneBrowsers: readonly Browser[] = [
  {
    name: 'safari-iphone',
    mobile: true,
    userAgent: (version) =>
      `Mozilla/5.0 (iPhone; CPU iPhone OS ${version - 123}_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${version - 123}.6 Mobile/15E148 Safari/604.1`,
  },
  {
    name: 'chrome-android',
    mobile: true,
    userAgent: (version) =>
      `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Mobile Safari/537.36`,
  },
]

/** What the web view of an Android app says of itself, beside the app's own library. */
export const webViewUserAgent =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36'
export const appUserAgent = 'okhttp/4.12.0'
/** "Request desktop site" on an iPhone. */
export const desktopSiteUserAgent =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15'
