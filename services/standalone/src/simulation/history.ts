/** The days before the simulation begins: what rules compare with. */
import type { EventMaker, SentEvent, Where } from './events.ts'
import type { Workload } from './people.ts'
import type { LiveSession, PersonLife } from './person-life.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** Rules that speak of a habit want five logins on three days. */
const days = 6

/** A person's last days: laptop at home and in the office, phone on wifi and on its carrier, by turns. */
export function personHistory(
  life: PersonLife,
  make: EventMaker,
  now: number,
): readonly SentEvent[] {
  const { person } = life
  const { home, office, carrier, laptop, phone, random, isAdmin } = person
  const events: SentEvent[] = []
  const today = Math.floor(now / dayMs) * dayMs
  for (let ago = days; ago >= 1; ago -= 1) {
    const day = today - ago * dayMs
    const turn = ago % 2 === 0
    const visit = (where: Where, hour: number, actions: readonly string[]): void => {
      let at = day + hour * 60 * minuteMs + random.below(40 * minuteMs)
      const id = life.newSessionId()
      events.push(make.login(at, person, id, where, 'password'))
      for (const name of actions) {
        at += 2 * minuteMs + random.below(3 * minuteMs)
        events.push(make.action(at, person, id, where, { name }))
      }
      events.push(make.logout(at + 10 * minuteMs, person, id, where))
    }
    visit({ spot: turn ? home : office, device: laptop }, 8, [
      'orders.list',
      isAdmin ? 'admin.users.list' : 'documents.read',
    ])
    visit({ spot: turn ? carrier : home, device: phone }, 18, ['messages.send'])
  }
  return events
}

/** Most people are at work on their laptop when the simulation begins; null for one who is not. */
export function openSession(
  life: PersonLife,
  make: EventMaker,
  now: number,
): { readonly session: LiveSession; readonly events: readonly SentEvent[] } | null {
  const { person } = life
  const { random, home, office, laptop } = person
  if (random.chance(0.3)) return null
  const where = { spot: random.chance(0.75) ? home : office, device: laptop }
  const id = life.newSessionId()
  const begun = now - (10 + random.below(20)) * minuteMs
  const seen = now - (1 + random.below(4)) * minuteMs
  const events = [
    make.login(begun, person, id, where, 'password'),
    make.action(seen, person, id, where, { name: 'orders.list', access: 'read' }),
  ]
  return { session: { id, where, authenticatedAt: begun }, events }
}

/** A workload does the same from the same place every day. */
export function workloadHistory(
  workload: Workload,
  make: EventMaker,
  now: number,
): readonly SentEvent[] {
  const today = Math.floor(now / dayMs) * dayMs
  return Array.from({ length: days }, (_, index) => {
    const at = today - (days - index) * dayMs + workload.random.below(dayMs / 2)
    return make.workloadAction(at, workload, `${workload.id}.run`)
  })
}
