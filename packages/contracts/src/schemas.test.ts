import { existsSync } from 'node:fs'
import avsc from 'avsc'
import { describe, expect, test } from 'vitest'
import { localIdOf } from './catalogue.ts'
import {
  deadLetterOf,
  decisionTopicOf,
  localCatalogue,
  rawTopics,
  topics,
  topicTable,
} from './index.ts'
import { readSchemaFile, releasedSchemaFiles, schemaType } from './schema-files.ts'

const withSchema = topicTable.filter(({ schema }) => schema !== null)

describe('the schemas', () => {
  test.each(withSchema.map(({ schema, compatibility }) => [schema!, compatibility!]))(
    '%s is compatible with every release of it (%s)',
    (file, compatibility) => {
      const current = schemaType(file)
      const releases = releasedSchemaFiles().filter((name) => name.endsWith(`/${file}`))
      expect(releases.length).toBeGreaterThan(0)
      for (const release of releases) {
        const released = schemaType(release)
        expect(() => current.createResolver(released)).not.toThrow()
        if (compatibility.startsWith('FULL')) {
          expect(() => released.createResolver(current)).not.toThrow()
        }
      }
    },
  )

  test.each(withSchema.map(({ schema }) => schema!))('%s says what each field means', (file) => {
    const unsaid: string[] = []
    const walk = (type: unknown, path: string): void => {
      if (Array.isArray(type)) {
        for (const one of type) walk(one, path)
        return
      }
      const { fields, items, type: inner } = type as Record<string, unknown>
      if (Array.isArray(fields)) {
        for (const field of fields) {
          const at = `${path}.${field.name}`
          if (!field.doc) unsaid.push(at)
          walk(field.type, at)
        }
      } else if (items !== undefined) walk(items, path)
      else if (typeof inner === 'object') walk(inner, path)
    }
    walk(JSON.parse(readSchemaFile(file)), '')
    expect(unsaid).toEqual([])
  })

  test('inputs are read by a newer reader, outputs by any', () => {
    const levels = {
      raw: 'BACKWARD_TRANSITIVE',
      internal: 'FULL_TRANSITIVE',
      decision: 'FULL_TRANSITIVE',
    }
    for (const { role, compatibility } of withSchema) {
      expect(compatibility).toBe(levels[role as keyof typeof levels])
    }
  })

  test('the compatibility check would see a required field that is new', () => {
    const schema = JSON.parse(readSchemaFile('session-revoked.avsc'))
    schema.fields.push({ name: 'later', type: 'string' })
    const newer = avsc.Type.forSchema(schema)
    expect(() => newer.createResolver(schemaType('session-revoked.avsc'))).toThrow()
  })

  test('no two schemas share a local id', () => {
    const ids = withSchema.map(({ name }) => localCatalogue().writerId(name))
    expect(new Set(ids).size).toBe(withSchema.length)
    for (const id of ids) expect(id).toBeGreaterThanOrEqual(0x7000_0000)
  })

  test('what any release wrote without a registry can be read', () => {
    const files = releasedSchemaFiles()
    expect(files.length).toBeGreaterThanOrEqual(withSchema.length)
    for (const file of files) {
      expect(localCatalogue().known(localIdOf(schemaType(file)))).toBeDefined()
    }
  })
})

describe('the topic table', () => {
  const names = topicTable.map(({ name }) => name)

  test('names every topic once, with its dead letters', () => {
    const inputs = [...rawTopics, topics.internal, topics.control]
    expect([...names].sort()).toEqual(
      [...new Set([...Object.values(topics), ...inputs.map(deadLetterOf)])].sort(),
    )
  })

  test('every schema that it names is a file', () => {
    for (const { schema } of withSchema) {
      expect(existsSync(new URL(`../../../schemas/${schema}`, import.meta.url))).toBe(true)
    }
  })

  test('the internal log has 24 partitions, 7 days, and the time of append', () => {
    expect(topicTable.find(({ name }) => name === topics.internal)).toMatchObject({
      partitions: 24,
      config: {
        'cleanup.policy': 'delete',
        'retention.ms': '604800000',
        'message.timestamp.type': 'LogAppendTime',
      },
    })
  })

  test('a decision goes to the topic of its name', () => {
    expect(decisionTopicOf('session.revoked')).toBe(topics.revoked)
  })
})
