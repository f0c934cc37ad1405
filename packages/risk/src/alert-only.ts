/** Remembers findings that only alert (score 0), so that each is told once and then at most once an hour. */
import { type Folding, profileOf, put } from './folding.ts'
import type { Signal } from './signal.ts'
import { type AlertOnly, caps } from './state.ts'

const toldEveryMs = 3_600_000
/** Found again after so long, it is another finding. */
const quietAfterMs = 24 * 3_600_000

/** Notes them in the session that the event is of, '' where it is of none: then in the subject's profile. */
export function noteAlertOnly(
  folding: Folding,
  keys: { readonly subject: string; readonly session: string },
  signals: readonly Signal[],
  t: number,
): void {
  if (!signals.some(({ score }) => score === 0)) return
  const entry = keys.session === '' ? undefined : folding.sessions.find(([k]) => k === keys.session)
  if (entry !== undefined) {
    const [key, session] = entry
    const before = folding.states.session(key)
    // A session that a login began anew under its old id is not over.
    const afterEnd =
      before !== null && before.status !== 'active' && before.startedAt === session.startedAt
    const alertOnly = noted(session.alertOnly, signals, { t, afterEnd })
    put(folding.sessions, key, { ...session, alertOnly })
    return
  }
  const profile = profileOf(folding, keys.subject)
  if (profile === null) return
  const alertOnly = noted(profile.alertOnly, signals, { t, afterEnd: false })
  put(folding.profiles, keys.subject, { ...profile, alertOnly })
}

function noted(
  known: readonly AlertOnly[],
  signals: readonly Signal[],
  { t, afterEnd }: { readonly t: number; readonly afterEnd: boolean },
): readonly AlertOnly[] {
  let list = known.filter(({ seen }) => t - seen <= quietAfterMs)
  for (const { detector, reason, family, score } of signals) {
    if (score > 0) continue
    const old = list.find((entry) => entry.detector === detector && entry.reason === reason)
    const entry: AlertOnly =
      old === undefined
        ? { detector, reason, family, found: t, seen: t, told: t, count: 1, afterEnd }
        : {
            ...old,
            seen: t,
            told: t - old.told >= toldEveryMs ? t : old.told,
            count: old.count + 1,
          }
    list = [...list.filter((other) => other !== old), entry]
  }
  return list.slice(-caps.alertOnly)
}
