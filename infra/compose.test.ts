import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { nodeFlags, serviceArguments } from './bin/lib/service.mjs'
import { root } from './bin/lib/workspace.mjs'
import { versions } from './stack/download.mjs'
import { brokerSettings, redisSettings } from './stack/parts.mjs'

interface Service {
  readonly image: string
  readonly build?: unknown
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  readonly ports?: readonly string[]
  readonly restart?: string
  readonly healthcheck?: { readonly test?: unknown; readonly disable?: boolean }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
const compose: { services: Record<string, Service> } = parse(read('docker-compose.yml'), {
  merge: true,
})
const services = Object.entries(compose.services)
const service = (name: string): Service => compose.services[name] ?? expect.fail(`no ${name}`)
const dockerfile = read('infra/docker/Dockerfile')

describe.each(services)('service %s', (_name, { image, ports = [], healthcheck, restart }) => {
  it('runs a pinned image', () => {
    expect(image).toMatch(/:\d+\.\d+\.\d+(-[a-z]+)?$/)
  })

  it('is published on loopback only, at ports that can be moved', () => {
    for (const port of ports)
      expect(port).toMatch(/^127\.0\.0\.1:\$\{HOLDPOINT_STACK_[A-Z_]+_PORT:-(\d+)\}:\d+$/)
  })

  it('says when it is healthy, unless it only runs once', () => {
    const runsOnce = restart === undefined
    expect(healthcheck?.disable === true).toBe(runsOnce)
    expect(healthcheck?.test !== undefined).toBe(!runsOnce)
  })
})

describe('what depends on another service', () => {
  const waits = services.flatMap(([name, { depends_on = {} }]) =>
    Object.entries(depends_on).map(([on, { condition }]) => [name, on, condition] as const),
  )

  it.each(waits)('%s waits for %s until it is of use', (_name, on, condition) => {
    const runsOnce = service(on).restart === undefined
    expect(condition).toBe(runsOnce ? 'service_completed_successfully' : 'service_healthy')
  })
})

describe('the variables of', () => {
  const configuration = read('docs/reference/configuration.md')
  /** Rows of the reference, which is generated from the services' own tables. */
  const rowsOf = (reader: string) =>
    [
      ...(configuration.split(`## ${reader}\n`)[1]?.split('\n## ')[0] ?? '').matchAll(
        /^\| `(\w+)` \| (\S+)/gm,
      ),
    ].map(([, name = '', standard]) => ({ name, required: standard === '**required**' }))

  it.each(['ingest', 'engine'])('%s are those that it reads, with all that it needs', (name) => {
    const known = rowsOf(name)
    const given = Object.keys(service(name).environment ?? {})
    expect(known.length).toBeGreaterThan(5)
    for (const { name: variable, required } of known)
      if (required) expect(given).toContain(variable)
    // The engine is given the whole environment of Holdpoint, and passes over what is ingest's.
    const readBySome = new Set([...rowsOf('ingest'), ...rowsOf('engine')].map((row) => row.name))
    expect(given.filter((variable) => !readBySome.has(variable))).toEqual([])
  })

  it.each([
    ['ingest', 'HOLDPOINT_HTTP_HOST'],
    ['ingest', 'HOLDPOINT_ADMIN_HOST'],
    ['engine', 'HOLDPOINT_ADMIN_HOST'],
  ])('%s let a published port be reached: %s', (name, variable) => {
    expect(service(name).environment?.[variable]).toBe('0.0.0.0')
  })
})

describe('the native stack', () => {
  it('has the versions of the images', () => {
    expect(service('kafka').image).toBe(`apache/kafka:${versions.kafka}`)
    expect(service('registry').image).toBe(`apicurio/apicurio-registry:${versions.registry}`)
  })

  it("stands in for the parent of the registry's version", () => {
    const parent = read('infra/stack/maven/registry-parent/pom.xml')
    expect(parent).toContain(`<version>${versions.registry}</version>`)
  })

  it.each(Object.entries(brokerSettings))('sets the same %s on the broker', (key, value) => {
    const variable = `KAFKA_${key.toUpperCase().replaceAll('.', '_')}`
    expect(String(service('kafka').environment?.[variable])).toBe(value)
  })

  it.each(Object.keys(nodeFlags))('runs %s with the same flags of Node', (name) => {
    const args = serviceArguments(name).map((arg) => arg.replace(`${root}/`, ''))
    expect(service(name).command).toEqual(['node', ...args])
  })

  it('starts Redis with the same settings', () => {
    const flags = Object.entries(redisSettings).flat()
    expect(service('redis').command).toEqual(['redis-server', ...flags])
  })
})

describe('the image', () => {
  it('begins with pinned images only, on the oldest Node that is promised or newer', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1] ?? '')
    expect(bases.length).toBeGreaterThan(1)
    for (const base of bases) expect(base).toMatch(/^node:20\.(19|[2-9]\d)\.\d+-[a-z-]+$/)
  })

  it('carries the licence and the notices of the data in it', () => {
    expect(dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))).toMatch(
      /^COPY .*\/LICENSE .*\/NOTICE /m,
    )
    expect(read('NOTICE')).toMatch(/GeoLite2 data created by MaxMind.*DB-IP/s)
    expect(read('LICENSE')).toContain('Version 2.0, January 2004')
  })

  it('does not run as root', () => {
    expect(dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))).toMatch(/^USER node$/m)
  })

  it('installs with the package manager that package.json pins', () => {
    const { packageManager } = JSON.parse(read('package.json'))
    const used = [...dockerfile.matchAll(/pnpm@\S+/g)].map((match) => match[0])
    expect(used.length).toBeGreaterThan(0)
    for (const version of used) expect(version).toBe(packageManager)
  })
})
