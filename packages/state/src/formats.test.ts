import type { Profile, Session } from '@holdpoint/risk'
import { describe, expect, it } from 'vitest'
import { filledOf, linesOf, recordedDetectors, recordedMemory } from '../fixtures/filled.ts'
import { format0, formats0, formatsAfter0 } from '../fixtures/format-0.ts'
import { type StateFormat, type StateFormats, shippedFormats } from './formats.ts'
import { type StateCodec, stateCodec } from './state-codec.ts'

const raise = (format: number): string =>
  `format ${format} is not what was recorded of it, so states in Redis would be misread: raise stateFormat and keep the old fields as previous (packages/state/src/formats.ts). Record a format anew (vitest -u) only while no release has written it, or where words were added at the end of a choice`

/** Every field filled, and memories, as the format's own release would have had them. */
const filled = ({ session, profile }: StateFormat) => ({
  session: { ...(filledOf(session) as Session), memory: recordedMemory.session },
  profile: { ...(filledOf(profile) as Profile), memory: recordedMemory.profile },
})

/** In lines of 64 digits, which a diff can show. */
const hex = (bytes: Buffer): string => `${bytes.toString('hex').replace(/.{64}(?=.)/g, '$&\n')}\n`

const { present } = shippedFormats

describe.each([
  ['the present', present, { ...shippedFormats }],
  ['the fixture of a previous', format0, formats0],
])('%s format', (_, format, formats) => {
  const { session, profile } = filled(format)
  const codec = stateCodec(recordedDetectors, formats)
  const recorded = `../fixtures/format-${format.format}`

  it('has the fields that were recorded', async () => {
    const lines = [...linesOf(format.session, 'session'), ...linesOf(format.profile, 'profile')]
    const text = `${lines.join('\n')}\n`
    await expect(text, raise(format.format)).toMatchFileSnapshot(`${recorded}.fields.txt`)
  })

  it('has the bytes that were recorded', async () => {
    const why = raise(format.format)
    const bytes = { session: codec.encodeSession(session), profile: codec.encodeProfile(profile) }
    await expect(hex(bytes.session), why).toMatchFileSnapshot(`${recorded}.session.hex`)
    await expect(hex(bytes.profile), why).toMatchFileSnapshot(`${recorded}.profile.hex`)
    expect(codec.decodeSession(bytes.session)).toStrictEqual(session)
    expect(codec.decodeProfile(bytes.profile)).toStrictEqual(profile)
  })
})

describe('a state of the previous format', () => {
  const old = filled(format0)
  const oldCodec = stateCodec(recordedDetectors, formats0)
  const codec = stateCodec(recordedDetectors, formatsAfter0)
  const session = oldCodec.encodeSession(old.session)
  const profile = oldCodec.encodeProfile(old.profile)

  it('is read as one of the present, with what it keeps and what detectors remember', () => {
    const { level, stepUp, contributions, ...kept } = old.session
    const read = codec.decodeSession(session)
    expect(read).toStrictEqual({
      ...kept,
      level: 'HIGH',
      provisionalUntil: 0,
      successor: '',
      acting: 'human',
      notAfter: 0,
      parent: '',
      approvedAt: 0,
      children: [],
      contributions: contributions.map((c) => ({ ...c, found: c.seen, spent: false })),
      alertOnly: [],
      stepUp: stepUp && { ...stepUp, obligation: 'reauthenticate', withheld: '' },
      held: '',
      heldAt: 0,
      decisions: [],
      memory: recordedMemory.session,
    })
    expect(level).toBe(600)
    const { kind, ...rest } = old.profile
    expect(codec.decodeProfile(profile)).toStrictEqual({
      ...rest,
      kind: 'human',
      enrolments: [],
      poisoned: [],
      alertOnly: [],
    })
    expect(kind).toBe('t3')
  })

  it('is written forward, once', () => {
    for (const [bytes, forward, decode] of [
      [session, codec.forwardSession, codec.decodeSession],
      [profile, codec.forwardProfile, codec.decodeProfile],
    ] as const) {
      const forwarded = forward(bytes)
      expect(forwarded[0]).toBe(present.format)
      expect(decode(forwarded)).toStrictEqual(decode(bytes))
      expect(forward(forwarded)).toBe(forwarded)
    }
  })
})

describe('another format is refused, with the mend', () => {
  const newest = { present: { ...present, format: 2 }, previous: { ...format0, format: 1 } }
  const cases: readonly (readonly [string, StateCodec, StateFormats, string, RegExp])[] = [
    [
      'newer',
      stateCodec([]),
      { present: { ...present, format: 2 }, previous: null },
      'state_too_new',
      /format 2.*reads up to 1.*run the newer release/,
    ],
    [
      'older, where there is no previous',
      stateCodec([]),
      formats0,
      'state_too_old',
      /format 0.*reads from 1 on.*holdpoint rebase/,
    ],
    [
      'older than the previous',
      stateCodec([], newest),
      formats0,
      'state_too_old',
      /format 0.*reads from 1 on.*holdpoint rebase/,
    ],
  ]
  it.each(cases)('%s', (_, codec, written, code, message) => {
    const writer = stateCodec([], written)
    const { session, profile } = filled(written.present)
    const sessionBytes = writer.encodeSession({ ...session, memory: {} })
    const profileBytes = writer.encodeProfile({ ...profile, memory: {} })
    for (const read of [
      () => codec.decodeSession(sessionBytes),
      () => codec.forwardSession(sessionBytes),
      () => codec.decodeProfile(profileBytes),
      () => codec.forwardProfile(profileBytes),
    ]) {
      expect(read).toThrow(expect.objectContaining({ code }))
      expect(read).toThrow(message)
    }
  })
})
