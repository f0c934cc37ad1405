/** One password tried on many people: what each event tells alone is nothing, what ingest counts over all of them is. */
import { parseRawJson } from '@holdpoint/contracts'
import { createEnrichment, noNetworkLists } from '@holdpoint/ingest'
import { Replay } from '@holdpoint/standalone'
import { describe, expect, it } from 'vitest'

const enrichment = createEnrichment({ geoDataDir: undefined, lists: noNetworkLists })
const monday = Date.parse('2026-11-16T09:00:00.000Z')
const minute = 60_000
const day = 24 * 60 * minute

const home = (person: number) => ({
  client: {
    ip: `192.0.2.${person}`,
    ipTrust: 'socket',
    userAgent:
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
    deviceId: `home-${person}`,
  },
  network: { kind: 'residential', asn: 2856 },
  location: { latitude: 51.5, longitude: -0.12, radiusKm: 20, city: 'London', country: 'GB' },
})
/** All behind one address, in the country where everybody lives. */
const away = (device: string, kind: string) => ({
  client: {
    ip: '203.0.113.77',
    ipTrust: 'socket',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
    deviceId: device,
  },
  network: { kind, asn: 5378 },
  location: { latitude: 51.5, longitude: -0.12, radiusKm: 20, city: 'London', country: 'GB' },
})

interface Told {
  readonly id: string
  readonly at: number
  readonly person: number
  readonly session?: string
  readonly from: Readonly<Record<string, unknown>>
}

function login({ id, at, person, session, from }: Told) {
  const outcome = session === undefined ? 'failure' : 'success'
  const text = JSON.stringify({
    id,
    type: 'login',
    source: 'idp',
    occurredAt: new Date(at).toISOString(),
    subject: { id: `person-${person}` },
    ...(session && { sessionId: session }),
    assurance: { acr: 'aal1', amr: ['pwd'] },
    outcome,
    ...from,
  })
  const parsed = parseRawJson(Buffer.from(text))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
  return parsed.event
}

/** Five mornings of forty people, then an hour in which things happen to them. Answers the bursts that were found. */
async function afterFiveMornings(hour: readonly Told[]) {
  const replay = new Replay({ enrichment })
  const people = Array.from({ length: 40 }, (_, person) => person)
  const take = async (told: Told) => {
    const taken = await replay.take(login(told))
    if (!taken.ok) throw new Error(taken.fault.message)
    return taken.decisions
  }
  for (const morning of [0, 1, 2, 3, 4]) {
    for (const person of people) {
      const id = `h-${morning}-${person}`
      await take({ id, at: monday + morning * day, person, session: id, from: home(person) })
    }
  }
  const decisions = []
  for (const told of hour) decisions.push(...(await take(told)))
  return decisions.flatMap(({ type, sessionId, reasons }) =>
    reasons
      .filter(({ reason }) => type === 'session.risk.changed' && reason === 'FAILED_BURST')
      .map(({ evidence }) => ({ sessionId, evidence })),
  )
}

const friday = monday + 4 * day + 2 * 60 * minute
const tried = (people: number, kind: string): readonly Told[] =>
  Array.from({ length: people }, (_, person) => ({
    id: `try-${person}`,
    at: friday + person * 5_000,
    person,
    from: away('bot', kind),
  }))
const getsIn = (person: number, kind: string, at = friday + 4 * minute): Told => ({
  id: `in-${person}`,
  at,
  person,
  session: `s-${person}`,
  from: away(`new-${person}`, kind),
})

describe('one password tried on many people', () => {
  it('is noticed where it fits, though nobody failed there twice', async () => {
    expect(
      await afterFiveMornings([...tried(30, 'residential'), getsIn(35, 'residential')]),
    ).toMatchObject([{ sessionId: 's-35', evidence: { failures: 0, subjectsFailed: 30 } }])
  })

  it.each(['mobile', 'corporate', 'relay'])(
    'leaves people behind a %s egress alone',
    async (kind) => {
      expect(await afterFiveMornings([...tried(30, kind), getsIn(35, kind)])).toEqual([])
    },
  )

  it('leaves a crowd alone of whom many get in: a conference, its wifi, and a new phone', async () => {
    const tries = tried(24, 'unknown')
    const getIn = Array.from({ length: 8 }, (_, person) => ({
      ...getsIn(person, 'unknown', friday + 3 * minute + person * 1_000),
      from: away(`home-${person}`, 'unknown'),
    }))
    expect(await afterFiveMornings([...tries, ...getIn, getsIn(35, 'unknown')])).toEqual([])
    // Had nobody got in, it would be told from nothing else.
    expect(await afterFiveMornings([...tries, getsIn(35, 'unknown')])).toHaveLength(1)
  })
})
