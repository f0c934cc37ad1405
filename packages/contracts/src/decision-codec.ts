/** Decisions as they are published: framed Avro, one schema for each type with the same fields. */
import type { Decision } from '@holdpoint/risk'
import type { Type } from 'avsc'
import type { SchemaCatalogue } from './catalogue.ts'
import { CodecError } from './errors.ts'
import { encodeFramed, schemaIdOf } from './framing.ts'
import { schemaType } from './schema-files.ts'
import { decisionTopicOf, topicTable } from './topics.ts'

const readers = new Map<string, Type>()
for (const { name, role, schema } of topicTable) {
  if (role === 'decision' && schema !== null) readers.set(name, schemaType(schema))
}
const readersByName = new Map([...readers.values()].map((type) => [type.name, type]))

/**
 * A decision as framed Avro, under the catalogue's id of its type's schema (also on `session.shadow`).
 * The same decision gives the same bytes. Throws `CodecError` `not_encodable`.
 */
export function encodeDecision(catalogue: SchemaCatalogue, decision: Decision): Buffer {
  const topic = decisionTopicOf(decision.type)
  const type = readers.get(topic)
  if (type === undefined) throw new CodecError('not_encodable', `${topic} is no type of decision`)
  return encodeFramed(type, catalogue.writerId(topic), decision, `decision ${decision.decisionId}`)
}

/**
 * Reads a decision of any type. Throws `CodecError`: `schema_unknown` where the catalogue has not
 * loaded the schema (`await catalogue.fetch(error.schemaId)` may), else the record is poison.
 */
export function decodeDecision(catalogue: SchemaCatalogue, bytes: Buffer): Decision {
  const id = schemaIdOf(bytes)
  const schema = catalogue.known(id)
  if (schema === undefined) {
    throw new CodecError('schema_unknown', `no schema with id ${id} is loaded`, id)
  }
  const reader = readersByName.get(schema.type.name)
  if (reader === undefined) {
    throw new CodecError('schema_unsupported', `${schema.type.name} is no type of decision`, id)
  }
  return plain(schema.read(reader, bytes)) as Decision
}

/** avsc's records as plain objects, so that a decision read equals the one written in every way. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]))
}
