/** A seeded stream of people at work, with a thief among every hundred events: enough to give decisions of every kind. */

interface Whereabouts {
  readonly client: object
  readonly network: object
  readonly location: object
}

const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'

const home = (person: number): Whereabouts => ({
  client: {
    ip: `192.0.2.${person % 250}`,
    ipTrust: 'socket',
    userAgent: chrome,
    deviceId: `d-${person}`,
  },
  network: { kind: 'residential', asn: 2856 + (person % 7) },
  location: { latitude: 51.5, longitude: -0.1, radiusKm: 20, city: 'London', country: 'GB' },
})

const away = (person: number, script: boolean): Whereabouts => ({
  client: {
    ip: `203.0.113.${person % 250}`,
    ipTrust: 'socket',
    ...(script
      ? { userAgent: 'python-requests/2.32.5' }
      : { userAgent: chrome, deviceId: `d-${person}` }),
  },
  network: { kind: 'residential', asn: 28573 },
  location: { latitude: -23.55, longitude: -46.63, radiusKm: 20, city: 'São Paulo', country: 'BR' },
})

const acts = [
  { name: 'orders.list', access: 'read' },
  { name: 'orders.update', access: 'write' },
  { name: 'payments.approve', amount: 2500, currency: 'EUR' },
  { name: 'customers.export' },
]

/** Marsaglia's xorshift32: a stream of fractions from a seed. */
function fractions(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}

export interface RawEvent {
  readonly id: string
  readonly subject: { readonly id: string }
  readonly [field: string]: unknown
}

/** Between two events of one person, on average. */
const paceMs = 300_000

/** The stream that a seed and a mark name: each of `people` logs in first, then they act by chance. */
export function* rawEvents(of: {
  readonly seed: number
  readonly mark: string
  readonly people: number
  readonly count: number
  /** When it begins, to be lived at an ordinary pace; without it everything occurs as it is made. */
  readonly from?: Date
}): Generator<RawEvent> {
  const next = fractions(of.seed)
  const { from } = of
  const timeOf = (n: number): Date =>
    from === undefined
      ? new Date()
      : new Date(from.getTime() + Math.round((n * paceMs) / of.people))
  for (let n = 0; n < of.count; n += 1) {
    const person = n < of.people ? n : Math.floor(next() * of.people)
    const begins = n < of.people
    const hostile = !begins && next() < 0.01
    const act = acts[Math.floor(next() ** 3 * acts.length)] ?? acts[0]
    yield {
      id: `${of.mark}-${n}`,
      type: begins ? 'login' : 'action',
      source: 'population',
      occurredAt: timeOf(n).toISOString(),
      subject: { id: `p${person}-${of.mark}` },
      sessionId: `s${person}-${of.mark}`,
      ...(hostile ? away(person, next() < 0.5) : home(person)),
      ...(begins ? { assurance: { acr: 'aal2', amr: ['pwd', 'otp'] } } : { action: act }),
    }
  }
}
