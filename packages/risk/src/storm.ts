/**
 * Storm caps: how much a partition may ask of a tenant's people, and take from them, in five minutes.
 * Whatever makes the engine see danger everywhere (a broken feed, a bad release) ends few sessions.
 *
 * Time here is the latest decision time that the partition has seen of the tenant: it never goes
 * back, so events that come late do not open a window anew.
 */

const minuteMs = 60_000
const hourMs = 3_600_000
/** Six whole minutes: however five minutes lie across them, they hold no more than the cap. */
const minutesCounted = 6

export const stormCaps = {
  revocations: { least: 5, perCent: 1 },
  stepUps: { least: 20, perCent: 2 },
  windowMs: 5 * minuteMs,
  /** Of a partition; past it the one that was counted the longest ago goes. */
  tenants: 128,
} as const

/** What the caps keep in check. */
export type Capped = 'revocations' | 'stepUps'

/** What a partition has lately seen of one tenant. */
export interface TenantLoad {
  readonly tenant: string
  /** Hour since the epoch that `seen` is of. */
  readonly hour: number
  /** Sessions seen in the hour before. */
  readonly before: number
  /** Sessions seen in this hour, and how many of them not in the one before. */
  readonly seen: number
  readonly fresh: number
  /** Minute since the epoch that stands last in the counts. */
  readonly minute: number
  readonly revocations: readonly number[]
  readonly stepUps: readonly number[]
  /** When the cap last kept one back, ms; 0 for never. */
  readonly revocationsCappedAt: number
  readonly stepUpsCappedAt: number
  /** When the storm began that is told of, ms; 0 for none. */
  readonly revocationsStormFrom: number
  readonly stepUpsStormFrom: number
}

const fieldsOf = {
  revocations: { last: 'revocationsCappedAt', from: 'revocationsStormFrom' },
  stepUps: { last: 'stepUpsCappedAt', from: 'stepUpsStormFrom' },
} as const

export type Loads = readonly TenantLoad[]

const noCounts: readonly number[] = new Array<number>(minutesCounted).fill(0)

export const emptyLoad = (tenant: string): TenantLoad => ({
  tenant,
  hour: 0,
  before: 0,
  seen: 0,
  fresh: 0,
  minute: 0,
  revocations: noCounts,
  stepUps: noCounts,
  revocationsCappedAt: 0,
  stepUpsCappedAt: 0,
  revocationsStormFrom: 0,
  stepUpsStormFrom: 0,
})

const loadOf = (loads: Loads, tenant: string): TenantLoad =>
  loads.find((load) => load.tenant === tenant) ?? emptyLoad(tenant)

/** The one that changed stands last, so that what stands first was counted the longest ago. */
function withLoad(loads: Loads, load: TenantLoad): Loads {
  const others = loads.filter(({ tenant }) => tenant !== load.tenant)
  if (others.length < stormCaps.tenants) return [...others, load]
  // One in a storm goes last: who was told that it began is to be told that it is over.
  const gone = Math.max(
    0,
    others.findIndex((other) => !isInStorm(other)),
  )
  return [...others.filter((_, at) => at !== gone), load]
}

/**
 * Counts a session as active.
 * @param lastSeen of the session before, ms; 0 where it was not known
 */
export function countActive(loads: Loads, tenant: string, t: number, lastSeen: number): Loads {
  const hour = Math.floor(t / hourMs)
  if (Math.floor(lastSeen / hourMs) >= hour) return loads
  const load = inHour(loadOf(loads, tenant), hour)
  // Of an hour that is over: it was counted, or comes too late to matter.
  if (load.hour > hour) return loads
  const isFresh = Math.floor(lastSeen / hourMs) < hour - 1
  return withLoad(loads, {
    ...load,
    seen: load.seen + 1,
    fresh: load.fresh + (isFresh ? 1 : 0),
  })
}

function inHour(load: TenantLoad, hour: number): TenantLoad {
  if (hour < load.hour - 1) return { ...load, hour, before: 0, seen: 0, fresh: 0 }
  if (hour <= load.hour) return load
  return { ...load, hour, before: hour === load.hour + 1 ? load.seen : 0, seen: 0, fresh: 0 }
}

function inMinute(load: TenantLoad, minute: number): TenantLoad {
  const gone = minute - load.minute
  // An hour back is no event that comes late: ingest's clock was ahead, and must not hold the window for as long.
  if (gone < -60) return { ...load, minute, revocations: noCounts, stepUps: noCounts }
  if (gone <= 0) return load
  const shifted = (counts: readonly number[]) =>
    gone >= minutesCounted ? noCounts : [...counts.slice(gone), ...noCounts.slice(0, gone)]
  return {
    ...load,
    minute,
    revocations: shifted(load.revocations),
    stepUps: shifted(load.stepUps),
  }
}

/** How many there may be in the window: a share of the sessions active in this hour or the last. */
function capOf({ before, fresh }: TenantLoad, what: Capped): number {
  const { least, perCent } = stormCaps[what]
  return Math.max(least, Math.floor(((before + fresh) * perCent) / 100))
}

/** Whether one more stays within the cap. */
export function hasRoom(loads: Loads, tenant: string, t: number, what: Capped): boolean {
  const load = presentOf(loads, tenant, t)
  return load[what].reduce((sum, count) => sum + count, 0) < capOf(load, what)
}

const presentOf = (loads: Loads, tenant: string, t: number): TenantLoad =>
  inMinute(inHour(loadOf(loads, tenant), Math.floor(t / hourMs)), Math.floor(t / minuteMs))

/** Counts one that was let through. */
export function countOne(loads: Loads, tenant: string, t: number, what: Capped): Loads {
  const load = presentOf(loads, tenant, t)
  const counts = [...load[what]]
  counts[minutesCounted - 1] = (counts[minutesCounted - 1] ?? 0) + 1
  return withLoad(loads, { ...load, [what]: counts })
}

export interface Kept {
  readonly loads: Loads
  /** When the storm began, ms; no other of the tenant begins at the same time. */
  readonly from: number
  /** True where it begins with this one. */
  readonly begins: boolean
  readonly cap: number
}

/** Notes that one was kept back. */
export function keepOneBack(loads: Loads, tenant: string, t: number, what: Capped): Kept {
  const load = presentOf(loads, tenant, t)
  const field = fieldsOf[what]
  const last = load[field.last]
  const begins = load[field.from] === 0
  const from = begins ? Math.max(t, last + 1) : load[field.from]
  const kept = { ...load, [field.last]: Math.max(last, t), [field.from]: from }
  return { loads: withLoad(loads, kept), from, begins, cap: capOf(load, what) }
}

/** A storm that is over. */
export interface Calmed {
  readonly tenant: string
  readonly what: Capped
  readonly from: number
  /** ms. */
  readonly at: number
}

/**
 * Ends the storms in which none was kept back for five minutes. While a storm lasts the window has room again
 * and again, for the next one to fill it.
 * @param of whose storms alone; all tenants' where it is absent
 */
export function endStorms(
  loads: Loads,
  t: number,
  of?: string,
): { readonly loads: Loads; readonly over: readonly Calmed[] } {
  if (!loads.some(isInStorm)) return { loads, over: [] }
  const over: Calmed[] = []
  const after = loads.map((load) => {
    if (of !== undefined && load.tenant !== of) return load
    const revocations = calmedIn(load, t, 'revocations')
    const stepUps = calmedIn(load, t, 'stepUps')
    over.push(...revocations, ...stepUps)
    return {
      ...load,
      revocationsStormFrom: revocations.length > 0 ? 0 : load.revocationsStormFrom,
      stepUpsStormFrom: stepUps.length > 0 ? 0 : load.stepUpsStormFrom,
    }
  })
  return over.length === 0 ? { loads, over } : { loads: after, over }
}

const isInStorm = ({ revocationsStormFrom, stepUpsStormFrom }: TenantLoad): boolean =>
  revocationsStormFrom > 0 || stepUpsStormFrom > 0

function calmedIn(load: TenantLoad, t: number, what: Capped): readonly Calmed[] {
  const field = fieldsOf[what]
  const from = load[field.from]
  const until = load[field.last] + stormCaps.windowMs
  // Far ahead: ingest's clock was, and must not keep the storm up for as long.
  const isOver = t > until || t < until - hourMs
  return from > 0 && isOver ? [{ tenant: load.tenant, what, from, at: Math.min(t, until) }] : []
}
