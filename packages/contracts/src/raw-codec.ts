/** Records of the raw topics: JSON, or Avro in the Confluent wire format. */
import { eventTypes } from '@holdpoint/risk'
import type { SchemaCatalogue, WriterSchema } from './catalogue.ts'
import { CodecError } from './errors.ts'
import { encodeFramed, schemaIdOf } from './framing.ts'
import { schemaType } from './schema-files.ts'
import { rawTopicOf, topics, topicTable } from './topics.ts'
import { type ParseResult, parseFields, parseRawEvent, type RawEvent } from './wire-event.ts'
import { readJson, refused, tooLarge } from './wire-json.ts'
import { eventBytesMax } from './wire-limits.ts'

const openingBrace = 0x7b

/** What a record is without its `type`, on topics that carry one type only. */
const defaultTypes = new Map<string, string>(
  (['login', 'device', 'ip', 'action'] as const).map((type) => [rawTopicOf(type), type]),
)

/**
 * Reads a value of a raw topic. Answers at once where its schema is at hand, else after the registry
 * did; rejects with `RegistryUnavailableError` where that is away (pause, nothing is wrong with the
 * record). Every other fault is the record's own and stands in the result.
 */
export function decodeRaw(
  catalogue: SchemaCatalogue,
  topic: string,
  value: Buffer | null,
): ParseResult | Promise<ParseResult> {
  if (value === null)
    return refused('null_value', 'expected an event: a record without value is none')
  if (value.length > eventBytesMax) return tooLarge(value.length)
  if (value[0] === openingBrace) return decodeJson(topic, value)
  try {
    const id = schemaIdOf(value)
    const schema = catalogue.known(id)
    if (schema !== undefined) return decodeAvro(topic, schema, value)
    return catalogue
      .fetch(id)
      .then((fetched) => (fetched === null ? unknownSchema(id) : decodeAvro(topic, fetched, value)))
      .catch(poison)
  } catch (error) {
    return poison(error)
  }
}

/**
 * An event as framed Avro, as a producer writes it (for simulated platforms and tests). Throws
 * `CodecError` `not_encodable`.
 */
export function encodeRaw(catalogue: SchemaCatalogue, topic: string, event: RawEvent): Buffer {
  return encodeFramed(readerOf(topic), catalogue.writerId(topic), event, `the event ${event.id}`)
}

function decodeJson(topic: string, value: Buffer): ParseResult {
  const json = readJson(value)
  if (!json.ok) return json
  const { value: event } = json
  const fallback = defaultTypes.get(topic)
  if (fallback !== undefined && isRecord(event) && event['type'] === undefined) {
    event['type'] = fallback
  }
  return ofTopic(topic, parseRawEvent(event))
}

function decodeAvro(topic: string, schema: WriterSchema, value: Buffer): ParseResult {
  try {
    return ofTopic(topic, parseFields(schema.read(readerOf(topic), value)))
  } catch (error) {
    return poison(error)
  }
}

/** Access to a topic is what lets a producer speak, so each topic carries its own types only. */
function ofTopic(topic: string, result: ParseResult): ParseResult {
  if (!result.ok || topic === topics.any || rawTopicOf(result.event.type) === topic) return result
  const allowed = eventTypes.filter((type) => rawTopicOf(type) === topic)
  return {
    ok: false,
    errors: [
      {
        path: 'type',
        code: 'wrong_topic',
        message: `expected ${allowed.join(', ')} on ${topic}: send it to ${rawTopicOf(result.event.type)} or ${topics.any}`,
      },
    ],
  }
}

function readerOf(topic: string) {
  const file = topicTable.find((def) => def.name === topic && def.role === 'raw')?.schema
  if (file == null) throw new Error(`${topic} is no raw topic: take one of rawTopics`)
  return schemaType(file)
}

const unknownSchema = (id: number) =>
  refused(
    'schema_unknown',
    `the registry has no schema with id ${id}: register it, then send again`,
  )

function poison(error: unknown): ParseResult {
  if (!(error instanceof CodecError)) throw error
  return refused(error.code, error.message)
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
