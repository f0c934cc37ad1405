/**
 * Configuration from environment variables (twelve-factor): each is declared once, with what the
 * reference page and the error message need. All faults are reported at once, by variable name.
 */
import { readFileSync } from 'node:fs'
import type { z } from 'zod'

/** One environment variable and how its text becomes a value. */
export interface Variable<T> {
  /** As in the environment. `<name>_FILE` names a file to read the text from instead. */
  readonly name: string
  /** One sentence for the reference page. */
  readonly description: string
  /** What a value must look like, as it stands in the error message: `host:port[,host:port]`. */
  readonly expected: string
  readonly example: string
  /** The text that stands for an unset variable; null where there is none. */
  readonly default: string | null
  /** True where it may stay unset without a default. */
  readonly optional: boolean
  /** True for secrets: the text is never printed. */
  readonly secret: boolean
  readonly schema: z.ZodType<T, string>
}

export type ConfigSchema = Readonly<Record<string, Variable<unknown>>>

export type ConfigOf<S extends ConfigSchema> = {
  readonly [K in keyof S]: S[K] extends Variable<infer T> ? T : never
}

type Declared<T> = Pick<Variable<T>, 'name' | 'description' | 'expected' | 'example' | 'schema'> & {
  readonly default?: string
  readonly secret?: boolean
}

/** Declares a variable. Without a `default` it must be set. */
export function variable<T>(declared: Declared<T>): Variable<T> {
  return { default: null, secret: false, ...declared, optional: false }
}

/** Declares a variable that may stay unset: its value is then undefined. */
export function optionalVariable<T>(
  declared: Omit<Declared<T>, 'default'>,
): Variable<T | undefined> {
  return { secret: false, ...declared, default: null, optional: true }
}

/** Every fault of a configuration, one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length} fault(s):\n${faults.map((f) => `  ${f}`).join('\n')}`,
    )
    this.faults = faults
  }
}

/**
 * Reads the declared variables. The result is frozen, with what it holds.
 * An empty text counts as unset, since that is what compose files and charts pass for "nothing".
 * @throws ConfigError with every fault at once
 */
export function loadConfig<S extends ConfigSchema>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
): ConfigOf<S> {
  const faults: string[] = []
  const values: Record<string, unknown> = {}
  for (const [key, declared] of Object.entries(schema)) {
    const text = textOf(declared, env)
    if ('fault' in text) faults.push(text.fault)
    else if (text.found === null) values[key] = undefined
    else {
      const parsed = declared.schema.safeParse(text.found)
      if (parsed.success) values[key] = deepFreeze(parsed.data)
      else faults.push(faultOf(declared, text.found))
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.freeze(values) as ConfigOf<S>
}

type Text = { readonly found: string | null } | { readonly fault: string }

function textOf(
  declared: Variable<unknown>,
  env: Readonly<Record<string, string | undefined>>,
): Text {
  const { name } = declared
  const direct = env[name] || null
  const file = env[`${name}_FILE`] || null
  if (direct !== null && file !== null) {
    return { fault: `${name}: is set, and so is ${name}_FILE. Keep one of them` }
  }
  if (file !== null) {
    try {
      return { found: readFileSync(file, 'utf8').trim() }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unreadable'
      return {
        fault: `${name}_FILE: cannot read ${file} (${code}). Name a file that this process may read`,
      }
    }
  }
  const found = direct ?? declared.default
  if (found === null && !declared.optional) {
    return {
      fault: `${name}: is not set, expected ${declared.expected}. Set it to e.g. ${declared.example}`,
    }
  }
  return { found }
}

function faultOf({ name, expected, example, secret }: Variable<unknown>, text: string): string {
  const got = secret
    ? 'another text (not shown, it is a secret)'
    : JSON.stringify(text.slice(0, 80))
  return `${name}: expected ${expected}, got ${got}. Set it to e.g. ${example}`
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !(value instanceof Map)) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
