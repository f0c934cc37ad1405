import type { Profile } from '@holdpoint/risk'

/** When the first of a subject's timers is due, ms; null where there is none. */
export function earliestDue(profile: Profile | null): number | null {
  if (profile === null || profile.timers.length === 0) return null
  let due = Number.POSITIVE_INFINITY
  for (const timer of profile.timers) due = Math.min(due, timer.due)
  return due
}

/**
 * The timers that a batch moved: a subject's earliest due time where it is another than before. The
 * store holds it in the same commit as the profile, so what did not move is right there already.
 */
export function movedTimers(
  changed: ReadonlyMap<string, Profile>,
  before: (subjectKey: string) => Profile | null,
): readonly (readonly [subjectKey: string, due: number | null])[] {
  const moved: (readonly [string, number | null])[] = []
  for (const [key, profile] of changed) {
    const due = earliestDue(profile)
    if (due !== earliestDue(before(key))) moved.push([key, due])
  }
  return moved
}
