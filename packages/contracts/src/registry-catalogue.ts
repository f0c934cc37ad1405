/**
 * Schemas of a registry (Confluent's API). Read-only: registering is `topics apply`'s. Its client only
 * fetches; reading records is ours, as the client builds a resolver for every record.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import registryClient, { SchemaType } from '@kafkajs/confluent-schema-registry'
import { localCatalogue, localIdOf, type SchemaCatalogue, WriterSchema } from './catalogue.ts'
import { CodecError, RegistryRefusedError, RegistryUnavailableError } from './errors.ts'
import { parseSchema, schemaText, schemaType } from './schema-files.ts'
import { subjectOf, topicTable } from './topics.ts'

export interface RegistryCatalogueOptions {
  /** Base of the Confluent API, as http://127.0.0.1:8081/apis/ccompat/v7. */
  readonly url: string
  /** Keeps what was fetched, so that a start without the registry is possible. */
  readonly cacheFile?: string
  /** Topics that this process writes in Avro; the internal log and the decisions unless stated. */
  readonly writes?: readonly string[]
  /** How long an answer is waited for. */
  readonly timeoutMs?: number
  /** Told where the cache file cannot be written after the start. */
  readonly onCacheError?: (error: Error) => void
}

/**
 * "There is no such schema" is believed for so long: else records with an id that nobody registered cost a
 * request each. Short, because a registry of several nodes may learn of a new schema late.
 */
const missingMs = 5_000
const missingIdsMax = 1_000

/** What the cache file holds. */
interface Cache {
  /** Texts of schemas by the registry's id. */
  readonly schemas: Record<string, string>
  /** The registry's id by `<subject> <local id of our schema>`. */
  readonly writers: Record<string, number>
}

const writtenTopics = topicTable
  .filter(({ role, schema }) => schema !== null && (role === 'internal' || role === 'decision'))
  .map(({ name }) => name)

/**
 * Opens a catalogue and looks up the ids to write with. Rejects with `RegistryUnavailableError` where
 * the registry is away and the cache does not know them (try again later), and with
 * `RegistryRefusedError` `schema_not_registered` where a schema of this release is not registered.
 */
export async function registryCatalogue(
  options: RegistryCatalogueOptions,
): Promise<SchemaCatalogue> {
  const catalogue = new RegistryCatalogue(options)
  await catalogue.open(options.writes ?? writtenTopics)
  return catalogue
}

class RegistryCatalogue implements SchemaCatalogue {
  private readonly client: InstanceType<typeof registryClient.SchemaRegistry>
  private readonly options: RegistryCatalogueOptions
  private readonly cache: Cache
  private readonly schemas = new Map<number, WriterSchema>()
  private readonly ids = new Map<string, number>()
  /** Ids that the registry did not know, and when it said so (ms, monotonic), the oldest first. */
  private readonly missing = new Map<number, number>()

  constructor(options: RegistryCatalogueOptions) {
    this.options = options
    this.client = new registryClient.SchemaRegistry({ host: options.url, retry: { retries: 0 } })
    this.cache = readCache(options.cacheFile)
    for (const [id, text] of Object.entries(this.cache.schemas)) {
      this.schemas.set(Number(id), new WriterSchema(parseSchema(text)))
    }
  }

  async open(writes: readonly string[]): Promise<void> {
    for (const topic of writes) this.ids.set(topic, await this.lookUp(topic))
    this.save()
  }

  writerId(topic: string): number {
    const id = this.ids.get(topic)
    if (id === undefined) {
      throw new CodecError(
        'schema_unknown',
        `${topic} is none of the topics that this process writes`,
      )
    }
    return id
  }

  isCurrent(topic: string, id: number): boolean {
    return this.ids.get(topic) === id || localCatalogue().isCurrent(topic, id)
  }

  known(id: number): WriterSchema | undefined {
    return this.schemas.get(id) ?? localCatalogue().known(id)
  }

  async fetch(id: number): Promise<WriterSchema | null> {
    const known = this.known(id)
    if (known !== undefined) return known
    const missingSince = this.missing.get(id)
    if (missingSince !== undefined && performance.now() - missingSince < missingMs) return null
    const text = await this.ask(async () => avroText(id, await this.client.getSchema(id)))
    if (text === null) {
      this.rememberMissing(id)
      return null
    }
    const schema = new WriterSchema(parseSchema(text))
    this.schemas.set(id, schema)
    this.cache.schemas[id] = text
    try {
      this.save()
    } catch (error) {
      this.options.onCacheError?.(error as Error)
    }
    return schema
  }

  private rememberMissing(id: number): void {
    this.missing.delete(id)
    this.missing.set(id, performance.now())
    const [oldest] = this.missing.keys()
    if (this.missing.size > missingIdsMax && oldest !== undefined) this.missing.delete(oldest)
  }

  private async lookUp(topic: string): Promise<number> {
    const file = topicTable.find(({ name }) => name === topic)?.schema
    if (file == null) throw new Error(`${topic} has no schema in schemas/topics.json`)
    const subject = subjectOf(topic)
    const type = schemaType(file)
    const cached = `${subject} ${localIdOf(type)}`
    try {
      const id = await this.ask(() =>
        this.client.getRegistryIdBySchema(subject, {
          type: SchemaType.AVRO,
          schema: schemaText(file),
        }),
      )
      if (id === null) throw notRegistered(subject, file)
      if (!Number.isInteger(id)) throw away(this.options.url, 'what answers is no schema registry')
      this.schemas.set(id, new WriterSchema(type))
      this.cache.schemas[id] = schemaText(file)
      this.cache.writers[cached] = id
      return id
    } catch (error) {
      const id = this.cache.writers[cached]
      if (error instanceof RegistryUnavailableError && id !== undefined) return id
      throw error
    }
  }

  /** The answer, null for "there is none". Whatever is no answer is the registry being away. */
  private async ask<T>(question: () => Promise<T>): Promise<T | null> {
    const { url, timeoutMs = 5_000 } = this.options
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(away(url, `no answer in ${timeoutMs} ms`)), timeoutMs)
    })
    try {
      return await Promise.race([question(), deadline])
    } catch (error) {
      if (error instanceof CodecError || error instanceof RegistryUnavailableError) throw error
      if (saysNone(error)) return null
      if (isBadSchema(error)) {
        throw new CodecError(
          'schema_unsupported',
          'the schema cannot be parsed: write with a valid one',
          null,
          error,
        )
      }
      throw away(url, error instanceof Error ? error.message : String(error), error)
    } finally {
      clearTimeout(timer)
    }
  }

  private save(): void {
    const { cacheFile } = this.options
    if (cacheFile === undefined) return
    // Renamed into place: a file that is cut short would keep the next start from succeeding.
    const partial = `${cacheFile}.${process.pid}.partial`
    writeFileSync(partial, JSON.stringify(this.cache))
    renameSync(partial, cacheFile)
  }
}

/** The client gives 404 as a status, or, for a look-up by schema, as its own error without one. */
const saysNone = (error: unknown): boolean =>
  error instanceof Error &&
  ((error as { status?: unknown }).status === 404 || error.name === 'ConfluentSchemaRegistryError')

/** The client's error for a schema that it got and cannot parse. */
const isBadSchema = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ConfluentSchemaRegistryArgumentError'

const away = (url: string, why: string, cause?: unknown) =>
  new RegistryUnavailableError(
    `the schema registry at ${url} gives no answer (${why}): check HOLDPOINT_REGISTRY_URL and that it runs`,
    { cause },
  )

const notRegistered = (subject: string, file: string) =>
  new RegistryRefusedError(
    'schema_not_registered',
    `the registry has not this release's ${file} under ${subject}: run holdpoint topics apply`,
  )

function avroText(id: number, schema: unknown): string {
  const avro = schema as { schema?: (options: { exportAttrs: boolean }) => unknown }
  if (typeof avro.schema !== 'function') {
    throw new CodecError(
      'schema_unsupported',
      `schema ${id} is not Avro: write with an Avro schema`,
      id,
    )
  }
  return JSON.stringify(avro.schema({ exportAttrs: true }))
}

function readCache(file: string | undefined): Cache {
  if (file === undefined || !existsSync(file)) return { schemas: {}, writers: {} }
  try {
    const { schemas, writers } = JSON.parse(readFileSync(file, 'utf8')) as Cache
    return { schemas: { ...schemas }, writers: { ...writers } }
  } catch (cause) {
    throw new Error(`${file} is no schema cache: delete it`, { cause })
  }
}
