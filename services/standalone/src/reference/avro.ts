/** Avro schemas as rows: each field by its dotted path, with a type in the words of JSON. */
import { readSchemaFile } from '@holdpoint/contracts'
import { z } from 'zod'

export interface FieldRow {
  readonly path: string
  /** `text`, `time`, `list of text`, ... */
  readonly type: string
  /** False where it has a default. */
  readonly required: boolean
  /** As JSON; '' where there is none, or null. */
  readonly default: string
  readonly doc: string
}

const fieldSchema = z.object({
  name: z.string(),
  type: z.unknown(),
  doc: z.string().default(''),
  default: z.unknown().optional(),
})
const recordSchema = z.object({
  type: z.literal('record'),
  doc: z.string().default(''),
  fields: z.array(fieldSchema),
})

type AvroRecord = z.output<typeof recordSchema>

const words: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'whole number',
  long: 'whole number',
  double: 'number',
  boolean: 'true or false',
}

/** A schema file's sentence and its fields, those of records within it after their own. */
export function schemaRows(file: string): {
  readonly doc: string
  readonly rows: readonly FieldRow[]
} {
  const record = recordSchema.parse(JSON.parse(readSchemaFile(file)))
  return { doc: record.doc, rows: rowsOf(record, '') }
}

function rowsOf(record: AvroRecord, prefix: string): readonly FieldRow[] {
  return record.fields.flatMap((field) => {
    const path = `${prefix}${field.name}`
    const described = describe(field.type)
    const stated = field.default ?? null
    const isEmptyList = Array.isArray(stated) && stated.length === 0
    const row = {
      path,
      type: described.type,
      required: field.default === undefined,
      default: stated === null || isEmptyList ? '' : JSON.stringify(stated),
      doc: field.doc,
    }
    return described.inner === null ? [row] : [row, ...rowsOf(described.inner, `${path}.`)]
  })
}

const logicalSchema = z.object({ type: z.string(), logicalType: z.string().optional() })
const arraySchema = z.object({ type: z.literal('array'), items: z.unknown() })

function describe(type: unknown): { readonly type: string; readonly inner: AvroRecord | null } {
  // A union with null is an optional field.
  if (Array.isArray(type)) return describe(type.find((branch) => branch !== 'null'))
  if (typeof type === 'string') return { type: words[type] ?? 'object', inner: null }
  const array = arraySchema.safeParse(type)
  if (array.success) {
    const item = describe(array.data.items)
    return {
      type: item.inner === null ? `list of ${item.type}` : 'list of objects',
      inner: item.inner,
    }
  }
  const record = recordSchema.safeParse(type)
  if (record.success) return { type: 'object', inner: record.data }
  const { type: name, logicalType } = logicalSchema.parse(type)
  if (logicalType === 'timestamp-millis') return { type: 'time', inner: null }
  return {
    type: name === 'map' ? 'object of texts, numbers, true or false' : (words[name] ?? name),
    inner: null,
  }
}
