/**
 * What the subject does not do: an hour of the day that it never uses, or a kind of demanding action that it
 * never took, at the very start of a session. Each is told once a session, and never counts as risk.
 *
 * Hours are UTC, as no place tells a time zone for sure. A traveller's new hours are told once and learnt.
 */
import { defineDetector, type Finding, type Scene } from '../detector.ts'
import { flag, list, uint, type ValueOf } from '../fields.ts'
import { minutesText } from './describe.ts'
import { nameHash } from './name-hash.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000

const hourList = list(24, uint)
/** Past its length no kind is new any more: which ones were dropped could not be told. */
const kindList = list(24, uint)

const remembered = {
  /** On how many of the counted days each hour was used; empty before the first. */
  hours: hourList,
  /** The last day that was counted, in days since the epoch, and one bit for each hour of it. */
  day: uint,
  hoursOfDay: uint,
  days: uint,
  /** Rules of policy whose sensitive or critical actions the subject took, as hashes. */
  kinds: kindList,
  sessions: uint,
} as const

const ofSession = {
  /** True once the session stands among `sessions`. */
  counted: flag,
  toldHour: flag,
  toldKind: flag,
} as const

type Habits = { readonly [K in keyof typeof remembered]: ValueOf<(typeof remembered)[K]> }
type Told = { readonly [K in keyof typeof ofSession]: ValueOf<(typeof ofSession)[K]> }

interface Params {
  readonly daysMin: number
  readonly sharePermilleMax: number
  readonly windowDaysMax: number
  readonly sessionsMin: number
  readonly startMs: number
}

/** What subjects do by themselves; a refused deed is no habit. */
const acts = ({ event: { type, outcome } }: Scene): boolean =>
  (type === 'login' || type === 'action' || type === 'reauthentication') && outcome !== 'failure'

const hourOf = (at: number): number => Math.floor(at / hourMs) % 24

/** True where neither this hour nor those beside it hold more than a share of all that was counted. */
function isOddHour({ event }: Scene, { hours, days }: Habits, params: Params): boolean {
  if (days < params.daysMin) return false
  const hour = hourOf(event.occurredAt)
  const near = [hour + 23, hour, hour + 1].reduce((sum, h) => sum + (hours[h % 24] ?? 0), 0)
  const total = hours.reduce((sum, n) => sum + n, 0)
  return near * 1000 <= params.sharePermilleMax * total
}

const isDemanding = ({ event, actionRule, sensitivity }: Scene): boolean =>
  event.type === 'action' && actionRule !== '' && sensitivity !== 'routine'

function isOddKind(scene: Scene, { kinds, sessions }: Habits, params: Params): boolean {
  if (!isDemanding(scene) || sessions < params.sessionsMin) return false
  const since = scene.event.occurredAt - scene.session.startedAt
  const known = kinds.length >= kindList.max || kinds.includes(nameHash(scene.actionRule))
  return !known && since >= 0 && since < params.startMs
}

const odd = (scene: Scene, told: Told, habits: Habits, params: Params) => ({
  hour: !told.toldHour && isOddHour(scene, habits, params),
  kind: !told.toldKind && isOddKind(scene, habits, params),
})

const clock = (hour: number): string => `${String(hour % 24).padStart(2, '0')}:00`

/** `08:00 to 18:00, 21:00 to 22:00`: the stretches of the day that are used, at most three. */
function stretches(hours: Habits['hours']): string {
  const isUsed = (hour: number) => (hours[hour % 24] ?? 0) > 0
  const starts = [...hours.keys()].filter((h) => isUsed(h) && !isUsed(h + 23))
  const texts = starts.map((start) => {
    let end = start + 1
    while (isUsed(end) && end < start + 24) end += 1
    return `${clock(start)} to ${clock(end)}`
  })
  return texts.length > 3 ? `${texts.slice(0, 3).join(', ')}, …` : texts.join(', ')
}

function oddHourFound({ event }: Scene, { hours, days }: Habits): Omit<Finding, 'score'> {
  const hour = clock(hourOf(event.occurredAt))
  const usual = stretches(hours)
  return {
    reason: 'HABIT',
    halfLifeMs: 0,
    message: `Active at ${hour} UTC, as never before; usual: ${usual}`,
    evidence: { previousHours: usual, hour, activeDays: days },
  }
}

function oddKindFound(scene: Scene, { sessions }: Habits): Omit<Finding, 'score'> {
  const { event, session, actionRule } = scene
  const minutes = Math.floor((event.occurredAt - session.startedAt) / 60_000)
  const kind = actionRule.slice(0, 64)
  return {
    reason: 'HABIT',
    halfLifeMs: 0,
    message: `First action of kind ${kind} in ${sessions} sessions, ${minutesText(minutes)} after this one began`,
    evidence: {
      kind,
      action: event.action?.name.slice(0, 64) ?? '',
      minutesIntoSession: minutes,
      previousSessions: sessions,
    },
  }
}

/** Counts the hour, once a day; at the end of each window all counts are halved, so that old habits fade. */
function withHour(habits: Habits, at: number, { windowDaysMax }: Params): Habits {
  const day = Math.floor(at / dayMs)
  const bit = 1 << hourOf(at)
  const isNewDay = day > habits.day
  if (day < habits.day || (!isNewDay && (habits.hoursOfDay & bit) !== 0)) return habits
  const days = habits.days + (isNewDay ? 1 : 0)
  const fades = isNewDay && days % windowDaysMax === 0
  const hours = Array.from({ length: hourList.max }, (_, hour) => {
    const before = habits.hours[hour] ?? 0
    return (fades ? Math.floor(before / 2) : before) + (hour === hourOf(at) ? 1 : 0)
  })
  return { ...habits, hours, days, day, hoursOfDay: (isNewDay ? 0 : habits.hoursOfDay) | bit }
}

/** Only what was done from a proven context teaches; an attempt teaches nothing. */
function learnt(scene: Scene, habits: Habits, { counted }: Told, params: Params): Habits {
  let next = withHour(habits, scene.event.occurredAt, params)
  if (!counted) next = { ...next, sessions: next.sessions + 1 }
  const kind = nameHash(scene.actionRule)
  const isNew = isDemanding(scene) && !next.kinds.includes(kind)
  if (!isNew || next.kinds.length >= kindList.max) return next
  return { ...next, kinds: [...next.kinds, kind] }
}

export const habit = defineDetector({
  name: 'habit',
  version: 1,
  family: 'behaviour',
  reasons: {
    HABIT:
      'The subject is active at an hour that it never uses, or begins a session with a kind of sensitive or critical action that it never took.',
  },
  about: {
    sees: "The subject's own hours of the day (UTC, one count an hour and day, fading over weeks) and the kinds of sensitive and critical actions that it takes, learnt from proven contexts only.",
    misses: [
      'A thief who works in the hours of the subject, or who waits before the first demanding action.',
      'Whatever happens to a subject who is active around the clock, or has done everything before.',
      'Weekends and holidays: the days of the week are not told apart.',
    ],
    mistakes: [
      'A traveller in another time zone, a night on call, the end of summer time at the edge of the day: once a session, until the hours are learnt.',
      'A new duty whose first act comes right after the login.',
    ],
  },
  params: {
    score: 0,
    daysMin: 10,
    sharePermilleMax: 0,
    windowDaysMax: 28,
    sessionsMin: 10,
    startMs: 10 * 60_000,
  },
  needs: ['history'],
  memory: { session: ofSession, profile: remembered },
  detect(scene, { session, profile }, params) {
    if (!acts(scene)) return null
    const is = odd(scene, session, profile, params)
    // Of the two the action says more, and the hour goes untold.
    if (is.kind) return { score: params.score, ...oddKindFound(scene, profile) }
    return is.hour ? { score: params.score, ...oddHourFound(scene, profile) } : null
  },
  remember(scene, memory, params) {
    if (!acts(scene)) return memory
    const { session: told, profile: habits } = memory
    const is = odd(scene, told, habits, params)
    const teaches = scene.context.proven && scene.event.outcome !== 'attempted'
    const session: Told = {
      counted: told.counted || teaches,
      toldKind: told.toldKind || (scene.hasHistory && is.kind),
      toldHour: told.toldHour || (scene.hasHistory && is.hour),
    }
    const same =
      session.counted === told.counted &&
      session.toldKind === told.toldKind &&
      session.toldHour === told.toldHour
    const profile = teaches ? learnt(scene, habits, told, params) : habits
    if (same && profile === habits) return memory
    return { session: same ? told : session, profile }
  },
})
