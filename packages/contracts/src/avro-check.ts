/**
 * Walks a record's bytes by the schema that they were written with, before avsc makes values of them:
 * avsc believes a list's length, so that six bytes could ask for all memory. It builds nothing.
 */
import avsc, { type Type } from 'avsc'
import type { AvroReader } from './avro-reader.ts'
import { CodecError } from './errors.ts'

const { types } = avsc
/** Levels of nesting, which only a schema that contains itself can reach. */
const depthMax = 64

/** Throws `CodecError` where the bytes do not fit; leaves the reader behind the value. */
type Check = (reader: AvroReader, depth: number) => void

/** The check of a schema, made once and used for each record. */
export function checkOf(type: Type): (reader: AvroReader) => void {
  const check = build(type, new Map())
  return (reader) => {
    check(reader, 0)
    reader.end()
  }
}

function build(type: Type, made: Map<Type, Check>): Check {
  const known = made.get(type)
  if (known !== undefined) return known
  // A record may contain itself: what is nested in it finds this before it is built.
  const later: { check?: Check } = {}
  made.set(type, (reader, depth) => later.check?.(reader, depth))
  later.check = checkFor(type, (nested) => build(nested, made))
  made.set(type, later.check)
  return later.check
}

function checkFor(type: Type, of: (type: Type) => Check): Check {
  if (type instanceof types.RecordType) return allOf(type.fields.map((field) => of(field.type)))
  if (type instanceof types.ArrayType) return blocksOf(of(type.itemsType))
  if (type instanceof types.MapType) return blocksOf(allOf([text, of(type.valuesType)]))
  if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
    return oneOf(type.types.map(of))
  }
  if (type instanceof types.EnumType) return oneOf(type.symbols.map(() => () => {}))
  if (type instanceof types.FixedType) return bytes(type.size)
  const check = primitives[type.typeName]
  if (check === undefined) {
    throw new CodecError('schema_unsupported', `the schema has a ${type.typeName}: do without it`)
  }
  return check
}

const allOf =
  (checks: readonly Check[]): Check =>
  (reader, depth) => {
    if (depth > depthMax) throw new CodecError('not_avro', `nested deeper than ${depthMax} levels`)
    for (const check of checks) check(reader, depth + 1)
  }

const oneOf =
  (checks: readonly Check[]): Check =>
  (reader, depth) => {
    const check = checks[reader.long()]
    if (check === undefined) {
      throw new CodecError(
        'not_avro',
        'the record does not fit its schema: a union has no such branch',
      )
    }
    check(reader, depth)
  }

const blocksOf =
  (item: Check): Check =>
  (reader, depth) => {
    for (let items = reader.block(); items > 0; items = reader.block()) {
      for (let i = 0; i < items; i += 1) item(reader, depth + 1)
    }
  }

const bytes =
  (length: number): Check =>
  (reader) => {
    reader.skip(length)
  }

const text: Check = (reader) => {
  reader.skip(reader.long())
}
const long: Check = (reader) => {
  reader.long()
}

const primitives: Readonly<Record<string, Check>> = {
  null: () => {},
  boolean: bytes(1),
  int: long,
  long,
  float: bytes(4),
  double: bytes(8),
  string: text,
  bytes: text,
}
