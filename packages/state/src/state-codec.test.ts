import {
  choice,
  defineDetector,
  emptyProfile,
  emptySession,
  type Field,
  flag,
  hash,
  list,
  optional,
  record,
  sessionFields,
  text,
  time,
  uint,
} from '@holdpoint/risk'
import { arbitraryProfile, arbitrarySession } from '@holdpoint/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StateError } from './ports.ts'
import { type StateCodec, stateCodec } from './state-codec.ts'

type Fields = Readonly<Record<string, Field>>

const detector = (name: string, session: Fields, profile: Fields = {}, version = 1) =>
  defineDetector({
    name,
    version,
    family: 'place',
    reasons: {},
    about: { sees: '', misses: [], mistakes: [] },
    params: {},
    needs: [],
    memory: { session, profile },
    detect: () => null,
    remember: (_scene, memory) => memory,
  })

const swaps = detector('swaps', {
  seen: list(3, record({ at: time, kind: choice(['unknown', 'browser', 'app']) })),
  last: optional(record({ label: text(12), loud: flag })),
})
const tally = detector('tally', { count: uint }, { ids: list(5, hash), since: time })
const detectors = [swaps, tally]
const codec = stateCodec(detectors)

const codeOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof StateError) return error.code
    throw error
  }
  return 'nothing was thrown'
}

describe('a state comes back as it was', () => {
  it('for any session that the declarations allow', () => {
    fc.assert(
      fc.property(arbitrarySession(detectors), (session) => {
        expect(codec.decodeSession(codec.encodeSession(session))).toStrictEqual(session)
      }),
    )
  })

  it('for any profile that the declarations allow', () => {
    fc.assert(
      fc.property(arbitraryProfile(detectors), (profile) => {
        expect(codec.decodeProfile(codec.encodeProfile(profile))).toStrictEqual(profile)
      }),
    )
  })

  it('in the same bytes, whatever the order in which its memories were made', () => {
    const memory = { swaps: { seen: [], last: null }, tally: { count: 3 } }
    const turned = { tally: memory.tally, swaps: memory.swaps }
    expect(codec.encodeSession({ ...emptySession, memory: turned })).toStrictEqual(
      codec.encodeSession({ ...emptySession, memory }),
    )
  })

  it('with longer text cut at its maximum and never within a character', () => {
    const { max } = sessionFields.fields.sessionId
    const sessionId = `${'a'.repeat(max - 1)}😀`
    const read = codec.decodeSession(codec.encodeSession({ ...emptySession, sessionId }))
    expect(read.sessionId).toBe('a'.repeat(max - 1))
  })

  it('small: nothing remembered costs nothing', () => {
    const empty = codec.encodeSession(emptySession).length
    expect(stateCodec([]).encodeSession(emptySession)).toHaveLength(empty)
  })
})

describe('a memory that this release does not know is skipped, never misread', () => {
  const memory = { swaps: { seen: [], last: { label: 'x', loud: true } }, tally: { count: 300 } }
  const bytes = codec.encodeSession({ ...emptySession, memory })

  it('where the detector is gone', () => {
    const read = stateCodec([tally]).decodeSession(bytes)
    expect(read).toStrictEqual({ ...emptySession, memory: { tally: { count: 300 } } })
  })

  it('where the detector has another version', () => {
    const newer = detector('tally', { name: text(4) }, {}, 2)
    const read = stateCodec([swaps, newer]).decodeSession(bytes)
    expect(read.memory).toStrictEqual({ swaps: memory.swaps })
  })
})

describe('bytes that are no state of ours are refused', () => {
  const cases: readonly (readonly [
    string,
    (codec: StateCodec, bytes: Buffer) => unknown,
    fc.Arbitrary<Buffer>,
  ])[] = [
    ['session', (c, b) => c.decodeSession(b), arbitrarySession(detectors).map(codec.encodeSession)],
    ['profile', (c, b) => c.decodeProfile(b), arbitraryProfile(detectors).map(codec.encodeProfile)],
  ]
  it.each(cases)('a %s cut short, at any byte within the core', (_, decode, states) => {
    fc.assert(
      fc.property(
        states,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (bytes, share) => {
          const cut = bytes.subarray(0, Math.floor(bytes.length * share))
          // Where the cut falls between two memories, what is left is a state with fewer.
          const code = codeOf(() => decode(codec, cut))
          expect(['state_corrupt', 'nothing was thrown']).toContain(code)
          const core = codeOf(() => decode(stateCodec([]), cut))
          expect(['state_corrupt', 'nothing was thrown']).toContain(core)
        },
      ),
    )
  })

  it('a state without memories, cut at each byte', () => {
    const bytes = codec.encodeProfile({ ...emptyProfile, subjectId: 'alice', credentials: [1, 2] })
    for (let length = 0; length < bytes.length; length++)
      expect(codeOf(() => codec.decodeProfile(bytes.subarray(0, length)))).toBe('state_corrupt')
  })

  it.each(cases)(
    'a %s with any byte changed is refused or read, and nothing else',
    (_, decode, states) => {
      fc.assert(
        fc.property(states, fc.nat(), fc.integer({ min: 0, max: 255 }), (bytes, at, byte) => {
          const changed = Buffer.from(bytes)
          changed[at % changed.length] = byte
          const code = codeOf(() => decode(codec, changed))
          expect([
            'state_corrupt',
            'state_too_new',
            'state_too_old',
            'nothing was thrown',
          ]).toContain(code)
        }),
      )
    },
  )

  it('bytes of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const code = codeOf(() => codec.decodeSession(Buffer.from([1, ...bytes])))
        expect(['state_corrupt', 'nothing was thrown']).toContain(code)
      }),
    )
  })

  it('a newer format, with the mend', () => {
    const bytes = codec.encodeSession(emptySession)
    bytes[0] = 2
    expect(codeOf(() => codec.decodeSession(bytes))).toBe('state_too_new')
    expect(() => codec.decodeSession(bytes)).toThrow(/format 2.*reads up to 1.*newer release/)
  })
})

describe('a value that its declaration does not allow is refused, by name', () => {
  const encode = (changes: object) => () =>
    codec.encodeSession({ ...emptySession, ...changes } as typeof emptySession)

  it.each([
    [
      'a list beyond its maximum',
      { repeats: new Array(65).fill(1) },
      'session.repeats must be of at most 64 items, and is 65',
    ],
    ['a fraction', { score: 0.5 }, 'session.score must be a whole number'],
    ['a negative number', { score: -1 }, 'session.score must be a whole number'],
    ['no number', { lastSeen: Number.NaN }, 'session.lastSeen must be whole milliseconds'],
    ['a number where text belongs', { sessionId: 7 }, 'session.sessionId must be text, and is 7'],
    ['an unknown word', { level: 'EXTREME' }, 'session.level must be one of LOW, MEDIUM, HIGH'],
    ['a field left out', { assurance: { rank: 1, authTime: 0 } }, 'session.assurance.context'],
    [
      'a memory of no detector',
      { memory: { ghost: {} } },
      'session.memory.ghost is declared by no detector',
    ],
  ])('%s', (_, changes, message) => {
    expect(codeOf(encode(changes))).toBe('state_invalid')
    expect(encode(changes)).toThrow(message)
  })

  it('and a declaration without a sensible bound is refused before anything is written', () => {
    const hoarder = detector('hoarder', { all: list(10_000, text(1_000)) })
    expect(codeOf(() => stateCodec([hoarder]))).toBe('state_unbounded')
  })
})
