/**
 * A state's bytes: one byte of format, the core's record, then a section for each detector that
 * keeps something: its name, version and length before its memory, so that a memory of an unknown
 * detector or another version is skipped and never misread (docs/explanation/commit-protocol.md).
 */
import {
  type Detector,
  type Field,
  type Profile,
  profileFields,
  type Session,
  sessionFields,
} from '@holdpoint/risk'
import { type Cursor, corrupt, cutShort, readUint, writeUint } from './cursor.ts'
import { compileField, type FieldCodec } from './field-codec.ts'
import { readText, writeText } from './field-text.ts'
import { StateError } from './ports.ts'

/** The format that is written. Any change of the core's fields is a new one. */
export const stateFormat = 1

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
  /** Throws `StateError`: `state_too_new` for a format of a newer release, `state_corrupt` for no state at all. */
  decodeSession(bytes: Buffer): Session
  decodeProfile(bytes: Buffer): Profile
}

interface Section {
  readonly name: string
  readonly version: number
  /** Name and version, as they stand before the length. */
  readonly head: Buffer
  readonly memory: FieldCodec
}

/** Compiles the codec of the core's fields and of what `detectors` keep. */
export function stateCodec(detectors: readonly Detector[]): StateCodec {
  const session = stateOf('session', sessionFields, detectors)
  const profile = stateOf('profile', profileFields, detectors)
  return {
    encodeSession: session.encode,
    encodeProfile: profile.encode,
    decodeSession: (bytes) => session.decode(bytes) as Session,
    decodeProfile: (bytes) => profile.decode(bytes) as Profile,
  }
}

interface Remembering {
  readonly memory: Readonly<Record<string, unknown>>
}

function stateOf(which: 'session' | 'profile', core: Field, detectors: readonly Detector[]) {
  const coreCodec = compileField(core, which)
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
  return {
    encode(state: Remembering): Buffer {
      scratch.buffer[0] = stateFormat
      scratch.at = 1
      coreCodec.write(scratch, state)
      writeSections(scratch, which, state.memory, sections)
      const bytes = Buffer.allocUnsafe(scratch.at)
      scratch.buffer.copy(bytes, 0, 0, scratch.at)
      return bytes
    },
    decode(bytes: Buffer): unknown {
      checkFormat(bytes, which)
      const from: Cursor = { buffer: bytes, at: 1, end: bytes.length }
      const state = coreCodec.read(from) as Record<string, unknown>
      state['memory'] = readSections(from, which, byName)
      return state
    },
  }
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

function checkFormat(bytes: Buffer, which: string): void {
  const format = bytes[0]
  if (format === stateFormat) return
  if (format !== undefined && format > stateFormat)
    throw new StateError(
      'state_too_new',
      `a ${which} was written in format ${format} and this release reads up to ${stateFormat}: run the newer release, or begin a new generation`,
    )
  throw corrupt(which, format === undefined ? 'it is empty' : `there is no format ${format}`)
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
