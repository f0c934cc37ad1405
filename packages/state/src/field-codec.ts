/**
 * Bytes from field declarations. Each field is compiled once into a writer, a reader and the most
 * bytes it can take, so that the scratch buffer is sized once and no writer has to ask for room.
 */
import type { Field } from '@holdpoint/risk'
import { type Cursor, corrupt, cutShort, readUint, uintBytesMax, writeUint } from './cursor.ts'
import { readText, writeText } from './field-text.ts'
import { StateError } from './ports.ts'

export interface FieldCodec {
  /** No value takes more. */
  readonly bytesMax: number
  /** Throws `StateError` `state_invalid`, naming the field, where the declaration does not allow the value. */
  write(to: Cursor, value: unknown): void
  /** Throws `StateError` `state_corrupt` where the bytes cannot be a value of the field. */
  read(from: Cursor): unknown
}

const timeLimit = 2 ** 48
/** The first of a hash's seven bytes never exceeds 31, so this one marks a hash of 0. */
const noHash = 0xff

/** `path` names the field in errors, as `session.contexts[].network.asn`. */
export function compileField(field: Field, path: string): FieldCodec {
  switch (field.kind) {
    case 'uint':
      return uintCodec(path)
    case 'time':
      return timeCodec(path)
    case 'hash':
      return hashCodec(path)
    case 'degrees':
      return degreesCodec(path)
    case 'flag':
      return flagCodec(path)
    case 'text':
      return textCodec(field.max, path)
    case 'choice':
      return choiceCodec(field.of, path)
    case 'list':
      return listCodec(field.max, compileField(field.of, `${path}[]`), path)
    case 'optional':
      return optionalCodec(compileField(field.of, path), path)
    case 'record':
      return recordCodec(field.fields, path)
  }
}

const invalid = (path: string, wanted: string, value: unknown): StateError =>
  new StateError(
    'state_invalid',
    `${path} must be ${wanted}, and is ${typeof value === 'object' && value !== null ? 'an object' : String(value)}`,
  )

function uintCodec(path: string): FieldCodec {
  return {
    bytesMax: uintBytesMax,
    write(to, value) {
      if (!Number.isSafeInteger(value) || (value as number) < 0)
        throw invalid(path, 'a whole number from 0 to 2^53 - 1', value)
      writeUint(to, value as number)
    },
    read: (from) => readUint(from, path),
  }
}

function timeCodec(path: string): FieldCodec {
  return {
    bytesMax: 6,
    write(to, value) {
      if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= timeLimit)
        throw invalid(path, 'whole milliseconds since the epoch, below 2^48', value)
      const { buffer, at } = to
      const high = Math.floor((value as number) / 0x1_0000_0000)
      const low = (value as number) >>> 0
      buffer[at] = high >>> 8
      buffer[at + 1] = high
      buffer[at + 2] = low >>> 24
      buffer[at + 3] = low >>> 16
      buffer[at + 4] = low >>> 8
      buffer[at + 5] = low
      to.at = at + 6
    },
    read(from) {
      const { buffer, at } = from
      if (at + 6 > from.end) throw cutShort(path)
      from.at = at + 6
      const high = (buffer[at]! << 8) | buffer[at + 1]!
      const low =
        (buffer[at + 2]! << 24) | (buffer[at + 3]! << 16) | (buffer[at + 4]! << 8) | buffer[at + 5]!
      return high * 0x1_0000_0000 + (low >>> 0)
    },
  }
}

function hashCodec(path: string): FieldCodec {
  return {
    bytesMax: 7,
    write(to, value) {
      if (!Number.isSafeInteger(value) || (value as number) < 0)
        throw invalid(path, 'a hash from 0 to 2^53 - 1', value)
      const { buffer, at } = to
      if (value === 0) {
        buffer[at] = noHash
        to.at = at + 1
        return
      }
      const high = Math.floor((value as number) / 0x1_0000_0000)
      const low = (value as number) >>> 0
      buffer[at] = high >>> 16
      buffer[at + 1] = high >>> 8
      buffer[at + 2] = high
      buffer[at + 3] = low >>> 24
      buffer[at + 4] = low >>> 16
      buffer[at + 5] = low >>> 8
      buffer[at + 6] = low
      to.at = at + 7
    },
    read(from) {
      const { buffer, at } = from
      if (at >= from.end) throw cutShort(path)
      const first = buffer[at]!
      if (first === noHash) {
        from.at = at + 1
        return 0
      }
      if (at + 7 > from.end) throw cutShort(path)
      if (first > 31) throw corrupt(path, 'a hash is above 2^53 - 1')
      from.at = at + 7
      const high = (first << 16) | (buffer[at + 1]! << 8) | buffer[at + 2]!
      const low =
        (buffer[at + 3]! << 24) | (buffer[at + 4]! << 16) | (buffer[at + 5]! << 8) | buffer[at + 6]!
      return high * 0x1_0000_0000 + (low >>> 0)
    },
  }
}

/** Degrees to a hundredth, in two signed bytes: what ingest rounded reads back as the very same number. */
function degreesCodec(path: string): FieldCodec {
  return {
    bytesMax: 2,
    write(to, value) {
      const hundredths = Math.round((value as number) * 100)
      if (!(Math.abs(hundredths) <= 18_000)) throw invalid(path, 'degrees from -180 to 180', value)
      to.buffer[to.at] = hundredths >> 8
      to.buffer[to.at + 1] = hundredths
      to.at += 2
    },
    read(from) {
      if (from.at + 2 > from.end) throw cutShort(path)
      const hundredths = ((from.buffer[from.at]! << 24) >> 16) | from.buffer[from.at + 1]!
      from.at += 2
      if (Math.abs(hundredths) > 18_000) throw corrupt(path, 'there are 180 degrees')
      return hundredths / 100
    },
  }
}

function flagCodec(path: string): FieldCodec {
  return {
    bytesMax: 1,
    write(to, value) {
      if (typeof value !== 'boolean') throw invalid(path, 'true or false', value)
      to.buffer[to.at++] = value ? 1 : 0
    },
    read: (from) => readBit(from, path),
  }
}

function readBit(from: Cursor, path: string): boolean {
  if (from.at >= from.end) throw cutShort(path)
  const byte = from.buffer[from.at++]!
  if (byte > 1) throw corrupt(path, 'neither 0 nor 1')
  return byte === 1
}

function textCodec(max: number, path: string): FieldCodec {
  return {
    bytesMax: uintBytesMax + 3 * max,
    write(to, value) {
      if (typeof value !== 'string') throw invalid(path, 'text', value)
      writeText(to, value, max)
    },
    read: (from) => readText(from, path),
  }
}

/** The word's place in the list. An unknown one reads as the first: a newer writer may know more words. */
function choiceCodec(words: readonly string[], path: string): FieldCodec {
  return {
    bytesMax: 1,
    write(to, value) {
      const index = words.indexOf(value as string)
      if (index < 0) throw invalid(path, `one of ${words.join(', ')}`, value)
      to.buffer[to.at++] = index
    },
    read(from) {
      if (from.at >= from.end) throw cutShort(path)
      return words[from.buffer[from.at++]!] ?? words[0]
    },
  }
}

function optionalCodec(inner: FieldCodec, path: string): FieldCodec {
  return {
    bytesMax: 1 + inner.bytesMax,
    write(to, value) {
      if (value === null) {
        to.buffer[to.at++] = 0
        return
      }
      to.buffer[to.at++] = 1
      inner.write(to, value)
    },
    read: (from) => (readBit(from, path) ? inner.read(from) : null),
  }
}

/**
 * A count, then the items. More than `max` are refused both ways: whoever lowers a maximum raises
 * the version (a detector) or the format (the core).
 */
function listCodec(max: number, item: FieldCodec, path: string): FieldCodec {
  return {
    bytesMax: uintBytesMax + max * item.bytesMax,
    write(to, value) {
      if (!Array.isArray(value)) throw invalid(path, 'a list', value)
      if (value.length > max) throw invalid(path, `of at most ${max} items`, value.length)
      writeUint(to, value.length)
      for (let i = 0; i < value.length; i++) item.write(to, value[i])
    },
    read(from) {
      const count = readUint(from, path)
      if (count > max) throw corrupt(path, `${count} items where ${max} are allowed`)
      const items: unknown[] = []
      for (let i = 0; i < count; i++) items.push(item.read(from))
      return items
    },
  }
}

type WriteAll = (
  to: Cursor,
  record: Readonly<Record<string, unknown>>,
  write: readonly FieldCodec['write'][],
) => void
type ReadAll = (from: Cursor, read: readonly FieldCodec['read'][]) => Record<string, unknown>

/**
 * Field by field, without names: the declaration's order is the order of the bytes. Spelled out once as
 * code: loops over names made each access a look-up, and what they read an object in the slow layout.
 */
function recordCodec(fields: Readonly<Record<string, Field>>, path: string): FieldCodec {
  const names = Object.keys(fields)
  const codecs = names.map((name) => compileField(fields[name]!, `${path}.${name}`))
  const writes = codecs.map((codec) => codec.write)
  const reads = codecs.map((codec) => codec.read)
  const keys = names.map((name) => JSON.stringify(name))
  const writeAll = new Function(
    'to',
    'record',
    'write',
    keys.map((key, i) => `write[${i}](to, record[${key}])`).join('\n'),
  ) as WriteAll
  const readAll = new Function(
    'from',
    'read',
    `return { ${keys.map((key, i) => `${key}: read[${i}](from)`).join(', ')} }`,
  ) as ReadAll
  return {
    bytesMax: codecs.reduce((sum, codec) => sum + codec.bytesMax, 0),
    write(to, value) {
      if (typeof value !== 'object' || value === null) throw invalid(path, 'a record', value)
      writeAll(to, value as Record<string, unknown>, writes)
    },
    read: (from) => readAll(from, reads),
  }
}
