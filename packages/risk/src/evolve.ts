/** What a step leaves behind: what the session remembers, and what the subject learns from proven contexts. */
import { rememberEnrolment } from './authenticate.ts'
import { learn, stay } from './context.ts'
import { rememberAll } from './detect.ts'
import type { Scene } from './detector.ts'
import { isDelegated } from './scene.ts'
import { caps, type Profile } from './state.ts'
import type { Turn } from './turn.ts'

/** Repeats are known by the ids of the session's latest events. */
export function repeated({ session, kind, input }: Turn): readonly number[] {
  const max = kind === 'human' ? caps.repeatsHuman : caps.repeatsOther
  if (session.repeats.length < max) return [...session.repeats, input.event.idHash]
  return [...session.repeats.slice(1 - max), input.event.idHash]
}

/** Keeps what the event taught: only proven contexts teach. */
export function evolve(turn: Turn, scene: Scene, proven: boolean): void {
  const { event, t, policy, detectors } = turn.input
  const context = scene.context.proven === proven ? scene.context : { ...scene.context, proven }
  const at = event.occurredAt
  // What is to be revoked teaches nothing while it waits.
  const isGood = turn.session.status === 'active' && turn.session.held === ''
  const teaches = context.proven && isGood && event.keys.session !== ''
  turn.session.lastSeen = Math.max(turn.session.lastSeen, t)
  turn.session.repeats = repeated(turn)
  followParent(turn)
  turn.profile = rememberEnrolment(turn.profile, event, context.proven)
  if (teaches) {
    turn.session.runs = stay(turn.session.runs, context.id, at)
    if (!isDelegated(turn)) turn.profile = learn(turn.profile, context, event.keys.session, at)
    const logsIn = scene.begins && event.type === 'login'
    if (logsIn && !isDelegated(turn)) turn.profile = countLogin(turn.profile, at)
  }
  const { session, profile } = turn
  const kept = rememberAll(detectors, { ...scene, context, session, profile }, policy)
  session.memory = kept.session
  // What an agent does is no habit of the person who sent it.
  if (kept.profile !== profile.memory && !isDelegated(turn)) {
    turn.profile = { ...profile, memory: kept.profile }
  }
}

/** A session remembers what it was begun from, and how fresh the approval behind it was: a later event need not say. */
function followParent({ session, input: { parentKey, approver } }: Turn): void {
  const approvedAt = approver?.assurance.authTime ?? 0
  if (session.parent !== parentKey || approvedAt > 0) session.approvedAt = approvedAt
  session.parent = parentKey
}

function countLogin(profile: Profile, at: number): Profile {
  const day = Math.floor(at / 86_400_000)
  const newDay = day > profile.lastLoginDay
  return {
    ...profile,
    logins: profile.logins + 1,
    loginDays: profile.loginDays + (newDay ? 1 : 0),
    lastLoginDay: Math.max(day, profile.lastLoginDay),
  }
}
