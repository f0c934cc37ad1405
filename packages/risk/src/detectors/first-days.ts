/** A person's first days: there everything is new, and nothing tells a jump from a beginning. */
import type { Scene } from '../detector.ts'

/** Defaults, for the params of the detectors that judge what is new. */
export const firstDays = { loginsMin: 5, loginDaysMin: 3 } as const

/** True where the subject has habits to be held against: for people some logins on some days. An agent has none of its person's. */
export const hasHabits = (
  { event, kind, hasHistory, profile }: Scene,
  { loginsMin, loginDaysMin }: { readonly loginsMin: number; readonly loginDaysMin: number },
): boolean =>
  hasHistory &&
  kind === event.subject.kind &&
  (kind !== 'human' || (profile.logins >= loginsMin && profile.loginDays >= loginDaysMin))
