/**
 * The records of `holdpoint.events`, in the Avro of `schemas/holdpoint-events.avsc`. Each event passes
 * here twice (ingest, engine), so current records are read and written by hand, field by field in the
 * schema's order; those of an older or newer release are first brought to this one's by avsc.
 */
import type { LogRecord } from '@holdpoint/risk'
import { AvroReader } from './avro-reader.ts'
import { AvroWriter } from './avro-writer.ts'
import { localCatalogue, type SchemaCatalogue } from './catalogue.ts'
import { readControl, writeControl } from './control-fields.ts'
import { CodecError } from './errors.ts'
import { frameLength, schemaIdOf } from './framing.ts'
import { schemaType } from './schema-files.ts'
import { readEvent, readOrigin } from './session-event-reader.ts'
import { writeEvent, writeOrigin } from './session-event-writer.ts'
import { topics } from './topics.ts'

const schemaFile = 'holdpoint-events.avsc'
const writer = new AvroWriter()

/**
 * A record of the internal log as framed Avro, under the catalogue's id of this release's schema.
 * Throws `CodecError` `not_encodable` where a number or key does not fit.
 */
export function encodeLogRecord(
  record: LogRecord,
  catalogue: SchemaCatalogue = localCatalogue(),
): Buffer {
  const w = writer
  w.begin(catalogue.writerId(topics.internal))
  if (record.kind !== 'event') {
    w.long(record.kind === 'tick' ? record.t : 0)
    w.long(0)
    w.long(0)
    writeControl(w, record.kind === 'control' ? record.control : null)
    w.text('')
    return w.finish()
  }
  w.long(0)
  writeOrigin(w, record.origin)
  w.long(1)
  writeEvent(w, record.event)
  writeControl(w, null)
  w.text(record.address ?? '')
  return w.finish()
}

/**
 * Reads what `encodeLogRecord` wrote. Throws `CodecError`: `schema_unknown` where the catalogue has not
 * loaded the schema (`await catalogue.fetch(error.schemaId)` may), else the record is poison.
 */
export function decodeLogRecord(
  bytes: Buffer,
  catalogue: SchemaCatalogue = localCatalogue(),
): LogRecord {
  const id = schemaIdOf(bytes)
  const reader = catalogue.isCurrent(topics.internal, id)
    ? new AvroReader(bytes, frameLength)
    : new AvroReader(toCurrent(bytes, id, catalogue), 0)
  const tick = reader.long()
  const origin = reader.some() ? readOrigin(reader) : null
  const event = reader.some() ? readEvent(reader) : null
  const control = reader.some() ? readControl(reader) : null
  const address = reader.text()
  reader.end()
  if (event === null) {
    return control === null ? { kind: 'tick', t: tick } : { kind: 'control', control }
  }
  return address === ''
    ? { kind: 'event', event, origin }
    : { kind: 'event', event, origin, address }
}

function toCurrent(bytes: Buffer, id: number, catalogue: SchemaCatalogue): Buffer {
  const schema = catalogue.known(id)
  if (schema === undefined) {
    throw new CodecError('schema_unknown', `no schema with id ${id} is loaded`, id)
  }
  const type = schemaType(schemaFile)
  return type.toBuffer(schema.read(type, bytes))
}
