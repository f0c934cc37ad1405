/** Who may import whom. Held against every package.json and every import of every module. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** What each package may import of the others; `risk` imports nothing at all. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  risk: [],
  contracts: ['risk'],
  log: ['contracts'],
  state: ['risk'],
  runtime: [],
  testing: ['risk', 'contracts', 'log', 'state'],
  sdk: ['risk', 'contracts', 'log', 'runtime'],
  ingest: ['risk', 'contracts', 'log', 'state', 'runtime'],
  engine: ['risk', 'contracts', 'log', 'state', 'runtime'],
  // Composes the services' factories in one process: the one service that may import others.
  standalone: ['risk', 'contracts', 'log', 'state', 'runtime', 'sdk', 'ingest', 'engine'],
}

interface Module {
  readonly file: string
  readonly isTest: boolean
  readonly imports: readonly string[]
}

interface Package {
  readonly name: string
  readonly dependencies: readonly string[]
  readonly modules: readonly Module[]
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((entry) => {
    const path = join(folder, entry)
    if (entry === 'node_modules' || entry === 'dist') return []
    return statSync(path).isDirectory() ? filesUnder(path) : [path]
  })
}

/** An `import` or `export … from` at the start of a statement, or an `import()` anywhere. */
const importPattern =
  /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm
const importsOf = (source: string): readonly string[] =>
  [...source.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? '')

/** `process.env`, or the same taken out of `process`. */
const readsEnvironment = /\bprocess\.env\b|\benv\b[^=]*\}\s*=\s*process\b/

function moduleOf(file: string): Module {
  const source = readFileSync(file, 'utf8')
  return {
    file: relative(root, file),
    isTest: /\.test\.ts$|\.contract\.ts$|\/testing\//.test(file),
    imports: importsOf(source),
  }
}

const packages: readonly Package[] = ['packages', 'services'].flatMap((group) =>
  readdirSync(join(root, group)).map((folder) => {
    const at = join(root, group, folder)
    const manifest = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))
    return {
      name: folder,
      dependencies: Object.keys(manifest.dependencies ?? {}),
      modules: filesUnder(join(at, 'src'))
        .filter((file) => file.endsWith('.ts'))
        .map(moduleOf),
    }
  }),
)

const ours = (specifier: string) => /^@holdpoint\/([^/]+)/.exec(specifier)?.[1] ?? null
const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

describe('the architecture', () => {
  it('was looked at: every package has modules', () => {
    expect(packages.map((p) => p.name).sort()).toEqual(Object.keys(mayImport).sort())
    for (const { name, modules } of packages) expect(modules.length, name).toBeGreaterThan(0)
    expect(packages.flatMap((p) => p.modules.flatMap((m) => m.imports)).length).toBeGreaterThan(200)
  })

  it('sees every way to import, and no text that looks like one', () => {
    const source = [
      "import './a.ts'",
      "import type { B } from './b.ts'",
      "import {\n  c,\n  d,\n} from './c.ts'",
      "export * from './d.ts'",
      "const e = await import('./e.ts')",
      "export const f = [1, 2].join(', from ')",
      "const g = 'import'",
    ].join('\n')
    expect(importsOf(source)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts'])
  })

  it('points one way: a package imports only those below it', () => {
    for (const { name, dependencies, modules } of packages) {
      const allowed = mayImport[name] ?? []
      const strays = [
        ...dependencies.filter((d) => ours(d) !== null && !allowed.includes(ours(d) ?? '')),
        ...modules
          .filter((m) => !m.isTest)
          .flatMap((m) => m.imports.map((specifier) => ({ file: m.file, used: ours(specifier) })))
          .filter(({ used }) => used !== null && used !== name && !allowed.includes(used))
          .map(({ file, used }) => `${file} imports ${used}`),
      ]
      expect(strays, name).toEqual([])
    }
  })

  it('keeps the core pure: no dependency, no Node, no clock, no chance', () => {
    const core = packages.find((p) => p.name === 'risk')
    expect(core?.dependencies).toEqual([])
    for (const { file, imports, isTest } of core?.modules ?? []) {
      if (isTest) continue
      expect(
        imports.filter((specifier) => !specifier.startsWith('.')),
        file,
      ).toEqual([])
      expect(readFileSync(join(root, file), 'utf8'), file).not.toMatch(
        /Date\.now|new Date\(\)|Math\.random|performance\.|process\./,
      )
    }
  })

  it('declares what it imports', () => {
    for (const { name, dependencies, modules } of packages) {
      for (const { file, imports, isTest } of modules) {
        if (isTest) continue
        const undeclared = imports
          .filter((s) => !s.startsWith('.') && !s.startsWith('node:'))
          .map(packageOf)
          .filter((s) => s !== `@holdpoint/${name}` && !dependencies.includes(s))
        expect(undeclared, file).toEqual([])
      }
    }
  })

  it('keeps wire types out of the detectors', () => {
    const detectors = packages
      .flatMap((p) => p.modules)
      .filter((m) => m.file.startsWith('packages/risk/src/detectors/'))
    expect(detectors.length).toBeGreaterThan(10)
    for (const { file, imports } of detectors) {
      expect(
        imports.filter((s) => ours(s) !== null),
        file,
      ).toEqual([])
    }
  })

  it('reads the environment in one place', () => {
    expect('const { env } = process').toMatch(readsEnvironment)
    expect('const { env, stdout: output } = process').toMatch(readsEnvironment)
    for (const { file, isTest } of packages.flatMap((p) => p.modules)) {
      if (isTest || /\/(main|config|run-service)\.ts$/.test(file)) continue
      expect(readFileSync(join(root, file), 'utf8'), file).not.toMatch(readsEnvironment)
    }
  })

  it('keeps the AGPL out: ua-parser-js stays below version 2', () => {
    const lock = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
    expect(lock).toMatch(/ua-parser-js@1\./)
    expect(lock).not.toMatch(/ua-parser-js@2/)
  })

  it('pins every dependency exactly', () => {
    const all = [
      'package.json',
      'test/package.json',
      ...['packages', 'services'].flatMap((group) =>
        readdirSync(join(root, group)).map((folder) => join(group, folder, 'package.json')),
      ),
    ]
    for (const path of all) {
      const manifest = JSON.parse(readFileSync(join(root, path), 'utf8'))
      const wanted = { ...manifest.dependencies, ...manifest.devDependencies }
      for (const [name, version] of Object.entries(wanted)) {
        expect(version, `${path}: ${name}`).toMatch(
          /^(workspace:\*|\d+\.\d+\.\d+[\w.-]*|npm:.*@\d+\.\d+\.\d+)$/,
        )
      }
    }
  })
})
