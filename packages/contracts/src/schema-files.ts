/** The files of `schemas/`, which are the contract; this package only reads them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import avsc, { type Type } from 'avsc'

const folder = new URL('../../../schemas/', import.meta.url)

/** The text of a file of `schemas/`. Throws where it is missing: then the installation is not whole. */
export function readSchemaFile(name: string): string {
  const file = new URL(name, folder)
  if (!existsSync(file)) {
    throw new Error(`${fileURLToPath(file)} is missing: install Holdpoint with its schemas folder`)
  }
  return readFileSync(file, 'utf8')
}

/** The schemas of all releases, as `released/1/session-login.avsc`. */
export const releasedSchemaFiles = (): readonly string[] =>
  readdirSync(new URL('released/', folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.avsc'))
    .sort()
    .map((name) => `released/${name}`)

const parsed = new Map<string, Type>()

/** The schema of a file as avsc's type, parsed once. */
export function schemaType(name: string): Type {
  let type = parsed.get(name)
  if (type === undefined) {
    type = parseSchema(readSchemaFile(name))
    parsed.set(name, type)
  }
  return type
}

/** Parses an Avro schema. Throws avsc's error where it is none. */
export const parseSchema = (text: string): Type => avsc.Type.forSchema(JSON.parse(text))

/** A schema's text as it is registered: the file without its line breaks. */
export const schemaText = (name: string): string => JSON.stringify(JSON.parse(readSchemaFile(name)))
