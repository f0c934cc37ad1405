import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import registryClient from '@kafkajs/confluent-schema-registry'
import avsc from 'avsc'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { sampleDecision, sampleRawEvent, sampleRecord } from '../fixtures/samples.ts'
import { encodeFramed } from './framing.ts'
import {
  applyPlan,
  confluentRegistry,
  decisionTopics,
  decodeDecision,
  decodeLogRecord,
  decodeRaw,
  encodeDecision,
  encodeLogRecord,
  encodeRaw,
  localCatalogue,
  planTopics,
  RegistryRefusedError,
  RegistryUnavailableError,
  registryCatalogue,
  schemaIdOf,
  subjectOf,
  topicTable,
} from './index.ts'
import { parseSchema, schemaText } from './schema-files.ts'

/** As much of Confluent's API as is used, over schemas in order of registration: id = index + 1. */
let server: Server
let url: string
let folder: string
let schemas: { subject: string; schema: string; schemaType?: string }[]
let levels: Map<string, string>
let requests: string[]
let failWith: number | null

beforeEach(async () => {
  schemas = []
  levels = new Map()
  requests = []
  failWith = null
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-registry-'))
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      requests.push(`${request.method} ${request.url}`)
      const [status, answer] =
        failWith === null
          ? answerTo(request.method!, request.url!, body === '' ? {} : JSON.parse(body))
          : [failWith, { message: 'as told' }]
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  vi.useRealTimers()
  await close()
  rmSync(folder, { recursive: true })
})

const close = () =>
  new Promise<void>((resolve) => {
    server.closeAllConnections()
    server.close(() => resolve())
  })

function answerTo(
  method: string,
  path: string,
  body: { schema?: string; compatibility?: string },
): [number, unknown] {
  const none: [number, unknown] = [404, { error_code: 40403, message: 'not found' }]
  const [, first, name, ...rest] = path.split('/').map(decodeURIComponent)
  if (first === 'schemas') {
    const found = schemas[Number(rest[0]) - 1]
    return found === undefined ? none : [200, found]
  }
  if (first === 'config' && method === 'PUT') {
    levels.set(name!, body.compatibility!)
    return [200, body]
  }
  if (first === 'config') {
    const compatibilityLevel = levels.get(name!)
    return compatibilityLevel === undefined ? none : [200, { compatibilityLevel }]
  }
  if (first === 'compatibility') return [200, { is_compatible: body.schema !== '"int"' }]
  if (method === 'POST' && rest[0] === 'versions') {
    if (body.schema === '"bad"') return [422, { error_code: 42201, message: 'invalid schema' }]
    return [200, { id: schemas.push({ subject: name!, schema: body.schema! }) }]
  }
  const own = schemas
    .map((entry, index) => ({ ...entry, id: index + 1 }))
    .filter(({ subject }) => subject === name)
  const found = method === 'POST' ? own.find(({ schema }) => schema === body.schema) : own.at(-1)
  return found === undefined ? none : [200, { ...found, version: own.indexOf(found) + 1 }]
}

async function registerAll() {
  const port = confluentRegistry(url)
  for (const { name, schema } of topicTable) {
    if (schema !== null) await port.register(subjectOf(name), schemaText(schema))
  }
  requests.length = 0
}

/** A raw event under the id that the registry gave its topic's schema. */
function rawBytes(): Buffer {
  const bytes = encodeRaw(localCatalogue(), 'session.action', sampleRawEvent)
  bytes.writeUInt32BE(schemas.findIndex(({ subject }) => subject === 'session.action-value') + 1, 1)
  return bytes
}

describe('the catalogue of a registry', () => {
  test('writes under the ids of this release, and reads what it wrote', async () => {
    await registerAll()
    const catalogue = await registryCatalogue({ url })
    const decision = encodeDecision(catalogue, sampleDecision())
    expect(schemas[schemaIdOf(decision) - 1]?.subject).toBe('session.stepup.required-value')
    expect(decodeDecision(catalogue, decision)).toStrictEqual(sampleDecision())
    const record = encodeLogRecord(sampleRecord, catalogue)
    expect(schemas[schemaIdOf(record) - 1]?.subject).toBe('holdpoint.events-value')
    expect(decodeLogRecord(record, catalogue)).toStrictEqual(sampleRecord)
  })

  test('also reads what was written without a registry', async () => {
    await registerAll()
    const catalogue = await registryCatalogue({ url })
    expect(decodeLogRecord(encodeLogRecord(sampleRecord), catalogue)).toStrictEqual(sampleRecord)
  })

  test('hazard: the registry is asked again for each record', async () => {
    await registerAll()
    const catalogue = await registryCatalogue({ url })
    requests.length = 0
    const results = await Promise.all(
      Array.from({ length: 20 }, () => decodeRaw(catalogue, 'session.action', rawBytes())),
    )
    for (const result of results) expect(result).toEqual({ ok: true, event: sampleRawEvent })
    expect(requests).toHaveLength(1)
    expect(decodeRaw(catalogue, 'session.action', rawBytes())).not.toBeInstanceOf(Promise)
  })

  test('hazard: decoding with a reader schema builds a resolver for each record', async () => {
    const older = JSON.parse(schemaText('session-action.avsc'))
    older.fields.push({ name: 'dropped', type: 'string' })
    const text = JSON.stringify(older)
    const id = schemas.push({ subject: 'session.action-value', schema: text })
    await registerAll()
    const catalogue = await registryCatalogue({ url })
    const bytes = encodeFramed(parseSchema(text), id, { ...sampleRawEvent, dropped: 'x' }, 'it')
    const resolvers = vi.spyOn(avsc.Type.prototype, 'createResolver')
    const decode = vi.spyOn(registryClient.SchemaRegistry.prototype, 'decode')
    for (let n = 0; n < 50; n++) {
      const result = await decodeRaw(catalogue, 'session.action', bytes)
      expect(result).toEqual({ ok: true, event: sampleRawEvent })
    }
    const built = resolvers.mock.contexts.filter((type) => type instanceof avsc.types.RecordType)
    expect(built.filter(({ name }) => name?.endsWith(`.${older.name}`))).toHaveLength(1)
    expect(decode).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })

  test('hazard: the client derives a subject of its own where none is given', async () => {
    await registerAll()
    await registryCatalogue({ url, writes: decisionTopics })
    expect(decisionTopics.length).toBeGreaterThan(3)
    expect(requests).toEqual(decisionTopics.map((topic) => `POST /subjects/${topic}-value`))
  })

  test('hazard: a schema changes in a way that old records or old readers cannot follow', async () => {
    const admin = {
      describe: async () => new Map(),
      create: async () => {},
      configure: async () => {},
    }
    const ports = { admin, registry: confluentRegistry(url) }
    await applyPlan(await planTopics(ports, { replicas: 1 }), ports)
    const wanted = {
      raw: 'BACKWARD_TRANSITIVE',
      internal: 'FULL_TRANSITIVE',
      decision: 'FULL_TRANSITIVE',
      control: null,
      alert: null,
      'dead-letter': null,
    }
    const subjects = topicTable.filter(({ schema }) => schema !== null)
    expect(subjects.length).toBeGreaterThan(10)
    for (const { name, role } of subjects) expect(levels.get(`${name}-value`)).toBe(wanted[role])
  })

  test('hazard: a client registers schemas at run time', async () => {
    await registerAll()
    const catalogue = await registryCatalogue({ url })
    await decodeRaw(catalogue, 'session.action', rawBytes())
    for (const request of requests)
      expect(request).toMatch(/^(GET \/schemas\/ids|POST \/subjects\/[^/]+$)/)
  })

  test('a schema of this release that is not registered is told with the command that mends it', async () => {
    const opening = registryCatalogue({ url })
    await expect(opening).rejects.toThrow(RegistryRefusedError)
    await expect(opening).rejects.toThrow(/holdpoint-events.avsc .* run holdpoint topics apply/)
  })

  test('an id that the registry does not know is poison', async () => {
    await registerAll()
    const catalogue = await registryCatalogue({ url })
    const bytes = rawBytes()
    bytes.writeUInt32BE(999, 1)
    expect(await decodeRaw(catalogue, 'session.action', bytes)).toMatchObject({
      ok: false,
      errors: [{ code: 'schema_unknown' }],
    })
  })

  test('an id that the registry does not know is asked for once in some seconds', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await registerAll()
    const catalogue = await registryCatalogue({ url })
    const bytes = rawBytes()
    const next = schemas.length + 1
    bytes.writeUInt32BE(next, 1)
    requests.length = 0
    for (let n = 0; n < 20; n++) {
      expect(await decodeRaw(catalogue, 'session.action', bytes)).toMatchObject({ ok: false })
    }
    expect(requests).toEqual([`GET /schemas/ids/${next}`])
    schemas.push({ subject: 'session.action-value', schema: schemaText('session-action.avsc') })
    vi.advanceTimersByTime(5_000)
    expect(await decodeRaw(catalogue, 'session.action', bytes)).toMatchObject({ ok: true })
    expect(requests).toHaveLength(2)
  })

  test('remembers a bounded number of ids that the registry does not know', {
    timeout: 60_000,
  }, async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await registerAll()
    const catalogue = await registryCatalogue({ url })
    for (let id = 1_000; id <= 2_000; id++) await catalogue.fetch(id)
    requests.length = 0
    await catalogue.fetch(2_000)
    await catalogue.fetch(1_001)
    expect(requests).toEqual([])
    await catalogue.fetch(1_000)
    expect(requests).toEqual(['GET /schemas/ids/1000'])
  })

  test.each([
    ['is no Avro', { schema: '{"type":"object"}', schemaType: 'JSON' }],
    ['is invalid', { schema: '{"type":"record"}' }],
  ])('a schema that %s is poison', async (_, schema) => {
    await registerAll()
    const catalogue = await registryCatalogue({ url })
    const bytes = rawBytes()
    bytes.writeUInt32BE(schemas.push({ subject: 'x', ...schema }), 1)
    expect(await decodeRaw(catalogue, 'session.action', bytes)).toMatchObject({
      ok: false,
      errors: [{ code: 'schema_unsupported' }],
    })
  })

  test.each([500, 401])('an answer of %d to a fetch is transient, not poison', async (status) => {
    await registerAll()
    const catalogue = await registryCatalogue({ url })
    failWith = status
    await expect(decodeRaw(catalogue, 'session.action', rawBytes())).rejects.toThrow(
      RegistryUnavailableError,
    )
  })

  test('an address that answers but is no registry is told at the start', async () => {
    failWith = 200
    await expect(registryCatalogue({ url })).rejects.toThrow(/what answers is no schema registry/)
  })

  test('hazard: the registry client waits without a deadline', async () => {
    server.removeAllListeners('request')
    await expect(registryCatalogue({ url, timeoutMs: 50 })).rejects.toThrow(/no answer in 50 ms/)
  })

  test('hazard: no start while the registry is away', async () => {
    await registerAll()
    const cacheFile = join(folder, 'schemas.json')
    const before = await registryCatalogue({ url, cacheFile })
    await decodeRaw(before, 'session.action', rawBytes())
    const bytes = encodeDecision(before, sampleDecision())
    const raw = rawBytes()
    await close()
    const after = await registryCatalogue({ url, cacheFile })
    expect(encodeDecision(after, sampleDecision())).toEqual(bytes)
    expect(decodeRaw(after, 'session.action', raw)).toEqual({ ok: true, event: sampleRawEvent })
  })

  test('cannot start without both registry and cache, and says so', async () => {
    await close()
    const opening = registryCatalogue({ url, cacheFile: join(folder, 'schemas.json') })
    await expect(opening).rejects.toThrow(RegistryUnavailableError)
    await expect(opening).rejects.toThrow(/check HOLDPOINT_REGISTRY_URL/)
  })

  test('a cache file that is none is named with its mend', async () => {
    const cacheFile = join(folder, 'schemas.json')
    writeFileSync(cacheFile, 'hello')
    await expect(registryCatalogue({ url, cacheFile })).rejects.toThrow(
      /is no schema cache: delete it/,
    )
  })
})

describe('the registry port', () => {
  test('registers, looks up, and sets compatibility', async () => {
    const port = confluentRegistry(`${url}/`)
    expect(await port.latest('t-value')).toBeNull()
    expect(await port.compatibility('t-value')).toBeNull()
    expect(await port.lookUp('t-value', '"string"')).toBeNull()
    expect(await port.register('t-value', '"string"')).toBe(1)
    expect(await port.lookUp('t-value', '"string"')).toBe(1)
    expect(await port.latest('t-value')).toMatchObject({ id: 1, version: 1 })
    expect(await port.isCompatible('t-value', '"int"')).toBe(false)
    await port.setCompatibility('t-value', 'FULL')
    expect(await port.compatibility('t-value')).toBe('FULL')
  })

  test('a refusal carries what the registry says', async () => {
    await expect(confluentRegistry(url).register('t-value', '"bad"')).rejects.toThrow(
      /refuses POST .* with 422: .*invalid schema/,
    )
  })

  test('an answer of 500 and no answer are transient', async () => {
    failWith = 500
    await expect(confluentRegistry(url).latest('t')).rejects.toThrow(RegistryUnavailableError)
    await close()
    await expect(confluentRegistry(url).latest('t')).rejects.toThrow(RegistryUnavailableError)
  })
})
