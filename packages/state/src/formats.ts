/**
 * Formats of states, as data. A release writes the present one and reads the one before it too: what
 * it reads in that, it writes forward. So releases one format apart may run side by side while
 * partitions move from the older to the newer (docs/how-to/upgrade.md).
 *
 * To change the core's fields: raise `stateFormat`, keep the fields as they were in a file of their own
 * with how their states become those of today, and name it as `previous` of `shippedFormats`.
 */
import {
  type Field,
  type ProfileCore,
  profileFields,
  type SessionCore,
  sessionFields,
  type ValueOf,
} from '@holdpoint/risk'
import { corrupt } from './cursor.ts'
import { StateError } from './ports.ts'

/** The format that is written: a state's first byte. Any change of the core's fields is a new one. */
const stateFormat = 1

/** What the core keeps in one format. What detectors keep has versions of its own. */
export interface StateFormat {
  /** From 0 to 255; each is one above the one before. */
  readonly format: number
  readonly session: Field
  readonly profile: Field
}

/** The format before the present one, and how its states become those of the present. Made by `previousFormat`. */
export interface PreviousFormat extends StateFormat {
  readonly upgradeSession: (session: unknown) => SessionCore
  readonly upgradeProfile: (profile: unknown) => ProfileCore
}

/** Declares a previous format: what `upgrade…` takes is what its fields hold. Both are pure. */
export const previousFormat = <S extends Field, P extends Field>(declared: {
  readonly format: number
  readonly session: S
  readonly profile: P
  readonly upgradeSession: (session: ValueOf<S>) => SessionCore
  readonly upgradeProfile: (profile: ValueOf<P>) => ProfileCore
}): PreviousFormat => declared as PreviousFormat

export interface StateFormats {
  readonly present: StateFormat
  /** null where nothing older can be read. */
  readonly previous: PreviousFormat | null
}

/** Of this release: the first format, so none came before it. */
export const shippedFormats: StateFormats = {
  present: { format: stateFormat, session: sessionFields, profile: profileFields },
  previous: null,
}

/**
 * Why something in another format than these cannot be read; `what` names it, as `a session`. The code is
 * `state_too_new` or `state_too_old`, and `state_corrupt` where it is no format at all.
 */
export function unreadableFormat(
  { present, previous }: StateFormats,
  format: number | undefined,
  what: string,
): StateError {
  if (format === undefined || !Number.isSafeInteger(format) || format < 0)
    return corrupt(what, 'it names no format')
  if (format > present.format)
    return new StateError(
      'state_too_new',
      `${what} was written in format ${format} and this release reads up to ${present.format}: run the newer release, or remove all of the partition's keys so that this one rebuilds it from the log (docs/how-to/upgrade.md)`,
    )
  const oldest = (previous ?? present).format
  return new StateError(
    'state_too_old',
    `${what} was written in format ${format} and this release reads from ${oldest} on: run holdpoint rebase of a release that reads format ${format}, which writes every state forward, or remove all of the partition's keys so that it is rebuilt from the log (docs/how-to/upgrade.md)`,
  )
}
