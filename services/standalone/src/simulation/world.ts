/**
 * Where simulated people live and what they use. Addresses are from the documentation blocks (RFC
 * 5737) and systems from the private range (RFC 6996), so that nobody real is in it; network kinds and
 * places are therefore stated on each event.
 */

export interface City {
  readonly name: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  /** Degrees. */
  readonly latitude: number
  readonly longitude: number
}

const city = (name: string, country: string, latitude: number, longitude: number): City => ({
  name,
  country,
  latitude,
  longitude,
})

export const homeCities: readonly City[] = [
  city('London', 'GB', 51.51, -0.13),
  city('Leeds', 'GB', 53.8, -1.55),
  city('Dublin', 'IE', 53.35, -6.26),
  city('Amsterdam', 'NL', 52.37, 4.9),
  city('Berlin', 'DE', 52.52, 13.4),
  city('Munich', 'DE', 48.14, 11.58),
  city('Paris', 'FR', 48.86, 2.35),
  city('Madrid', 'ES', 40.42, -3.7),
  city('Lisbon', 'PT', 38.72, -9.14),
  city('Milan', 'IT', 45.46, 9.19),
  city('Stockholm', 'SE', 59.33, 18.06),
  city('Warsaw', 'PL', 52.23, 21.01),
]

/** Where stolen sessions turn up: far from every home. */
export const farCities: readonly City[] = [
  city('São Paulo', 'BR', -23.55, -46.63),
  city('Lagos', 'NG', 6.52, 3.38),
  city('Jakarta', 'ID', -6.21, 106.85),
  city('Bogotá', 'CO', 4.71, -74.07),
  city('Manila', 'PH', 14.6, 120.98),
  city('Toronto', 'CA', 43.65, -79.38),
]

/** Where rented servers stand. */
export const hostingCities: readonly City[] = [
  city('Frankfurt', 'DE', 50.11, 8.68),
  city('Ashburn', 'US', 39.04, -77.49),
  city('Singapore', 'SG', 1.35, 103.82),
]

export interface Laptop {
  readonly name: string
  userAgent(version: number): string
}

export const laptops: readonly Laptop[] = [
  {
    name: 'windows-chrome',
    userAgent: (version) =>
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`,
  },
  {
    name: 'mac-chrome',
    userAgent: (version) =>
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`,
  },
  {
    name: 'linux-firefox',
    userAgent: (version) =>
      `Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`,
  },
]

export const phoneUserAgents: readonly string[] = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
]

export const givenNames: readonly string[] =
  'ada,amir,bea,carlos,chloe,dmitri,elif,emeka,fatima,finn,grace,hana,henrik,ines,ivan,jade,jonas,kemi,lena,luca,maya,mei,nadia,noor,oskar,petra,priya,rafael,rosa,sam,sofia,tariq,tess,uma,viktor,wanda,yara,yuki,zoe,zuri'.split(
    ',',
  )

export const familyNames: readonly string[] =
  'adeyemi,andersson,becker,brown,costa,dubois,evans,ferrari,garcia,haddad,ivanov,jensen,kaya,kowalski,lopez,moreau,murphy,nowak,okafor,patel,rossi,santos,schmidt,silva,tanaka,visser,walsh,weber,yilmaz,zhang'.split(
    ',',
  )

/** What machines do here, each from its own network. */
export const workloadNames: readonly string[] = [
  'ci-deploy',
  'billing-sync',
  'backup-nightly',
  'search-indexer',
  'mail-relay',
  'report-builder',
]
