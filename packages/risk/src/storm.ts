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
}

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
})

const loadOf = (loads: Loads, tenant: string): TenantLoad =>
  loads.find((load) => load.tenant === tenant) ?? emptyLoad(tenant)

/** The one that changed stands last, so that what stands first was counted the longest ago. */
const withLoad = (loads: Loads, load: TenantLoad): Loads =>
  [...loads.filter(({ tenant }) => tenant !== load.tenant), load].slice(-stormCaps.tenants)

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
  /** True where the storm begins: none was kept back in the five minutes before. */
  readonly begins: boolean
  readonly cap: number
}

/** Notes that one was kept back. */
export function keepOneBack(loads: Loads, tenant: string, t: number, what: Capped): Kept {
  const load = presentOf(loads, tenant, t)
  const field = what === 'revocations' ? 'revocationsCappedAt' : 'stepUpsCappedAt'
  const begins = load[field] === 0 || t - load[field] > stormCaps.windowMs
  const at = Math.max(load[field], t)
  return { loads: withLoad(loads, { ...load, [field]: at }), begins, cap: capOf(load, what) }
}
