/** Arbitrary values of declared fields, and with them arbitrary states: all that the declarations allow, and no more. */
import {
  type Detector,
  type Field,
  type Profile,
  profileFields,
  type Session,
  sessionFields,
} from '@holdpoint/risk'
import fc from 'fast-check'

/** Lists stay short unless asked: what matters is that 0, 1, a few and `max` items occur. */
const fewItems = 4

export function arbitraryOf(field: Field): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'uint':
      return fc.oneof(fc.nat(300), fc.maxSafeNat())
    case 'hash':
      return fc.oneof(fc.constant(0), fc.maxSafeNat())
    case 'time':
      return fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 48 - 1 }))
    case 'degrees':
      return fc.integer({ min: -18_000, max: 18_000 }).map((hundredths) => hundredths / 100)
    case 'flag':
      return fc.boolean()
    case 'text':
      return textOf(field.max)
    case 'choice':
      return fc.constantFrom(...field.of)
    case 'list':
      return fc.oneof(
        fc.array(arbitraryOf(field.of), { maxLength: Math.min(field.max, fewItems) }),
        {
          arbitrary: fc.array(arbitraryOf(field.of), {
            minLength: field.max,
            maxLength: field.max,
          }),
          weight: 1,
        },
      )
    case 'optional':
      return fc.option(arbitraryOf(field.of), { nil: null })
    case 'record':
      return recordOf(field.fields)
  }
}

/** Whole characters of any script, none of which is half of a pair. */
const textOf = (max: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.string({ unit: 'grapheme-ascii', maxLength: max }),
      fc.string({ unit: 'binary', maxLength: Math.floor(max / 2) }),
      fc.string({ unit: 'grapheme-ascii', minLength: max, maxLength: max }),
    )
    .filter((text) => text.length <= max)

const recordOf = (fields: Readonly<Record<string, Field>>): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, arbitraryOf(field)])),
    { noNullPrototype: true },
  )

const memoriesOf = (
  detectors: readonly Detector[],
  which: 'session' | 'profile',
): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(
    Object.fromEntries(
      detectors
        .filter((detector) => Object.keys(detector.memory[which]).length > 0)
        .map((detector) => [detector.name, recordOf(detector.memory[which])]),
    ),
    { requiredKeys: [], noNullPrototype: true },
  )

const stateOf = (
  core: Field,
  memories: fc.Arbitrary<Record<string, unknown>>,
): fc.Arbitrary<unknown> =>
  fc
    .tuple(arbitraryOf(core), memories)
    .map(([fields, memory]) => ({ ...(fields as Record<string, unknown>), memory }))

/** Any session that the declarations of the core and of `detectors` allow. */
export const arbitrarySession = (detectors: readonly Detector[]): fc.Arbitrary<Session> =>
  stateOf(sessionFields, memoriesOf(detectors, 'session')) as fc.Arbitrary<Session>

/** Any profile that the declarations of the core and of `detectors` allow. */
export const arbitraryProfile = (detectors: readonly Detector[]): fc.Arbitrary<Profile> =>
  stateOf(profileFields, memoriesOf(detectors, 'profile')) as fc.Arbitrary<Profile>
