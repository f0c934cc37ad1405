import { describe, expect, it } from 'vitest'
import type { FoldResult } from './fold-types.ts'
import { folder } from './testing/folding.ts'
import {
  chrome,
  farNetwork,
  homeNetwork,
  london,
  minutes,
  saoPaulo,
  start,
} from './testing/scene.ts'

const home = { network: homeNetwork, place: london, client: chrome }
const thief = { network: farNetwork, place: saoPaulo, client: chrome }
const at = (t: number) => ({ occurredAt: t, receivedAt: t })
const assurance = { acr: 'aal2', amr: ['pwd', 'otp'], authTime: null }

const reasonsOf = ({ story }: FoldResult) => story.map(([, entry]) => entry.signal.reason)

function loggedIn() {
  const folding = folder()
  folding.happens({ ...home, ...at(start), type: 'login', action: null, assurance })
  return folding
}

describe("a session's story", () => {
  it('tells what was found with the event that it was found in', () => {
    const stolen = loggedIn().happens({ ...thief, ...at(start + minutes(20)), id: 'stolen-1' })
    const [sessionKey, entry] = stolen.story[0] ?? []
    expect(sessionKey).toBe('session-1')
    expect(entry).toMatchObject({
      offset: 1,
      at: start + minutes(20),
      eventId: 'stolen-1',
      signal: {
        reason: 'IMPOSSIBLE_TRAVEL',
        evidence: { previousPlace: 'London, GB', place: 'São Paulo, BR' },
      },
    })
  })

  it('tells once what each event finds again', () => {
    const folding = loggedIn()
    const first = folding.happens({ ...thief, ...at(start + minutes(20)) })
    const second = folding.happens({ ...thief, ...at(start + minutes(21)) })
    expect(second.signals.map(({ reason }) => reason)).toContain('IMPOSSIBLE_TRAVEL')
    expect(reasonsOf(first)).toContain('IMPOSSIBLE_TRAVEL')
    expect(reasonsOf(second)).not.toContain('IMPOSSIBLE_TRAVEL')
  })

  it('tells nothing of a quiet event', () => {
    expect(loggedIn().happens({ ...home, ...at(start + minutes(1)) }).story).toEqual([])
  })
})
