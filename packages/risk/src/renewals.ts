/** A session that goes on under another id, and perhaps under another again. */
import type { Session } from './state.ts'

/** Renewals that are followed from an old id to the present one. */
const renewalsMax = 256

/** The session that lives on under another id, and those between, as far as they are known. */
export function renewals(key: string, session: (key: string) => Session | null): readonly string[] {
  const keys: string[] = []
  let next = key
  while (next !== '' && keys.length < renewalsMax && !keys.includes(next)) {
    keys.push(next)
    next = session(next)?.successor ?? ''
  }
  return keys
}
