/** Privilege that the subject never used before, or has only just been given. */
import { defineDetector, type Scene } from '../detector.ts'
import { flag, hash, list, record, time, type ValueOf } from '../fields.ts'
import { minutesText } from './describe.ts'
import { firstDays, hasHabits } from './first-days.ts'
import { nameHash } from './name-hash.ts'

const grantFields = record({ at: time, self: flag })
type Grant = ValueOf<typeof grantFields>

const remembered = {
  /** Ranks used from proven contexts. */
  admin: flag,
  secret: flag,
  /** Kinds of such actions that were used from proven contexts: the policy's rules that name them. */
  kinds: list(8, hash),
  /** The latest grants, oldest first; `self` where the subject granted it to itself. */
  grants: list(4, grantFields),
} as const

/** Policy names the rank; an event that only tries is judged too, one that was refused is not. */
const usedRank = ({ event, rank }: Scene): 'admin' | 'secret' | null =>
  event.type === 'action' && event.outcome !== 'failure' && (rank === 'admin' || rank === 'secret')
    ? rank
    : null

const happened = ({ event }: Scene): boolean =>
  event.outcome !== 'failure' && event.outcome !== 'attempted'

/**
 * Without the device id that the session showed until now. What is missing is no change by itself;
 * with such an action, and one thing more that is odd, it is worth a proof.
 */
const isNameless = ({ event, kind, base }: Scene): boolean =>
  kind === 'human' && event.client?.device === 0 && (base?.context.client?.device ?? 0) !== 0

const latest = (grants: readonly Grant[], self: boolean, from: number, until: number) =>
  grants.findLast((g) => g.self === self && g.at >= from && g.at <= until)

export const privilegeJump = defineDetector({
  name: 'privilege-jump',
  version: 1,
  family: 'privilege',
  reasons: {
    PRIVILEGE_JUMP:
      'The first action of this rank by the subject or without the device id of before, or one shortly after a grant of privileges, above all a grant by the subject itself.',
  },
  about: {
    sees: "Actions of admin or secret rank by the policy's patterns, against the ranks that the subject has used from proven contexts, whether the session still shows its device id, and the privileges that it was just given.",
    misses: [
      'A thief in the session of somebody who uses the rank every day.',
      'Actions whose names no pattern of the policy ranks.',
      'A right used later than the window after its grant.',
      "The first use of a rank in a person's first days.",
    ],
    mistakes: [
      'An administrator in an app that sends a device id with some actions only: the score alone asks for nothing.',
      'The first day in a new duty, and an administrator who grants a role and sees it used at once: a phishing-resistant proof answers it.',
    ],
  },
  params: {
    scoreFirst: 300,
    scoreGranted: 450,
    scoreSelfGranted: 600,
    halfLifeMs: 3_600_000,
    grantWindowMs: 15 * 60_000,
    ...firstDays,
  },
  needs: [],
  memory: { session: {}, profile: remembered },
  detect(scene, { profile: kept }, params) {
    const rank = usedRank(scene)
    if (rank === null) return null
    const at = scene.event.occurredAt
    const selfGrant = latest(kept.grants, true, at - params.grantWindowMs, at)
    const grant = selfGrant ?? latest(kept.grants, false, at - params.grantWindowMs, at)
    const isFirst = !kept[rank]
    // An export and a change of roles are of one rank, and are not one duty.
    const isFirstOfKind = !kept.kinds.includes(nameHash(scene.actionRule))
    const action = scene.event.action?.name.slice(0, 64) ?? ''
    if (grant !== undefined && (grant.self || isFirst || isFirstOfKind)) {
      const minutesSinceGrant = Math.floor((at - grant.at) / 60_000)
      const by = grant.self ? 'the subject itself' : 'somebody else'
      return {
        reason: 'PRIVILEGE_JUMP',
        score: grant.self ? params.scoreSelfGranted : params.scoreGranted,
        halfLifeMs: params.halfLifeMs,
        message: `Rank ${rank} used ${minutesText(minutesSinceGrant)} after ${by} granted privileges`,
        evidence: { rank, action, grantedBy: by, minutesSinceGrant, firstUse: isFirst },
      }
    }
    if (!hasHabits(scene, params) || !(isFirst || isNameless(scene))) return null
    return {
      reason: 'PRIVILEGE_JUMP',
      score: params.scoreFirst,
      halfLifeMs: params.halfLifeMs,
      message: isFirst
        ? `First action of rank ${rank} by this subject`
        : `Rank ${rank} used without the device id of before`,
      evidence: { rank, action, firstUse: isFirst },
    }
  },
  remember(scene, memory) {
    const { event, context } = scene
    const kept = memory.profile
    if (!happened(scene)) return memory
    if (event.type === 'privilege-change') {
      const grant = { at: event.occurredAt, self: event.initiator === 'user' }
      if (kept.grants.some((g) => g.at === grant.at && g.self === grant.self)) return memory
      const sorted = [...kept.grants, grant].sort((a, b) => a.at - b.at)
      const grants = sorted.slice(-remembered.grants.max)
      if (!grants.includes(grant)) return memory
      return { ...memory, profile: { ...kept, grants } }
    }
    const rank = usedRank(scene)
    if (rank === null || !context.proven) return memory
    const kind = nameHash(scene.actionRule)
    if (kept[rank] && kept.kinds.includes(kind)) return memory
    const others = kept.kinds.filter((known) => known !== kind)
    const kinds = [...others, kind].slice(-remembered.kinds.max)
    return { ...memory, profile: { ...kept, [rank]: true, kinds } }
  },
})
