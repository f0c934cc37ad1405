/**
 * A state's bytes: one byte of format, the core's record, then a section for each detector that
 * keeps something: its name, version and length before its memory, so that a memory of an unknown
 * detector or another version is skipped and never misread (docs/explanation/commit-protocol.md).
 */
import type { Detector, Profile, Session } from '@holdpoint/risk'
import { type Cursor, corrupt, cutShort, readUint, writeUint } from './cursor.ts'
import { compileField, type FieldCodec } from './field-codec.ts'
import { readText, writeText } from './field-text.ts'
import { type StateFormats, shippedFormats, unreadableFormat } from './formats.ts'
import { StateError } from './ports.ts'

/** A declaration that could grow beyond this is a mistake, not a state. */
const declaredBytesMax = 1 << 20
const nameCharsMax = 64
/** A section's length stands in two bytes. */
const sectionBytesMax = 0xffff
const sectionHeadBytesMax = 8 + 3 * nameCharsMax + 8 + 2

export interface StateCodec {
  /** Throws `StateError` `state_invalid` where a value is not what its field declares. */
  encodeSession(session: Session): Buffer
  encodeProfile(profile: Profile): Buffer
  /**
   * Reads the present format and the previous one. Throws `StateError`: `state_too_new` for a format of
   * a newer release, `state_too_old` for one before the previous, `state_corrupt` for no state at all.
   */
  decodeSession(bytes: Buffer): Session
  decodeProfile(bytes: Buffer): Profile
  /** The same state in the present format: the very bytes where they are. Throws as the above do. */
  forwardSession(bytes: Buffer): Buffer
  forwardProfile(bytes: Buffer): Buffer
}

interface Section {
  readonly name: string
  readonly version: number
  /** Name and version, as they stand before the length. */
  readonly head: Buffer
  readonly memory: FieldCodec
}

/** Compiles the codec of the core's fields and of what `detectors` keep. */
export function stateCodec(
  detectors: readonly Detector[],
  formats: StateFormats = shippedFormats,
): StateCodec {
  const { previous } = formats
  const session = stateOf('session', formats, previous?.upgradeSession, detectors)
  const profile = stateOf('profile', formats, previous?.upgradeProfile, detectors)
  return {
    encodeSession: session.encode,
    encodeProfile: profile.encode,
    decodeSession: (bytes) => session.decode(bytes) as Session,
    decodeProfile: (bytes) => profile.decode(bytes) as Profile,
    forwardSession: session.forward,
    forwardProfile: profile.forward,
  }
}

interface Remembering {
  readonly memory: Readonly<Record<string, unknown>>
}

function stateOf(
  which: 'session' | 'profile',
  formats: StateFormats,
  upgrade: ((core: unknown) => object) | undefined,
  detectors: readonly Detector[],
) {
  const { present, previous } = formats
  const coreCodec = compileField(present[which], which)
  const previousCodec = previous === null ? null : compileField(previous[which], which)
  const sections = detectors
    .filter((detector) => Object.keys(detector.memory[which]).length > 0)
    .map((detector) => compileSection(which, detector))
  const byName = new Map(sections.map((section) => [section.name, section]))
  const bytesMax = sections.reduce(
    (sum, { memory }) => sum + sectionHeadBytesMax + memory.bytesMax,
    1 + coreCodec.bytesMax,
  )
  if (bytesMax > declaredBytesMax)
    throw new StateError(
      'state_unbounded',
      `the fields of a ${which} may take ${bytesMax} bytes, more than ${declaredBytesMax}: lower the maxima of its lists and texts`,
    )
  const scratch: Cursor = { buffer: Buffer.alloc(bytesMax), at: 0, end: bytesMax }

  function encode(state: Remembering): Buffer {
    scratch.buffer[0] = present.format
    scratch.at = 1
    coreCodec.write(scratch, state)
    writeSections(scratch, which, state.memory, sections)
    const bytes = Buffer.allocUnsafe(scratch.at)
    scratch.buffer.copy(bytes, 0, 0, scratch.at)
    return bytes
  }

  function decode(bytes: Buffer): Remembering {
    const from: Cursor = { buffer: bytes, at: 1, end: bytes.length }
    const core = bytes[0] === present.format ? coreCodec.read(from) : readPrevious(from)
    const state = core as Record<string, unknown>
    state['memory'] = readSections(from, which, byName)
    return state as unknown as Remembering
  }

  function readPrevious(from: Cursor): object {
    const format = from.buffer[0]
    if (format !== previous?.format || previousCodec === null || upgrade === undefined)
      throw unreadableFormat(formats, format, `a ${which}`)
    return { ...upgrade(previousCodec.read(from)) }
  }

  const forward = (bytes: Buffer): Buffer =>
    bytes[0] === present.format ? bytes : encode(decode(bytes))

  return { encode, decode, forward }
}

function compileSection(which: 'session' | 'profile', detector: Detector): Section {
  const { name, version } = detector
  const path = `${which}.memory.${name}`
  const memory = compileField({ kind: 'record', fields: detector.memory[which] }, path)
  if (memory.bytesMax > sectionBytesMax)
    throw new StateError(
      'state_unbounded',
      `${path} may take ${memory.bytesMax} bytes, more than ${sectionBytesMax}: lower the maxima of its lists and texts`,
    )
  const head: Cursor = { buffer: Buffer.alloc(sectionHeadBytesMax), at: 0, end: 0 }
  writeText(head, name, nameCharsMax)
  writeUint(head, version)
  return { name, version, head: Buffer.from(head.buffer.subarray(0, head.at)), memory }
}

/** In the registry's order, so that equal states have equal bytes. */
function writeSections(
  to: Cursor,
  which: string,
  memories: Readonly<Record<string, unknown>>,
  sections: readonly Section[],
): void {
  let left = 0
  for (const _ in memories) left++
  for (let i = 0; left > 0 && i < sections.length; i++) {
    const section = sections[i]!
    const value = memories[section.name]
    if (value === undefined) continue
    left--
    to.at += section.head.copy(to.buffer, to.at)
    const lengthAt = to.at
    to.at += 2
    section.memory.write(to, value)
    to.buffer.writeUInt16BE(to.at - lengthAt - 2, lengthAt)
  }
  if (left > 0) throw undeclared(which, memories, sections)
}

function undeclared(
  which: string,
  memories: Readonly<Record<string, unknown>>,
  sections: readonly Section[],
): StateError {
  const declared = new Set(sections.map(({ name }) => name))
  const names = Object.keys(memories).filter((name) => !declared.has(name))
  return new StateError(
    'state_invalid',
    `${which}.memory.${names.join(', ')} is declared by no detector: register the detector with the store, or declare its memory`,
  )
}

function readSections(
  from: Cursor,
  which: string,
  byName: ReadonlyMap<string, Section>,
): Record<string, unknown> {
  const memories: Record<string, unknown> = {}
  const path = `${which}.memory`
  while (from.at < from.end) {
    const name = readText(from, path)
    const version = readUint(from, path)
    const start = from.at + 2
    if (start > from.end) throw cutShort(path)
    const stop = start + from.buffer.readUInt16BE(from.at)
    if (stop > from.end) throw cutShort(`${path}.${name}`)
    const section = byName.get(name)
    if (section?.version === version) {
      const within: Cursor = { buffer: from.buffer, at: start, end: stop }
      memories[name] = section.memory.read(within)
      if (within.at !== stop) throw corrupt(`${path}.${name}`, 'its length is wrong')
    }
    from.at = stop
  }
  return memories
}
