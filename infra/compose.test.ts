import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
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

  it('is published on loopback only', () => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
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
