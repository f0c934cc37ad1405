/** What a letter's value says, where its schema can be read, and what is wrong with it today. */
import {
  CodecError,
  decodeLogRecord,
  decodeRaw,
  eventBytesMax,
  eventDepthMax,
  parseControl,
  RegistryUnavailableError,
  rawTopics,
  type SchemaCatalogue,
  schemaIdOf,
  topics,
} from '@holdpoint/contracts'
import { isInternal, type Letter } from './letter.ts'

export interface ReadValue {
  /** `none` without a value; `bytes` where they could not be read as either of the others. */
  readonly form: 'none' | 'json' | 'avro' | 'bytes'
  /** The schema that the value names; null where it names none. */
  readonly schemaId: number | null
  /** The decoded value; undefined where the form is `none` or `bytes`. */
  readonly content: unknown
  /** By field, as this release and the registry see it now. */
  readonly faults: readonly {
    readonly path: string
    readonly code: string
    readonly message: string
  }[]
}

const openingBrace = 0x7b

/** Reads a letter's value. Total: what keeps it from being read is among the faults. */
export async function readValue(letter: Letter, catalogue: SchemaCatalogue): Promise<ReadValue> {
  const { value } = letter.record
  const faults = await faultsOf(letter, catalogue)
  if (value === null) return { form: 'none', schemaId: null, content: undefined, faults }
  const read = value[0] === openingBrace ? readJson(value) : await readAvro(value, catalogue)
  return { ...read, faults }
}

type Content = Omit<ReadValue, 'faults'>

const bytes = (schemaId: number | null = null): Content => ({
  form: 'bytes',
  schemaId,
  content: undefined,
})

/** What is larger or deeper than any event is not unfolded: the lines of it could be without end. */
const isShowable = (content: unknown, depthMax = eventDepthMax): boolean =>
  typeof content !== 'object' ||
  content === null ||
  (depthMax > 0 && Object.values(content).every((inner) => isShowable(inner, depthMax - 1)))

function readJson(value: Buffer): Content {
  if (value.length > eventBytesMax) return bytes()
  try {
    const content: unknown = JSON.parse(value.toString('utf8'))
    return isShowable(content) ? { form: 'json', schemaId: null, content } : bytes()
  } catch {
    return bytes()
  }
}

async function readAvro(value: Buffer, catalogue: SchemaCatalogue): Promise<Content> {
  let schemaId: number | null = null
  try {
    schemaId = schemaIdOf(value)
    const schema = await catalogue.fetch(schemaId)
    if (schema === null || value.length > eventBytesMax) return bytes(schemaId)
    const content = schema.read(schema.type, value)
    return isShowable(content) ? { form: 'avro', schemaId, content } : bytes(schemaId)
  } catch {
    // The faults say why.
    return bytes(schemaId)
  }
}

async function faultsOf(letter: Letter, catalogue: SchemaCatalogue): Promise<ReadValue['faults']> {
  const { record, from } = letter
  try {
    if (isInternal(letter)) return await internalFaults(record.value, catalogue)
    if (from?.topic === topics.control) {
      const parsed = parseControl(record.value)
      return parsed.ok ? [] : parsed.errors
    }
    if (from === null || !rawTopics.includes(from.topic)) return []
    const result = await decodeRaw(catalogue, from.topic, record.value)
    return result.ok ? [] : result.errors
  } catch (error) {
    const known = error instanceof CodecError || error instanceof RegistryUnavailableError
    const message = error instanceof Error ? error.message : String(error)
    return [{ path: '', code: known ? error.code : 'undecodable', message }]
  }
}

async function internalFaults(
  value: Buffer | null,
  catalogue: SchemaCatalogue,
): Promise<ReadValue['faults']> {
  if (value === null) throw new CodecError('null_value', 'the record has no value')
  await catalogue.fetch(schemaIdOf(value))
  decodeLogRecord(value, catalogue)
  return []
}
