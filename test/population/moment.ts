/** A moment of a working day in which something may come up. */
import { nextDeed } from './deeds.ts'
import type { Human, InSession } from './human.ts'
import type { LiveSession } from './session.ts'
import { minuteMs } from './stage.ts'
import type { Where } from './wire.ts'

export interface Moment {
  readonly human: Human
  readonly session: LiveSession
  readonly where: Where
}

/** Its name is the trait of the session that it happens in. */
export interface Incident {
  readonly name: string
  /** On a working day of whom it fits. */
  readonly chance: number
  readonly fits: (human: Human) => boolean
  /** Ends with the session that the day goes on in. */
  readonly happen: (moment: Moment) => InSession
}

export const anybody = (): boolean => true

/** A few deeds from somewhere. */
export function* someDeeds(human: Human, session: LiveSession, where: Where, n: number): InSession {
  let now = session
  for (let left = n; left > 0; left -= 1) {
    now = yield* human.act(now, where, nextDeed(human.person))
    yield human.person.random.around(4 * minuteMs)
  }
  return now
}
