/** Rights of rank admin or secret that the subject holds and does not use: what a thief would find. */
import { defineDetector, type Scene } from '../detector.ts'
import { optional, record, time, uint, type ValueOf } from '../fields.ts'
import type { Right } from '../requirement.ts'

const dayMs = 86_400_000
type Rank = Right['rank']
const ranks: readonly Rank[] = ['secret', 'admin']

const holdingFields = record({
  /** When it was last used, or first seen where it never was. */
  since: time,
  /** Days since then on which the subject was active. */
  days: uint,
  /** When it was last told of, 0 for never. */
  told: time,
})
const holding = optional(holdingFields)
type Holding = ValueOf<typeof holdingFields>

/** One for each rank; `day` is the last active day, in days since the epoch. */
const remembered = { admin: holding, secret: holding, day: uint } as const
type Kept = { readonly [K in keyof typeof remembered]: ValueOf<(typeof remembered)[K]> }

interface Params {
  readonly unusedMs: number
  readonly daysMin: number
}

const happened = ({ event: { outcome } }: Scene): boolean =>
  outcome !== 'failure' && outcome !== 'attempted'

/** The events that tell of rights. */
const tells = (scene: Scene): boolean =>
  (scene.event.type === 'login' || scene.event.type === 'privilege-change') && happened(scene)

/** The active days before the event's own: that one may, or may not yet, be counted. */
const daysBefore = ({ days }: Holding, { day }: Kept, at: number): number =>
  Math.max(0, days - (day === Math.floor(at / dayMs) ? 1 : 0))

function isUnused(rank: Rank, kept: Kept, at: number, { unusedMs, daysMin }: Params): boolean {
  const held = kept[rank]
  if (held === null || daysBefore(held, kept, at) < daysMin) return false
  return at - held.since >= unusedMs && at - held.told >= unusedMs
}

/** The highest rank that the event says is held, and that is due to be told of as unused. */
function unusedRank(scene: Scene, kept: Kept, params: Params): Rank | null {
  if (!tells(scene)) return null
  const at = scene.event.occurredAt
  // One rank an event, or its repeat would tell of the other.
  if (ranks.some((rank) => kept[rank]?.told === at)) return null
  const held = (rank: Rank) => scene.rights.some((right) => right.rank === rank)
  return ranks.find((rank) => held(rank) && isUnused(rank, kept, at, params)) ?? null
}

/** The holding after what the event tells of its rank: given, taken away, used. */
function heldAfter(held: Holding | null, rank: Rank, scene: Scene): Holding | null {
  const { event } = scene
  const at = event.occurredAt
  if (tells(scene)) {
    const isHeld = scene.rights.some((right) => right.rank === rank)
    if (isHeld && held === null) return { since: at, days: 0, told: 0 }
    const isTaken = event.type === 'privilege-change' && event.privileges.length > 0 && !isHeld
    return isTaken ? null : held
  }
  const uses = event.type === 'action' && scene.rank === rank
  if (held === null || !uses) return held
  // Once a day is enough to know.
  if (held.days === 0 && at - held.since < dayMs) return held
  return { ...held, since: Math.max(held.since, at), days: 0 }
}

/** What proven contexts teach: on which days the subject is active, and what it holds and uses. */
function learnt(scene: Scene, kept: Kept): Kept {
  const { type, occurredAt } = scene.event
  const isActive = type === 'login' || type === 'action' || type === 'reauthentication'
  const day = Math.max(kept.day, isActive ? Math.floor(occurredAt / dayMs) : 0)
  const counted = (held: Holding | null) =>
    held !== null && day > kept.day ? { ...held, days: held.days + 1 } : held
  const admin = heldAfter(counted(kept.admin), 'admin', scene)
  const secret = heldAfter(counted(kept.secret), 'secret', scene)
  const same = day === kept.day && admin === kept.admin && secret === kept.secret
  return same ? kept : { admin, secret, day }
}

export const overPrivileged = defineDetector({
  name: 'over-privileged',
  version: 1,
  family: 'behaviour',
  reasons: {
    OVER_PRIVILEGED:
      'The subject holds a right of rank admin or secret, and has used none of that rank for long, though it was active.',
  },
  about: {
    sees: 'The `privileges` that logins and privilege changes tell of, each ranked by what policy says of the action that it names (`scope:secrets:read` is `secrets.read`, `role:admin` is all of `admin.*`), against the actions of that rank that the subject takes from proven contexts.',
    misses: [
      'Rights whose names say nothing to the policy, as `role:ops`: add a pattern for them.',
      'One unused right among others of its rank that are used: it counts by rank.',
      'Rights of producers that send no `privileges`, and of workloads that are quiet for more than two days: their history is as short as that.',
    ],
    mistakes: [
      'Rights for emergencies, which are not to be used: told once in each period.',
      'Rights that are used where no event tells of it, in an app that is not connected.',
    ],
  },
  params: { score: 0, unusedMs: 30 * dayMs, daysMin: 10 },
  needs: [],
  memory: { session: {}, profile: remembered },
  detect(scene, { profile: kept }, params) {
    const rank = unusedRank(scene, kept, params)
    const held = rank === null ? null : kept[rank]
    if (rank === null || held === null) return null
    const names = scene.rights.filter((right) => right.rank === rank).map(({ name }) => name)
    const right = (names[0] ?? '').slice(0, 64)
    const at = scene.event.occurredAt
    const unusedDays = Math.floor((at - held.since) / dayMs)
    return {
      reason: 'OVER_PRIVILEGED',
      score: params.score,
      halfLifeMs: 0,
      message: `Holds ${right}, and has used nothing of rank ${rank} for ${unusedDays} days`,
      evidence: {
        right,
        rank,
        rights: names.length,
        unusedDays,
        activeDays: daysBefore(held, kept, at),
      },
    }
  },
  remember(scene, memory, params) {
    const kept = memory.profile
    const teaches = scene.context.proven && happened(scene)
    const next = teaches ? learnt(scene, kept) : kept
    const told = unusedRank(scene, kept, params)
    const held = told === null ? null : next[told]
    if (told === null || held === null) {
      return next === kept ? memory : { ...memory, profile: next }
    }
    const profile = { ...next, [told]: { ...held, told: scene.event.occurredAt } }
    return { ...memory, profile }
  },
})
