/** What people do in a run, and the records that it becomes: by Kafka on several topics, and by HTTP. */

import type { RawEvent } from '@holdpoint/contracts'
import { rawTopicOf, topics } from '@holdpoint/contracts'
import type { Random } from './random.ts'

export interface Deed {
  /** ms since the run began. */
  readonly at: number
  /** The raw topic, or null for `POST /v1/events`. */
  readonly topic: string | null
  readonly event: RawEvent
  /** The bytes of what is no event; null for an event. */
  readonly poison: Buffer | null
  /** True where nothing but its session says whose it is. */
  readonly nameless: boolean
}

export interface Size {
  /** How long the story lasts, ms. */
  readonly storyMs: number
  readonly people: number
  /** How much those do at most who are known by more than an id ring holds. */
  readonly deeds: number
  /** Faults besides the weather, at most. */
  readonly disasters: number
}

/** Most runs are short, so that many are tried; what needs a long story has some. */
export function sizeOf(random: Random): Size {
  const draw = random.fraction()
  if (draw < 0.88) return { storyMs: 6 * 60_000, people: 2, deeds: 8, disasters: 4 }
  if (draw < 0.98) return { storyMs: 12 * 60_000, people: 3, deeds: 16, disasters: 8 }
  return { storyMs: 25 * 60_000, people: 5, deeds: 28, disasters: 14 }
}

const london: Partial<RawEvent> = {
  network: { kind: 'residential', asn: 2856 },
  location: { latitude: 51.5, longitude: -0.1, radiusKm: 20, city: 'London', country: 'GB' },
}
const saoPaulo: Partial<RawEvent> = {
  network: { kind: 'residential', asn: 28573 },
  location: { latitude: -23.5, longitude: -46.6, radiusKm: 20, city: 'São Paulo', country: 'BR' },
}

const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'

interface Life {
  readonly name: string
  /** How its events come. A repeat is known by its raw offset, or by the latest ids of its session alone. */
  readonly by: 'topics' | 'one topic' | 'http' | 'session id'
  readonly deeds: number
}

/** Those whose repeats are known by id alone do no more than an id ring holds. */
const ringMax = 12

/** Everything that happens in a run, in the order in which it is sent. */
export function lives(random: Random, start: number, size: Size): readonly Deed[] {
  const people: readonly Life[] = [
    { name: 'ada', by: 'topics', deeds: Math.ceil(size.deeds * (0.5 + random.fraction() / 2)) },
    { name: 'bob', by: 'one topic', deeds: Math.ceil(size.deeds * (0.5 + random.fraction() / 2)) },
    { name: 'cleo', by: 'topics', deeds: 3 + random.below(ringMax - 4) },
    { name: 'dan', by: 'http', deeds: 3 + random.below(ringMax - 4) },
    { name: 'eve', by: 'session id', deeds: 3 + random.below(ringMax - 4) },
  ]
  const first = random.below(people.length)
  return [...people.slice(first), ...people.slice(0, first)]
    .slice(0, size.people)
    .flatMap((life) => deedsOf(life, random, start, size.storyMs))
    .concat(random.chance(0.15) ? crowdOf(random, start, size.storyMs) : [])
    .sort((a, b) => a.at - b.at)
}

/** More than a storm cap lets through in each partition. */
const crowd = 20

/** A leak: the refresh tokens of many are used twice within a minute, and some of them go on. */
function crowdOf(random: Random, start: number, storyMs: number): readonly Deed[] {
  const leak = 30_000 + random.below(storyMs / 2)
  return Array.from({ length: crowd }, (_, n): readonly Deed[] => {
    const name = `crowd-${n}`
    const deed = (nth: number, at: number, event: Partial<RawEvent>): Deed => {
      const about = { sessionId: `${name}-session`, occurredAt: start + at }
      return {
        at,
        topic: topics.any,
        event: madeOf(name, nth, { ...about, ...event }),
        poison: null,
        nameless: false,
      }
    }
    const authTime = start + random.below(20_000)
    const status = { id: `${name}-token`, kind: 'session-token', status: 'reused' } as const
    const view = { type: 'action', action: { name: 'page.view' } } as const
    const used = leak + random.below(60_000)
    const later = used + random.below(storyMs - used)
    return [
      deed(0, authTime - start, {
        type: 'login',
        assurance: { acr: 'aal1', amr: ['pwd'], authTime },
      }),
      deed(1, used, { ...view, credential: status }),
      ...(random.chance(0.5) ? [deed(2, later, view)] : []),
      ...(random.chance(0.2) ? [deed(3, later + 1_000, { type: 'logout' })] : []),
    ]
  }).flat()
}

/** What a person's event says where nothing else is said. */
const madeOf = (name: string, nth: number, event: Partial<RawEvent>): RawEvent => ({
  id: `${name}-${nth}`,
  source: 'app/web',
  specversion: '1.0',
  type: 'action',
  tenant: 'default',
  occurredAt: 0,
  subject: { id: name, kind: 'human' },
  actor: [],
  outcome: 'success',
  privileges: [],
  client: { ip: '192.0.2.7', ipTrust: 'socket', userAgent: chrome, deviceId: `${name}-1` },
  ...london,
  ...event,
})

function deedsOf(life: Life, random: Random, start: number, storyMs: number): readonly Deed[] {
  const sessionId = `${life.name}-session`
  const begun = random.below(60_000)
  // People do several things in a row, then nothing for a while.
  const moments = Array.from({ length: 3 }, () => begun + random.below(storyMs - begun))
  const times = Array.from({ length: life.deeds }, () => random.pick(moments) + random.below(2_000))
  const deeds: Deed[] = []
  const add = (at: number, event: Partial<RawEvent> & Pick<RawEvent, 'type'>): void => {
    const about = { occurredAt: start + at, sessionId }
    const made = madeOf(life.name, deeds.length, { ...about, ...event })
    const nameless = life.by === 'session id' && event.type !== 'login'
    deeds.push({
      at,
      topic: topicOf(life, made),
      event: nameless ? { ...made, subject: undefined } : made,
      poison: null,
      nameless,
    })
  }
  const password = (at: number) => ({ acr: 'aal1', amr: ['pwd'], authTime: start + at })
  add(begun, { type: 'login', assurance: password(begun) })
  for (const at of times.sort((a, b) => a - b)) {
    const thief = random.chance(0.15) ? { ...saoPaulo, client: { userAgent: chrome } } : {}
    const draw = random.fraction()
    if (draw < 0.35) add(at, { type: 'action', action: { name: 'page.view' }, ...thief })
    else if (draw < 0.65) {
      const action = { name: 'payments.approve', amount: 5_000, currency: 'EUR' }
      add(at, { type: 'action', action, ...thief })
    } else if (draw < 0.8) {
      const assurance = { acr: 'phr', amr: ['hwk', 'user'], authTime: start + at }
      add(at, { type: 'reauthentication', assurance })
    } else if (draw < 0.9) add(at, { type: 'ip', ...thief })
    else if (draw < 0.96) {
      add(at, { type: 'device', posture: { managed: true, compliant: true }, ...thief })
    } else if (draw < 0.98) add(at, { type: 'revocation', initiator: 'admin' })
    else add(at, { type: 'login', sessionId: `${sessionId}-2`, assurance: password(at) })
  }
  // A producer that got no answer sends again.
  const again = life.deeds > ringMax ? [] : deeds.filter(() => random.chance(0.15))
  const repeated = again.map((deed) => ({ ...deed, at: deed.at + random.below(5_000) }))
  return [...deeds, ...repeated, ...poisonOf(life, deeds, random)]
}

/** What a careless producer sends now and then, by any topic. */
function poisonOf({ name }: Life, deeds: readonly Deed[], random: Random): readonly Deed[] {
  return deeds
    .filter(({ topic }) => topic !== null && random.chance(0.04))
    .map((deed, n) => {
      const event = { ...deed.event, id: `${name}-poison-${n}` }
      return { ...deed, event, poison: Buffer.from(`{"id":"${event.id}"`), nameless: false }
    })
}

function topicOf({ by }: Life, event: RawEvent): string | null {
  if (by === 'http') return null
  return by === 'one topic' ? topics.any : rawTopicOf(event.type)
}
