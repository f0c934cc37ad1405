/** A partition's meta as the fields of a hash, readable with `HGETALL`. */
import { type ControlState, type Loads, noControl, type PartitionMeta } from '@holdpoint/risk'
import { type StateFormats, unreadableFormat } from './formats.ts'
import { StateError } from './ports.ts'

/** In this order they are written and read; the commit id stands before them. */
export const metaFields = [
  'applied',
  'tick',
  'generation',
  'partition',
  'origins',
  'format',
  'rebuild',
  'control',
  'loads',
] as const

export const metaValues = (
  meta: PartitionMeta,
  rebuildUntil: number,
  { present }: StateFormats,
): string[] => [
  String(meta.appliedOffset),
  String(meta.lastTick),
  String(meta.generation),
  String(meta.partition),
  JSON.stringify(meta.origins),
  String(present.format),
  String(rebuildUntil),
  JSON.stringify(meta.control),
  JSON.stringify(meta.loads),
]

/**
 * Throws `StateError`: `state_too_new` where a newer release has written here, `state_too_old` where only one
 * did whose format is not read any more, `state_corrupt` where none of ours has.
 */
export function metaFromValues(
  values: readonly (Buffer | null)[],
  formats: StateFormats,
): {
  readonly meta: PartitionMeta
  readonly rebuildUntil: number
} {
  const [appliedOffset, lastTick, generation, partition, , format, rebuild] = values.map((value) =>
    Number(value === null ? Number.NaN : value.toString('latin1')),
  )
  checkFormat(formats, format)
  if (![appliedOffset, lastTick, generation, partition].every(Number.isSafeInteger))
    throw new StateError('state_corrupt', "a partition's meta lacks a number")
  return {
    meta: {
      generation: generation!,
      partition: partition!,
      appliedOffset: appliedOffset!,
      lastTick: lastTick!,
      origins: originsOf(values[4]),
      control: read<ControlState>(values[7], 'control') ?? noControl,
      loads: read<Loads>(values[8], 'loads') ?? [],
    },
    // Absent where the last commit was of a release that did not keep it.
    rebuildUntil: rebuild || 0,
  }
}

function originsOf(json: Buffer | null | undefined): Readonly<Record<string, number>> {
  const origins = read<Readonly<Record<string, number>>>(json, 'origins')
  if (origins !== null) return origins
  throw new StateError('state_corrupt', "a partition's meta has no origins")
}

/** A field that is kept as JSON; null where the last commit was of a release that did not keep it. */
function read<T>(json: Buffer | null | undefined, field: string): T | null {
  if (json === null || json === undefined) return null
  try {
    return JSON.parse(json.toString()) as T
  } catch (error) {
    throw new StateError('state_corrupt', `a partition's meta has unreadable ${field}`, {}, error)
  }
}

/** Throws where a partition's last commit was in a format that these do not read. */
export function checkFormat(formats: StateFormats, format: number | undefined): void {
  const { present, previous } = formats
  if (format !== present.format && format !== previous?.format)
    throw unreadableFormat(formats, format, 'this partition')
}

/** A commit for another partition or generation than the one it is sent to is a mistake of its maker. */
export function assertPlace(meta: PartitionMeta, generation: number, partition: number): void {
  if (meta.generation !== generation || meta.partition !== partition)
    throw new StateError(
      'wrong_partition',
      `a commit of generation ${meta.generation}, partition ${meta.partition} was sent to generation ${generation}, partition ${partition}`,
    )
}
