/** Workloads with their keys. */

import type { InSession } from './human.ts'
import { exitOf, type Spot } from './places.ts'
import { type Random, seeded, seedFor } from './random.ts'
import { LiveSession } from './session.ts'
import { dayMs, minuteMs, type Script, type Stage, secondMs } from './stage.ts'
import type { Device, Producer, Where } from './wire.ts'
import { clouds, type Exit } from './world.ts'

/** What makes a workload hard to judge. */
export const ways = [
  'batch',
  'batch',
  'batch',
  'ci-runners',
  'multi-region',
  'two-clouds',
  'rotating-key',
  'bound-certificate',
  'old-key',
  'unchecked-revocation',
  'nightly-export',
  'reads-secrets',
] as const
export type Way = (typeof ways)[number]

export interface Workload {
  readonly id: string
  readonly way: Way
  readonly random: Random
  readonly cloud: Exit
  readonly producer: Producer
  /** Deeds a day. */
  readonly runs: number
  keyNumber: number
  /** ms. */
  keyIssuedAt: number
  session: LiveSession | null
  /** True from the moment that somebody steals its key. */
  isVictim: boolean
}

/** The first date of a key that has been in use for longer than any policy likes. */
const oldKeyMs = 200 * dayMs
const rotateEveryMs = 3 * dayMs
export const software = (userAgent: string): Device => ({ id: '', print: '', userAgent })

export function createWorkload(seed: number, index: number, start: number): Workload {
  const random = seeded(seedFor(seed, 3, index))
  const way = ways[index % ways.length] as Way
  return {
    id: `w-${index}`,
    way,
    random,
    cloud: clouds[index % clouds.length] as Exit,
    producer: {
      name: `pipeline-${index % 5}`,
      statesKinds: index % 2 === 0,
      statesDevices: false,
      statesPrints: false,
      placeless: 0,
    },
    runs: 8 + random.below(24),
    keyNumber: 1,
    keyIssuedAt: start - (way === 'old-key' ? oldKeyMs : random.below(30 * dayMs)),
    session: null,
    isVictim: false,
  }
}

/** Where a workload speaks from now. */
function spotOf({ way, cloud, random, id }: Workload): Spot {
  const index = Number(id.slice(2))
  if (way === 'ci-runners') return exitOf(cloud, random.below(500), 0)
  if (way === 'multi-region') return exitOf(cloud, index, random.below(cloud.cities.length))
  if (way === 'two-clouds')
    return exitOf(random.chance(0.5) ? cloud : clouds[(index + 1) % 3]!, index, 0)
  return exitOf(cloud, index, 0)
}

export const placeOf = (workload: Workload): Where => ({
  spot: spotOf(workload),
  device: software(workload.way === 'ci-runners' ? 'curl/8.9.1' : 'python-requests/2.32.5'),
})

/** What the workload presents. */
export function keyOf(workload: Workload): Readonly<Record<string, unknown>> {
  const { id, way, keyNumber, keyIssuedAt, random } = workload
  const isBound = way === 'bound-certificate'
  const unchecked = way === 'unchecked-revocation' && random.chance(0.05)
  return {
    id: `${id}-key-${keyNumber}`,
    kind: isBound ? 'certificate' : 'api-key',
    status: unchecked ? 'unknown' : 'active',
    issuedAt: new Date(keyIssuedAt).toISOString(),
    ...(isBound ? { boundTo: `x5t:${id}-${keyNumber}` } : {}),
  }
}

const deedOf = ({ way, random }: Workload) => {
  if (way === 'nightly-export') return { name: 'reports.export' }
  if (way === 'reads-secrets' && random.chance(0.3)) return { name: 'secrets.read' }
  return { name: 'jobs.run', access: 'write' }
}

export function* runWorkload(stage: Stage, workload: Workload): Script {
  const { random, runs, way } = workload
  yield random.below(dayMs)
  for (;;) {
    if (way === 'rotating-key' || way === 'bound-certificate') {
      if (stage.now - workload.keyIssuedAt > rotateEveryMs) yield* rotate(stage, workload)
    }
    const session = sessionFor(stage, workload)
    yield* perform(session, workload)
    yield random.around(dayMs / runs)
  }
}

/** One session for each key; runners begin one for each run. */
function sessionFor(stage: Stage, workload: Workload): LiveSession {
  const { id, way, keyNumber, random, producer, session } = workload
  const runs = way === 'ci-runners'
  const sessionId = runs ? `${id}-run-${stage.now}` : `${id}-key-${keyNumber}`
  if (session !== null && session.id === sessionId && !session.over) return session
  session?.close()
  const named = session?.id === sessionId ? `${sessionId}-${stage.now}` : sessionId
  const subject = { id, kind: 'workload' } as const
  const begun = new LiveSession(stage, { id: named, subject, producer, random }, placeOf(workload))
  begun.traits.add(way)
  workload.session = begun
  return begun
}

function* perform(session: LiveSession, workload: Workload): Script {
  const action = deedOf(workload)
  const where = placeOf(workload)
  session.send('action', where, { action, credential: keyOf(workload) })
  yield secondMs
  if (session.stepUp === null || session.over) return
  yield 5 * secondMs
  const now = yield* prove(session, where, workload)
  if (now.stepUp === null) now.send('action', where, { action, credential: keyOf(workload) })
}

/** A fresh assertion, bound where the key is, under a new session id where one is asked for. */
function* prove(session: LiveSession, where: Where, workload: Workload): InSession {
  const isBound = workload.way === 'bound-certificate'
  const next = session.stepUp?.rotate === true ? session.successor() : session
  next.send('reauthentication', where, {
    assurance: isBound ? { amr: ['pop'] } : { amr: ['swk'] },
    credential: keyOf(workload),
    ...(next === session ? {} : { previousSessionId: session.id }),
  })
  workload.session = next
  yield secondMs
  if (next.stepUp !== null) next.traits.add('proved-in-vain')
  return next
}

/** A declared rotation: the new key is told before it is used. */
function* rotate(stage: Stage, workload: Workload): Script {
  workload.keyNumber += 1
  workload.keyIssuedAt = stage.now
  const { session } = workload
  session?.send('credential-change', placeOf(workload), {
    credential: { ...keyOf(workload), change: 'update' },
    initiator: 'policy',
  })
  yield minuteMs
}
