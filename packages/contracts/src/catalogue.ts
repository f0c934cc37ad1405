/** Schemas by the id that records name: from files, or from a registry (`registry-catalogue.ts`). */
import type { Type } from 'avsc'
import { checkOf } from './avro-check.ts'
import { AvroReader } from './avro-reader.ts'
import { CodecError } from './errors.ts'
import { frameLength } from './framing.ts'
import { releasedSchemaFiles, schemaType } from './schema-files.ts'
import { topicTable } from './topics.ts'

type Resolver = ReturnType<Type['createResolver']>

/** A schema that records were written with. Reads them as a reader's schema has them. */
export class WriterSchema {
  readonly type: Type
  private readonly check: (reader: AvroReader) => void
  private readonly resolvers = new Map<Type, Resolver | null>()

  constructor(type: Type) {
    this.type = type
    this.check = checkOf(type)
  }

  /** Decodes framed bytes to `reader`'s shape. Throws `CodecError`. */
  read(reader: Type, bytes: Buffer): unknown {
    const resolver = this.resolverTo(reader)
    this.check(new AvroReader(bytes, frameLength))
    try {
      return resolver === null
        ? reader.decode(bytes, frameLength).value
        : reader.decode(bytes, frameLength, resolver).value
    } catch (cause) {
      throw new CodecError('not_avro', 'the record does not fit its schema', null, cause)
    }
  }

  /** Built once for each reader: building one costs two hundred times what reading a record does. */
  private resolverTo(reader: Type): Resolver | null {
    let resolver = this.resolvers.get(reader)
    if (resolver !== undefined) return resolver
    try {
      resolver = sameEncoding(this.type, reader) ? null : reader.createResolver(this.type)
    } catch (cause) {
      throw new CodecError(
        'schema_unsupported',
        `the schema ${this.type.name ?? ''} cannot be read as ${reader.name ?? ''}: write with a compatible one`,
        null,
        cause,
      )
    }
    this.resolvers.set(reader, resolver)
    return resolver
  }
}

const sameEncoding = (a: Type, b: Type): boolean => a.fingerprint().equals(b.fingerprint())

export interface SchemaCatalogue {
  /** The id to write this topic's records with. Throws where the topic has none. */
  writerId(topic: string): number
  /** True where `id` is this release's own schema of the topic's records. */
  isCurrent(topic: string, id: number): boolean
  /** The schema where it is at hand. */
  known(id: number): WriterSchema | undefined
  /**
   * The schema, asked for where it is not at hand; null where there is none with this id. Rejects with
   * `RegistryUnavailableError` where nobody can tell now.
   */
  fetch(id: number): Promise<WriterSchema | null>
}

/** Above every id that a registry gives, so that an id always names one schema. */
const localIdBase = 0x7000_0000

/** The id that a schema has without a registry, from its fingerprint: the same in each installation. */
export const localIdOf = (type: Type): number =>
  localIdBase + (type.fingerprint('md5').readUInt32BE(0) & 0x0fff_ffff)

class LocalCatalogue implements SchemaCatalogue {
  private readonly schemas = new Map<number, WriterSchema>()
  private readonly ids = new Map<string, number>()

  constructor() {
    for (const file of releasedSchemaFiles()) this.add(schemaType(file))
    for (const { name, schema } of topicTable) {
      if (schema !== null) this.ids.set(name, this.add(schemaType(schema)))
    }
  }

  writerId(topic: string): number {
    const id = this.ids.get(topic)
    if (id === undefined) {
      throw new CodecError(
        'schema_unknown',
        `the topic ${topic} has no schema in schemas/topics.json`,
      )
    }
    return id
  }

  isCurrent(topic: string, id: number): boolean {
    return this.ids.get(topic) === id
  }

  known(id: number): WriterSchema | undefined {
    return this.schemas.get(id)
  }

  async fetch(id: number): Promise<WriterSchema | null> {
    return this.schemas.get(id) ?? null
  }

  private add(type: Type): number {
    const id = localIdOf(type)
    this.schemas.set(id, new WriterSchema(type))
    return id
  }
}

let local: LocalCatalogue | undefined

/** The schemas of `schemas/` and of its releases, under ids of their own: for one process without a registry. */
export function localCatalogue(): SchemaCatalogue {
  local ??= new LocalCatalogue()
  return local
}
